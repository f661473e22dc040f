/** How many lines of a text were added and removed: Myers' algorithm, given up where texts have little in common. */

const mostSteps = 2_000;

export function lineDifference(before: string, after: string): { added: number; removed: number } | null {
  const [a, b] = withoutCommonEnds(linesOf(before), linesOf(after));
  const steps = editSteps(a, b);
  if (steps === undefined) return null;
  // Steps are insertions and deletions together; their difference is that of the lengths.
  const added = (steps + b.length - a.length) / 2;
  return { added, removed: steps - added };
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));

function withoutCommonEnds(a: string[], b: string[]): [string[], string[]] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/** The length of the shortest edit script. */
function editSteps(a: readonly string[], b: readonly string[]): number | undefined {
  const most = Math.min(a.length + b.length, mostSteps);
  const offset = most + 1;
  const furthest = new Int32Array(2 * most + 3);
  for (let d = 0; d <= most; d += 1) {
    for (let k = -d; k <= d; k += 2) {
      const x = slide(a, b, start(furthest, offset, d, k), k);
      furthest[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return d;
    }
  }
  return undefined;
}

/** From the neighbour diagonal that got further: one insertion down, or one deletion to the right. */
function start(furthest: Int32Array, offset: number, d: number, k: number): number {
  const left = furthest[offset + k - 1] ?? 0;
  const right = furthest[offset + k + 1] ?? 0;
  return k === -d || (k !== d && left < right) ? right : left + 1;
}

function slide(a: readonly string[], b: readonly string[], from: number, k: number): number {
  let x = from;
  while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
  return x;
}
