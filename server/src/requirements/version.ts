/** Versions as PEP 440 writes and orders them. */

export interface Version {
  readonly epoch: number;
  /** Without trailing zeros. */
  readonly release: readonly number[];
  /** How many parts were written: `1.0` has two. */
  readonly written: readonly number[];
  /** Orders what follows the release: dev, pre-releases, the release itself, post-releases. */
  readonly phase: readonly [number, number, number, number];
  readonly local: string;
}

const pattern =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i;

const preRanks: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

export function parseVersion(text: string): Version | undefined {
  const match = pattern.exec(text.trim());
  if (match === null) return undefined;
  const [, epoch, release = '0', pre, preNumber, bare, post, postNumber, dev, devNumber, local = ''] = match;
  const written = release.split('.').map(Number);
  return {
    epoch: Number(epoch ?? 0),
    release: withoutZeros(written),
    written,
    phase: phaseOf({ pre, preNumber, post: post === undefined ? bare : (postNumber ?? '0'), dev, devNumber }),
    local: local.toLowerCase().replaceAll(/[-_]/g, '.'),
  };
}

interface Suffix {
  readonly pre: string | undefined;
  readonly preNumber: string | undefined;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly devNumber: string | undefined;
}

/** `1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0 < 1.0.post1.dev1 < 1.0.post1`. */
function phaseOf(suffix: Suffix): [number, number, number, number] {
  const { preNumber, post, dev, devNumber } = suffix;
  return [
    preRank(suffix),
    Number(preNumber ?? 0),
    post === undefined ? -1 : Number(post),
    dev === undefined ? Number.POSITIVE_INFINITY : Number(devNumber ?? 0),
  ];
}

function preRank({ pre, post, dev }: Suffix): number {
  if (pre !== undefined) return preRanks[pre.toLowerCase()] ?? 2;
  return post === undefined && dev !== undefined ? -1 : 3;
}

function withoutZeros(parts: readonly number[]): number[] {
  const kept = [...parts];
  while (kept.length > 1 && kept.at(-1) === 0) kept.pop();
  return kept;
}

/** Negative where `a` is older. Local labels are left out of the comparison. */
export function compareVersions(a: Version, b: Version): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return compareLists(a.release, b.release, 0) || compareLists(a.phase, b.phase, 0);
}

function compareLists(a: readonly number[], b: readonly number[], filler: number): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const one = a[at] ?? filler;
    const other = b[at] ?? filler;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** The first version of the release behind all that start with `parts`: `1.4` → `1.5.dev0`. */
export function releaseAfter(version: Version, parts: readonly number[]): Version {
  const next = [...parts.slice(0, -1), (parts.at(-1) ?? 0) + 1];
  return { ...version, release: withoutZeros(next), written: next, phase: [-1, 0, -1, 0], local: '' };
}

/** The oldest version that starts with `parts`. */
export function oldestOf(version: Version, parts: readonly number[]): Version {
  return { ...version, release: withoutZeros(parts), written: parts, phase: [-1, 0, -1, 0], local: '' };
}
