/** Python source to tokens, one at a time, as CPython's tokenizer cuts it; what it cannot read becomes an `error` token. */
import {
  backslash,
  formFeed,
  hash,
  isDigit,
  isBlank,
  isKeyword,
  isLineEnd,
  isPlain,
  lineBreakLength,
  nameEnd,
  nextLine,
  space,
  strangeCharacter,
  tab,
} from './characters';
import { escapeProblem, scanNumber, stringEnd, type LiteralProblem } from './literals';
import type { SyntaxKind } from './syntaxProblem';
import type { Token, TokenKind } from './token';

/** Where the tokenizer stands, for the few places where the grammar must look far ahead. */
export interface Bookmark {
  readonly position: number;
  readonly brackets: readonly Bracket[];
  readonly indents: readonly Indent[];
  readonly fields: readonly number[];
  readonly pending: number;
  readonly lineStart: boolean;
  readonly midLine: boolean;
}

export interface Bracket {
  readonly text: string;
  readonly at: number;
}

/** A column counted with tabs of 8 and with tabs of 1: a line is ambiguous where the two disagree. */
interface Indent {
  readonly column: number;
  readonly narrow: number;
}

const margin: Indent = { column: 0, narrow: 0 };

/** CPython's limits. */
const mostBrackets = 200;
const mostIndents = 100;

const closers: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const operator =
  /\*\*=|\/\/=|>>=|<<=|\.\.\.|\*\*|\/\/|>>|<<|<=|>=|==|!=|->|\+=|-=|\*=|\/=|%=|@=|&=|\|=|\^=|:=|<>|[+\-*/%@&|^~<>()[\]{},:.;=!]/y;
const stringPrefix = /^(?:[rR]?[bB]|[bB][rR]|[rR]|[uU]|[rR]?[fFtT]|[fFtT][rR])$/;

export class Tokenizer {
  position: number;
  /** The farthest that was ever looked at: what lies behind it has no say in what was read. */
  farthest: number;
  /** Open brackets, outermost first. */
  brackets: Bracket[] = [];
  private indents: Indent[] = [margin];
  /** Bracket depths at which the replacement fields of f-strings that are being read began. */
  private fields: number[] = [];
  /** Dedents (positive) that are still to be handed out. */
  private pending = 0;
  private lineStart = true;
  /** Whether the logical line that is being read has a token yet, so that the end of the file must end it. */
  private midLine = false;

  constructor(
    readonly text: string,
    at: number,
  ) {
    this.position = at;
    this.farthest = at;
  }

  bookmark(): Bookmark {
    const { position, pending, lineStart, midLine } = this;
    return {
      position,
      pending,
      lineStart,
      midLine,
      brackets: [...this.brackets],
      indents: [...this.indents],
      fields: [...this.fields],
    };
  }

  sawUpTo(at: number): void {
    this.farthest = Math.max(this.farthest, at);
  }

  back(to: Bookmark): void {
    this.sawUpTo(this.position);
    this.position = to.position;
    this.pending = to.pending;
    this.lineStart = to.lineStart;
    this.midLine = to.midLine;
    this.brackets = [...to.brackets];
    this.indents = [...to.indents];
    this.fields = [...to.fields];
  }

  /** Inside a replacement field, `:` and `!` outside of further brackets end the expression. */
  openField(): void {
    this.fields.push(this.brackets.length);
  }

  /** Whether a `:` would end the expression of a replacement field. */
  get atFieldLevel(): boolean {
    return this.fields.at(-1) === this.brackets.length;
  }

  closeField(): void {
    this.fields.pop();
  }

  next(): Token {
    if (this.lineStart && !this.inside()) {
      const token = this.indentation();
      if (token !== undefined) return token;
    }
    if (this.pending > 0) {
      this.pending--;
      return this.token('dedent', '', this.position, this.position);
    }
    const problem = this.skipBlank();
    if (problem !== undefined) return problem;
    return this.significant();
  }

  private inside(): boolean {
    return this.brackets.length > 0 || this.fields.length > 0;
  }

  /** Measures the next line that holds code; an indent, the first of some dedents, or nothing. */
  private indentation(): Token | undefined {
    this.lineStart = false;
    let continued: Indent | undefined;
    for (;;) {
      const here = this.measure();
      const code = this.text.charCodeAt(this.position);
      if (code === hash || isLineEnd(code)) {
        this.skipLine();
        continued = undefined;
      } else if (code === backslash && lineBreakLength(this.text, this.position + 1) > 0) {
        // The indentation of a line that is continued at once is that of its first part.
        continued ??= here;
        const problem = this.continuation();
        if (problem !== undefined) return problem;
      } else {
        const { column, narrow } = continued ?? here;
        return this.position >= this.text.length ? this.compare(0, 0) : this.compare(column, narrow);
      }
    }
  }

