/** Version specifiers such as `>=1.4,<2`: what is wrong with them, and whether several can hold at once. */
import { compareVersions, oldestOf, parseVersion, releaseAfter, type Version } from './version';

export interface Specifier {
  readonly operator: string;
  readonly text: string;
  /** Undefined for `===`, which compares texts. */
  readonly version: Version | undefined;
  /** `==1.4.*` */
  readonly wildcard: boolean;
}

const pattern = /^\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;)]+)\s*$/;

/** The specifier, or why it is none. */
export function parseSpecifier(text: string): Specifier | string {
  const match = pattern.exec(text);
  if (match === null) return withoutOperator(text.trim());
  const [, operator = '', written = ''] = match;
  if (operator === '===') return { operator, text: written, version: undefined, wildcard: false };
  const wildcard = written.endsWith('.*');
  const version = parseVersion(wildcard ? written.slice(0, -2) : written);
  if (version === undefined) return `"${written}" is no version`;
  return problemOf(operator, written, version, wildcard) ?? { operator, text: written, version, wildcard };
}

function problemOf(operator: string, written: string, version: Version, wildcard: boolean): string | undefined {
  const matches = operator === '==' || operator === '!=';
  if (wildcard && !/^(?:v?(?:\d+!)?)[\d.]+\*$/i.test(written)) return `"${written}" is no version`;
  if (wildcard && !matches) return `"${written}" goes with == and != only`;
  if (version.local !== '' && !matches) return `"${operator}" takes no local version label`;
  if (operator === '~=' && version.written.length < 2) return `"~=" needs a version with two parts at least`;
  return undefined;
}

function withoutOperator(text: string): string {
  if (/^=(?!=)/.test(text)) return '"=" is no operator, "==" is';
  if (/^(?:=>|=<)/.test(text)) return `"${text.slice(0, 2)}" is no operator`;
  if (/^(?:===|~=|==|!=|<=|>=|<|>)\s*$/.test(text)) return `a version is missing after "${text}"`;
  if (/^(?:===|~=|==|!=|<=|>=|<|>)/.test(text)) return `"${text}" is no version specifier`;
  return `"${text}" was not expected`;
}

interface Bound {
  readonly version: Version;
  readonly inclusive: boolean;
}

interface Interval {
  readonly low: Bound | undefined;
  readonly high: Bound | undefined;
}

const everything: Interval = { low: undefined, high: undefined };

function intervalOf({ operator, version, wildcard }: Specifier): Interval {
  if (version === undefined || operator === '!=') return everything;
  const at = (inclusive: boolean): Bound => ({ version, inclusive });
  switch (operator) {
    case '==':
      return wildcard ? family(version, version.written) : { low: at(true), high: at(true) };
    case '~=':
      return { low: at(true), high: family(version, version.written.slice(0, -1)).high };
    case '>=':
    case '>':
      return { low: at(operator === '>='), high: undefined };
    default:
      return { low: undefined, high: at(operator === '<=') };
  }
}

function family(version: Version, parts: readonly number[]): Interval {
  return {
    low: { version: oldestOf(version, parts), inclusive: true },
    high: { version: releaseAfter(version, parts), inclusive: false },
  };
}

/** False only where no version at all satisfies every specifier. */
export function canHold(specifiers: readonly Specifier[]): boolean {
  let { low, high } = everything;
  for (const specifier of specifiers) {
    const interval = intervalOf(specifier);
    low = tighter(low, interval.low, 1);
    high = tighter(high, interval.high, -1);
  }
  if (low === undefined || high === undefined) return true;
  const order = compareVersions(low.version, high.version);
  if (order !== 0) return order < 0;
  return low.inclusive && high.inclusive && !excluded(low.version, specifiers) && sameLabels(specifiers);
}

function tighter(one: Bound | undefined, other: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = compareVersions(one.version, other.version) * sign;
  if (order !== 0) return order > 0 ? one : other;
  return one.inclusive ? other : one;
}

function excluded(version: Version, specifiers: readonly Specifier[]): boolean {
  return specifiers.some((specifier) => {
    if (specifier.operator !== '!=' || specifier.version === undefined || specifier.version.local !== '') return false;
    if (!specifier.wildcard) return compareVersions(specifier.version, version) === 0;
    const { low, high } = family(specifier.version, specifier.version.written);
    if (low === undefined || high === undefined) return false;
    return compareVersions(low.version, version) <= 0 && compareVersions(version, high.version) < 0;
  });
}

/** `==2.0+cpu` and `==2.0+cu118` exclude each other; `==2.0` goes with both. */
function sameLabels(specifiers: readonly Specifier[]): boolean {
  const labels = specifiers.flatMap(({ operator, version }) =>
    operator === '==' && version !== undefined && version.local !== '' ? [version.local] : [],
  );
  return new Set(labels).size < 2;
}
