/**
 * Cuts a module into its top-level statements by looking at characters alone, so that an edit makes the parser look at one
 * statement, however large the module is, and an unfinished statement leaves the rest of the module readable.
 */

/** A stretch of the text that starts at column 0 with a statement (the first one also with whatever is before it). */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** Lines that go on with the statement before them. */
const clauses = /^(?:else|elif|except|finally)(?![A-Za-z0-9_])/;
/** What never stands within brackets at the start of a line: there an unclosed bracket ends for us. */
const surelyStatement =
  /^(?:def[ \t]|class[ \t]|async[ \t]+(?:def|with)[ \t]|import[ \t]|from[ \t]+[\w.]+[ \t]+import\b|while[ \t]|with[ \t]|try[ \t]*:|return\b|raise\b|del[ \t]|global[ \t]|pass\b)/;

const newline = 10;
const carriageReturn = 13;
const backslash = 92;
const hash = 35;
const doubleQuote = 34;
const singleQuote = 39;

/** Where a chunk that starts at `start` ends: the start of the next one, or the end of the text. */
export function chunkEnd(text: string, start: number): number {
  return new Scanner(text, start).end();
}

class Scanner {
  private at: number;
  private depth = 0;
  /** True after a decorator: the next statement belongs to it. */
  private decorating = false;

  constructor(
    private readonly text: string,
    private readonly start: number,
  ) {
    this.at = start;
  }

  end(): number {
    let seen = this.start > 0;
    if (seen) this.decorating = this.text.charCodeAt(this.start) === 64;
    while (this.at < this.text.length) {
      if (this.startsStatement()) {
        if (seen && !this.decorating && this.at > this.start) return this.at;
        if (this.depth === 0) this.decorating = this.text[this.codeStart()] === '@';
        seen = true;
      }
      this.skipLine();
    }
    return this.text.length;
  }

  /** The first character of the line that is neither a byte-order mark nor a form feed. */
  private codeStart(): number {
    let at = this.at;
    while (this.text[at] === '\f' || (at === 0 && this.text[at] === '\ufeff')) at++;
    return at;
  }

  private startsStatement(): boolean {
    const at = this.codeStart();
    const character = this.text.charCodeAt(at);
    // Also false for what is no number, at the end of the text.
    if (!(character > 32) || character === hash || character === backslash) return false;
    return this.depth === 0 ? this.startsPlain(at, character) : this.endsBrackets(at, character);
  }

  private startsPlain(at: number, character: number): boolean {
    if (character === 101 || character === 102) return !clauses.test(this.text.slice(at, at + 8));
    return !isCloser(character);
  }

  private endsBrackets(at: number, character: number): boolean {
    if (character < 97 || character > 122 || !surelyStatement.test(this.text.slice(at, at + 120))) return false;
    this.depth = 0;
    return true;
  }

  /** Goes to the start of the next line that is not inside of a string or after a backslash. */
  private skipLine(): void {
    const { text } = this;
    while (this.at < text.length) {
      const character = text.charCodeAt(this.at++);
      if (character === newline) return;
      if (character === carriageReturn) {
        if (text.charCodeAt(this.at) === newline) this.at++;
        return;
      }
      if (character < doubleQuote || (character > 41 && character < 91)) continue;
      this.special(character);
    }
  }

  private special(character: number): void {
    if (character === hash) this.skipComment();
    else if (character === doubleQuote || character === singleQuote) this.skipString(character);
    else if (character === backslash) this.skipNewline();
    else if (character === 40 || character === 91 || character === 123) this.depth++;
    else if (isCloser(character) && this.depth > 0) this.depth--;
  }

  private skipComment(): void {
    while (this.at < this.text.length) {
      const character = this.text.charCodeAt(this.at);
      if (character === newline || character === carriageReturn) return;
      this.at++;
    }
  }

  private skipNewline(): void {
    if (this.text.charCodeAt(this.at) === carriageReturn) this.at++;
    else if (this.text.charCodeAt(this.at) !== newline) return;
    if (this.text.charCodeAt(this.at) === newline) this.at++;
  }

