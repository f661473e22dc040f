/** Tells a misspelt parameter from another one. */

/** Names that packages read for purposes of their own, or that systems set. */
const inRealUse = new Set([
  'data_directory',
  'test_data_directory',
  'training_data_directory',
  'train_data_directory',
  'validation_data_directory',
  'model_directory',
]);
const mostEdits = 2;

/** The known name that `name` is meant to be: the same in other case, or at most two edits away. */
export function similarName(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name) || inRealUse.has(name)) return undefined;
  const sameLetters = known.find((one) => one.toLowerCase() === name.toLowerCase());
  if (sameLetters !== undefined) return sameLetters;
  return known
    .map((one) => ({ one, edits: edits(name, one) }))
    .filter(({ one, edits }) => edits <= Math.min(mostEdits, Math.floor(one.length / 3)))
    .sort((a, b) => a.edits - b.edits)[0]?.one;
}

/** Levenshtein's distance, where swapping two neighbours is one edit; anything over two comes back as three. */
export function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > mostEdits) return mostEdits + 1;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cell(a, b, i, j, rows, row));
    rows.push(row);
  }
  return Math.min(at(rows, a.length, b.length), mostEdits + 1);
}

const at = (rows: readonly number[][], i: number, j: number): number => rows[i]?.[j] ?? Infinity;

function cell(a: string, b: string, i: number, j: number, rows: readonly number[][], row: readonly number[]): number {
  const change = a[i - 1] === b[j - 1] ? 0 : 1;
  const best = Math.min(at(rows, i - 1, j) + 1, (row[j - 1] ?? Infinity) + 1, at(rows, i - 1, j - 1) + change);
  const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(best, at(rows, i - 2, j - 2) + 1) : best;
}
