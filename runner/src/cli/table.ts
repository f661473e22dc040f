/** Aligned columns that fit the terminal; the last one is cut. */

export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => width(row[i] ?? ''))));
  return all
    .map((row) => {
      const text = row
        .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell))))
        .join('  ');
      return width(text) > columns ? `${[...text].slice(0, columns - 1).join('')}…` : text.trimEnd();
    })
    .join('\n');
}

const width = (text: string): number => [...text].length;
