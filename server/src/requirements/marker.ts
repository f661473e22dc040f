/** Environment markers such as `python_version < "3.9" and sys_platform == "linux"`. */
import { compareVersions, parseVersion } from './version';

export type Marker =
  | { readonly kind: 'and' | 'or'; readonly left: Marker; readonly right: Marker }
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: string; readonly right: Operand };

interface Operand {
  readonly variable: boolean;
  readonly text: string;
}

export type Environment = Readonly<Record<string, string>>;

const variables: ReadonlySet<string> = new Set([
  'python_version',
  'python_full_version',
  'os_name',
  'sys_platform',
  'platform_release',
  'platform_system',
  'platform_version',
  'platform_machine',
  'platform_python_implementation',
  'implementation_name',
  'implementation_version',
  'extra',
  'extras',
  'dependency_groups',
]);
/** Older spellings that pip still reads. */
const aliases: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};

const token = /\s*(?:([()])|("[^"]*"|'[^']*')|(===|~=|==|!=|<=|>=|<|>)|(not\s+in\b|[A-Za-z_][\w.]*))/y;

/** The marker, or why it is none. */
export function parseMarker(text: string): Marker | string {
  const tokens = tokensOf(text);
  if (typeof tokens === 'string') return tokens;
  const reader = new MarkerReader(tokens);
  const marker = reader.or();
  return reader.problem ?? (marker === undefined ? 'a marker was expected' : marker);
}

function tokensOf(text: string): string[] | string {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== '') {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) return `"${text.slice(from).trim()}" was not expected in a marker`;
    tokens.push(match[0].trim().replace(/^not\s+in$/, 'not in'));
  }
  return tokens;
}

class MarkerReader {
  problem: string | undefined;
  private at = 0;
  constructor(private readonly tokens: readonly string[]) {}

  or(nested: boolean = false): Marker | undefined {
    let left = this.and();
    while (this.tokens[this.at] === 'or') {
      this.at++;
      const right = this.and();
      if (left === undefined || right === undefined) return undefined;
      left = { kind: 'or', left, right };
    }
    const rest = this.tokens[this.at];
    if (rest !== undefined && !nested) this.problem ??= `"${rest}" was not expected in a marker`;
    return left;
  }

  private and(): Marker | undefined {
    let left = this.single();
    while (this.tokens[this.at] === 'and') {
      this.at++;
      const right = this.single();
      if (left === undefined || right === undefined) return undefined;
      left = { kind: 'and', left, right };
    }
    return left;
  }

  private single(): Marker | undefined {
    if (this.tokens[this.at] !== '(') return this.comparison();
    this.at++;
    const inner = this.or(true);
    if (this.tokens[this.at++] !== ')') this.problem ??= 'a ")" is missing in the marker';
    return inner;
  }

  private comparison(): Marker | undefined {
    const left = this.operand();
    const operator = this.tokens[this.at++] ?? '';
    if (!/^(?:===|~=|==|!=|<=|>=|<|>|in|not in)$/.test(operator)) {
      this.problem ??= operator === '' ? 'the marker ends too early' : `"${operator}" is no operator of a marker`;
      return undefined;
    }
    const right = this.operand();
    if (left === undefined || right === undefined) return undefined;
    return { kind: 'compare', left, operator, right };
  }

  private operand(): Operand | undefined {
    const text = this.tokens[this.at++];
    if (text === undefined) {
      this.problem ??= 'the marker ends too early';
      return undefined;
    }
    if (/^["']/.test(text)) return { variable: false, text: text.slice(1, -1) };
    const name = aliases[text] ?? text;
    if (!variables.has(name)) {
      this.problem ??= `"${text}" is no variable of a marker`;
      return undefined;
    }
    return { variable: true, text: name };
  }
}

/** Undefined where the environment does not say. */
export function holds(marker: Marker, environment: Environment): boolean | undefined {
  if (marker.kind === 'compare') return comparisonHolds(marker, environment);
  const left = holds(marker.left, environment);
  const right = holds(marker.right, environment);
  const decisive = marker.kind === 'or';
  if (left === decisive || right === decisive) return decisive;
  return left === undefined || right === undefined ? undefined : !decisive;
}

function comparisonHolds(
  { left, operator, right }: Extract<Marker, { kind: 'compare' }>,
  environment: Environment,
): boolean | undefined {
  const a = left.variable ? environment[left.text] : left.text;
  const b = right.variable ? environment[right.text] : right.text;
  if (a === undefined || b === undefined) return undefined;
  if (operator === 'in') return b.includes(a);
  if (operator === 'not in') return !b.includes(a);
  const versions = (left.variable ? left.text : right.text).endsWith('version');
  return versions ? versionHolds(a, operator, b) : textHolds(a, operator, b);
}

function versionHolds(a: string, operator: string, b: string): boolean | undefined {
  const wildcard = b.endsWith('.*');
  const one = parseVersion(a);
  const other = parseVersion(wildcard ? b.slice(0, -2) : b);
  if (one === undefined || other === undefined) return undefined;
  if (wildcard) {
    const same = other.written.every((part, index) => (one.written[index] ?? 0) === part);
    return operator === '==' ? same : operator === '!=' ? !same : undefined;
  }
  if (operator === '~=') return undefined;
  return ordered(compareVersions(one, other), operator);
}

function textHolds(a: string, operator: string, b: string): boolean | undefined {
  if (operator === '~=') return undefined;
  return ordered(a < b ? -1 : a > b ? 1 : 0, operator);
}

function ordered(order: number, operator: string): boolean {
  if (operator === '!=') return order !== 0;
  if (order === 0) return operator.includes('=');
  return operator.startsWith(order < 0 ? '<' : '>');
}
