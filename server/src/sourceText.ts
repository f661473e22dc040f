/** Offsets to lines and columns and back: `\n`, `\r\n` and `\r` end a line, columns are UTF-16 code units. */
import type { Position, Range } from '../../runner/src/domain/finding';

export const byteOrderMark = '\ufeff';

export class SourceText {
  private starts: number[] | undefined;
  constructor(readonly text: string) {}

  /** A byte-order mark is no column. */
  positionAt(offset: number): Position {
    const starts = this.lineStarts();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    const mark = low === 0 && this.text.startsWith(byteOrderMark) ? 1 : 0;
    return { line: low, character: Math.max(0, Math.min(offset, this.text.length) - (starts[low] as number) - mark) };
  }

  offsetAt(position: Position): number {
    const starts = this.lineStarts();
    const start = starts[position.line];
    if (start === undefined) return this.text.length;
    const mark = position.line === 0 && this.text.startsWith(byteOrderMark) ? 1 : 0;
    return Math.min(start + mark + position.character, starts[position.line + 1] ?? this.text.length);
  }

  range(start: number, end: number): Range {
    return { start: this.positionAt(start), end: this.positionAt(end) };
  }

  rangeOf(node: { readonly start: number; readonly end: number }): Range {
    return this.range(node.start, node.end);
  }

  get lineCount(): number {
    return this.lineStarts().length;
  }

  /** The offset where the line starts; the text's length where there is no such line. */
  lineStart(line: number): number {
    return this.lineStarts()[line] ?? this.text.length;
  }

  private lineStarts(): number[] {
    return (this.starts ??= lineStarts(this.text));
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  // Most texts have no `\r`, and this is done at every key: a search for one character is by far the fastest.
  if (text.includes('\r')) {
    const ends = /\r\n|\r|\n/g;
    while (ends.exec(text) !== null) starts.push(ends.lastIndex);
  } else {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  }
  return starts;
}