  /** The white space at the start of a line. */
  private measure(): Indent {
    let column = 0;
    let narrow = 0;
    for (; ; this.position++) {
      const code = this.text.charCodeAt(this.position);
      if (code === space) column++;
      else if (code === tab) column = (Math.floor(column / 8) + 1) * 8;
      else if (code !== formFeed) return { column, narrow };
      narrow = code === formFeed ? 0 : narrow + 1;
      if (code === formFeed) column = 0;
    }
  }

  private skipComment(): void {
    while (this.position < this.text.length && !isLineEnd(this.text.charCodeAt(this.position))) this.position++;
  }

  private skipLine(): void {
    this.skipComment();
    this.position += lineBreakLength(this.text, this.position);
  }

  private compare(column: number, narrow: number): Token | undefined {
    if (column > this.top().column) return this.deeper(column, narrow, this.top());
    while (this.top().column > column) {
      this.indents.pop();
      this.pending++;
    }
    if (this.top().column !== column) {
      this.pending = 0;
      const message = 'unindent does not match any outer indentation level';
      return this.problem(message, this.margin(), this.position, 'IndentationError');
    }
    return this.top().narrow === narrow ? undefined : this.mixedTabs();
  }

  private top(): Indent {
    return this.indents.at(-1) ?? margin;
  }

  private deeper(column: number, narrow: number, top: Indent): Token {
    if (narrow <= top.narrow) return this.mixedTabs();
    if (this.indents.length >= mostIndents) {
      return this.problem('too many levels of indentation', this.margin(), this.position, 'IndentationError');
    }
    this.indents.push({ column, narrow });
    return this.token('indent', '', this.margin(), this.position);
  }

  private mixedTabs(): Token {
    const message = 'inconsistent use of tabs and spaces in indentation';
    return this.problem(message, this.margin(), this.position, 'TabError');
  }

  /** Where the white space in front of the current position starts. */
  private margin(): number {
    let at = this.position;
    while (at > 0 && isBlank(this.text.charCodeAt(at - 1))) at--;
    return at;
  }

