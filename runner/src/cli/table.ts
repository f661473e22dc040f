/** Aligned columns that fit the terminal: the widest one gives way, and what is still too long is cut. */
import { printable } from '../domain/printable';
import { cut } from './terminal';

const gap = '  ';
const leastWidth = 8;

export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const all = [head, ...rows.map((row) => row.map(printable))];
  const widths = fitting(
    head.map((_, i) => Math.max(...all.map((row) => width(row[i] ?? '')))),
    columns,
  );
  return all
    .map((row) => {
      const cells = head.map((_, i) => cell(row[i] ?? '', widths[i] ?? 0));
      return cut(cells.join(gap).trimEnd(), columns);
    })
    .join('\n');
}

const cell = (text: string, columns: number): string => {
  const shown = cut(text, columns);
  return shown + ' '.repeat(Math.max(0, columns - width(shown)));
};

/** Takes columns from the widest until all fit, but leaves each readable; from the first, which names the row, last of all. */
function fitting(wanted: readonly number[], columns: number): number[] {
  const over = sum(wanted) + gap.length * (wanted.length - 1) - columns;
  const [first = 0, ...others] = wanted;
  const shrunk = shrink(others, over);
  const rest = over - (sum(others) - sum(shrunk));
  return [...shrink([first], rest), ...shrunk];
}

function shrink(wanted: readonly number[], columns: number): number[] {
  const widths = [...wanted];
  let over = columns;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= leastWidth) break;
    const next = Math.max(leastWidth, ...widths.filter((one) => one < widest));
    const take = Math.min(over, widest - next) || 1;
    widths[widths.lastIndexOf(widest)] = widest - take;
    over -= take;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

const width = (text: string): number => [...text].length;