  private skipString(quote: number): void {
    const { text } = this;
    const triple = text.charCodeAt(this.at) === quote && text.charCodeAt(this.at + 1) === quote;
    if (triple) {
      this.at += 2;
      this.skipTriple(quote);
      return;
    }
    while (this.at < text.length) {
      const character = text.charCodeAt(this.at);
      if (character === newline || character === carriageReturn) return;
      this.at++;
      if (character === quote) return;
      if (character === backslash) this.skipEscaped();
    }
  }

  private skipTriple(quote: number): void {
    const { text } = this;
    while (this.at < text.length) {
      const character = text.charCodeAt(this.at++);
      if (character === backslash) this.skipEscaped();
      else if (character === quote && text.charCodeAt(this.at) === quote && text.charCodeAt(this.at + 1) === quote) {
        this.at += 2;
        return;
      }
    }
  }

  private skipEscaped(): void {
    if (this.text.charCodeAt(this.at) === carriageReturn && this.text.charCodeAt(this.at + 1) === newline) this.at++;
    this.at++;
  }
}

const isCloser = (character: number): boolean => character === 41 || character === 93 || character === 125;

/** Cuts the whole text. */
export function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < text.length;) {
    const end = chunkEnd(text, start);
    chunks.push({ start, end });
    start = end;
  }
  return chunks;
}

/** The chunks of `text`, given those of `before`, from which it differs in one place only. Also says which are the same. */
export function rechunk(
  before: { readonly text: string; readonly chunks: readonly Chunk[] },
  text: string,
): { chunks: Chunk[]; sameBefore: number; sameAfter: number } {
  const prefix = commonPrefix(before.text, text);
  const suffix = commonSuffix(before.text, text, prefix);
  const delta = text.length - before.text.length;
  const sameBefore = unchangedBefore(before.chunks, prefix);
  const chunks = before.chunks.slice(0, sameBefore);
  let start = chunks.at(-1)?.end ?? 0;
  const firstSame = text.length - suffix;
  while (start < text.length) {
    const old = start >= firstSame ? chunkAt(before.chunks, start - delta) : undefined;
    if (old !== undefined) {
      const rest = before.chunks.slice(old);
      for (const chunk of rest) chunks.push({ start: chunk.start + delta, end: chunk.end + delta });
      return { chunks, sameBefore, sameAfter: rest.length };
    }
    const end = chunkEnd(text, start);
    chunks.push({ start, end });
    start = end;
  }
  return { chunks, sameBefore, sameAfter: 0 };
}

/** The index of the chunk that starts there; never that of the first one, which is cut by other rules. */
function chunkAt(chunks: readonly Chunk[], start: number): number | undefined {
  const index = firstWhere(chunks, (chunk) => chunk.start >= start);
  return index > 0 && chunks[index]?.start === start ? index : undefined;
}

/** A chunk ends where the next one is recognised, which takes a look at its first line: one more chunk is done again. */
function unchangedBefore(chunks: readonly Chunk[], prefix: number): number {
  return Math.max(0, firstWhere(chunks, (chunk) => chunk.end > prefix) - 1);
}

/** The first index from which on `holds` is true, which it stays. */
function firstWhere(chunks: readonly Chunk[], holds: (chunk: Chunk) => boolean): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(chunks[middle] as Chunk)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many code units two texts have in common at the start. */
export function commonPrefix(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  for (let step = 4096; at + step <= length && a.slice(at, at + step) === b.slice(at, at + step);) at += step;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** The same at the end; the two do not overlap. */
export function commonSuffix(a: string, b: string, prefix: number): number {
  const length = Math.min(a.length, b.length) - prefix;
  let count = 0;
  const end = (text: string, from: number, to: number): string => text.slice(text.length - to, text.length - from);
  for (let step = 4096; count + step <= length && end(a, count, count + step) === end(b, count, count + step);) {
    count += step;
  }
  while (count < length && a.charCodeAt(a.length - count - 1) === b.charCodeAt(b.length - count - 1)) count++;
  return count;
}