  /** Blanks, comments and continued lines; inside brackets line breaks too. */
  private skipBlank(): Token | undefined {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (isBlank(code)) {
        this.position++;
      } else if (code === hash) {
        this.skipComment();
      } else if (isLineEnd(code) && this.inside()) {
        this.position += lineBreakLength(this.text, this.position);
      } else if (code === backslash) {
        const problem = this.continuation();
        if (problem !== undefined) return problem;
      } else {
        return undefined;
      }
    }
  }

  private continuation(): Token | undefined {
    const at = this.position;
    const length = lineBreakLength(this.text, at + 1);
    if (length === 0) {
      const message =
        at + 1 >= this.text.length
          ? 'unexpected EOF while parsing'
          : 'unexpected character after line continuation character';
      return this.problem(message, at, at + 1);
    }
    this.position = at + 1 + length;
    if (this.position < this.text.length) return undefined;
    return this.problem('unexpected EOF while parsing', at, at + 1);
  }

  private significant(): Token {
    const at = this.position;
    if (at >= this.text.length) return this.endOfFile();
    const code = this.text.charCodeAt(at);
    if (isLineEnd(code)) {
      this.position += lineBreakLength(this.text, at);
      this.lineStart = true;
      this.midLine = false;
      return this.token('newline', '', at, at);
    }
    this.midLine = true;
    if (code === 34 || code === 39) return this.string(at, '');
    if (isDigit(code) || (code === 46 && isDigit(this.text.charCodeAt(at + 1)))) return this.numberAt(at);
    const end = nameEnd(this.text, at);
    if (end > at) return this.word(at, end);
    return this.operatorAt(at);
  }

  private endOfFile(): Token {
    const at = this.position;
    const open = this.brackets.at(-1);
    if (open !== undefined) return this.problem(`'${open.text}' was never closed`, open.at, open.at + 1);
    if (this.midLine) {
      this.lineStart = true;
      this.midLine = false;
      return this.token('newline', '', at, at);
    }
    return this.token('end', '', at, at);
  }

  private numberAt(at: number): Token {
    const end = scanNumber(this.text, at);
    if (typeof end !== 'number') return this.literalProblem(end);
    this.position = end;
    return this.token('number', '', at, end);
  }

  private word(at: number, end: number): Token {
    const word = this.text.slice(at, end);
    const quote = this.text.charCodeAt(end);
    if ((quote === 34 || quote === 39) && end - at <= 2 && stringPrefix.test(word)) {
      return this.string(at, word.toLowerCase());
    }
    this.position = end;
    if (isKeyword(word)) return this.token('keyword', word, at, end);
    // Python compares names in this normal form.
    return this.token('name', isPlain(word) ? word : word.normalize('NFKC'), at, end);
  }

  private operatorAt(at: number): Token {
    operator.lastIndex = at;
    let text = operator.exec(this.text)?.[0];
    if (text === undefined) return this.strangeCharacter(at);
    // In a replacement field `{x:=5}` is a format specification.
    if (text === ':=' && this.fields.at(-1) === this.brackets.length) text = ':';
    const problem = this.bracket(text, at);
    if (problem !== undefined) return problem;
    this.position = at + text.length;
    return this.token('op', text, at, this.position);
  }

  private bracket(text: string, at: number): Token | undefined {
    if (text === '(' || text === '[' || text === '{') {
      if (this.brackets.length >= mostBrackets) return this.problem('too many nested parentheses', at, at + 1);
      this.brackets.push({ text, at });
      return undefined;
    }
    const wanted = closers[text];
    if (wanted === undefined) return undefined;
    // The brace that ends a replacement field was not opened as a bracket.
    if (this.fields.at(-1) === this.brackets.length) return undefined;
    const open = this.brackets.pop();
    if (open?.text === wanted) return undefined;
    const message =
      open === undefined
        ? `unmatched '${text}'`
        : `closing parenthesis '${text}' does not match opening parenthesis '${open.text}'`;
    return this.problem(message, at, at + 1);
  }

  private strangeCharacter(at: number): Token {
    const point = this.text.codePointAt(at) ?? 0;
    return this.problem(strangeCharacter(point), at, at + (point > 0xffff ? 2 : 1));
  }

  private string(at: number, prefix: string): Token {
    const open = at + prefix.length;
    const quote = this.text[open] ?? '"';
    const triple = this.text.startsWith(quote.repeat(3), open);
    const bodyStart = open + (triple ? 3 : 1);
    if (prefix.includes('f') || prefix.includes('t')) {
      this.position = bodyStart;
      return this.token('fstring', prefix, at, bodyStart);
    }
    const bodyEnd = stringEnd(this.text, bodyStart, quote, triple);
    if (bodyEnd === undefined) {
      const what = triple ? 'triple-quoted string' : 'string';
      this.sawUpTo(triple ? this.text.length : nextLine(this.text, bodyStart));
      return this.problem(`unterminated ${what} literal`, at, bodyStart);
    }
    this.position = bodyEnd + (triple ? 3 : 1);
    const problem = this.bodyProblem(prefix, bodyStart, bodyEnd);
    return problem === undefined ? this.token('string', prefix, at, this.position) : this.literalProblem(problem);
  }

  /** Goes on behind an f-string whose opening quote was the last token, without a look at what it holds. */
  skipBody({ end, start, text }: Token): void {
    const triple = end - start - text.length === 3;
    const close = stringEnd(this.text, end, this.text[end - 1] ?? '"', triple);
    this.position = close === undefined ? end : close + (triple ? 3 : 1);
  }

  private bodyProblem(prefix: string, start: number, end: number): LiteralProblem | undefined {
    const bytes = prefix.includes('b');
    if (bytes) {
      // eslint-disable-next-line no-control-regex
      const at = this.text.slice(start, end).search(/[^\u0000-\u007f]/);
      const message = 'bytes can only contain ASCII literal characters';
      if (at >= 0) return { message, start: start + at, end: start + at + 1 };
    }
    return prefix.includes('r') ? undefined : escapeProblem(this.text, start, end, bytes);
  }

  private literalProblem({ message, start, end }: LiteralProblem): Token {
    return this.problem(message, start, end);
  }

  private problem(message: string, start: number, end: number, kind: SyntaxKind = 'SyntaxError'): Token {
    return { kind: 'error', text: '', start, end, problem: { kind, message, start, end } };
  }

  private token(kind: TokenKind, text: string, start: number, end: number): Token {
    return { kind, text, start, end };
  }
}
