/** The parser's hand on the tokens: the current one, tests on it, and the ways to refuse it. */
import type { Node } from './node';
import { SyntaxFailure, type NewSyntax, type SyntaxKind } from './syntaxProblem';
import type { Token, TokenKind } from './token';
import { Tokenizer } from './tokenizer';

const startsExpression: ReadonlySet<string> = new Set(['(', '[', '{', '-', '+', '~', '...']);
const expressionKeywords: ReadonlySet<string> = new Set(['None', 'True', 'False', 'lambda', 'not', 'await']);

export class TokenReader {
  protected readonly tokenizer: Tokenizer;
  protected token: Token;
  /** The end of the token before the current one: where what was just read ends. */
  protected lastEnd: number;
  readonly newSyntax: NewSyntax[] = [];

  constructor(
    protected readonly source: string,
    at: number,
  ) {
    this.tokenizer = new Tokenizer(source, at);
    this.lastEnd = at;
    this.token = this.tokenizer.next();
  }

  protected advance(): Token {
    const token = this.token;
    if (token.problem !== undefined) throw new SyntaxFailure(token.problem);
    this.lastEnd = token.end;
    this.token = this.tokenizer.next();
    return token;
  }

  protected isKind(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  protected isOp(text: string): boolean {
    return this.token.kind === 'op' && this.token.text === text;
  }

  protected isKeyword(text: string): boolean {
    return this.token.kind === 'keyword' && this.token.text === text;
  }

  /** A word that is a keyword in some places only: `match`, `case`, `type`. */
  protected isSoft(text: string): boolean {
    return this.token.kind === 'name' && this.token.text === text;
  }

  protected takeOp(text: string): boolean {
    if (!this.isOp(text)) return false;
    this.advance();
    return true;
  }

  protected takeKeyword(text: string): boolean {
    if (!this.isKeyword(text)) return false;
    this.advance();
    return true;
  }

  protected expectOp(text: string, message?: string): Token {
    if (!this.isOp(text)) this.invalid(message);
    return this.advance();
  }

  protected expectKeyword(text: string): Token {
    if (!this.isKeyword(text)) this.invalid();
    return this.advance();
  }

  protected expectName(): Token {
    if (this.token.kind !== 'name') this.invalid();
    return this.advance();
  }

  /** Refuses the current token, in the tokenizer's words where it could not read it. */
  protected invalid(message?: string): never {
    const { problem, kind, start, end } = this.token;
    if (problem !== undefined) throw new SyntaxFailure(problem);
    if (kind === 'indent') this.fail('unexpected indent', start, end, 'IndentationError');
    throw new SyntaxFailure(
      { kind: 'SyntaxError', message: message ?? 'invalid syntax', ...this.place(start, end) },
      true,
    );
  }

  /** What is missing at the end of the file is missing in its last line. */
  private place(start: number, end: number): { start: number; end: number } {
    if (start < this.source.length || start === 0) return { start, end };
    const last = this.source.replace(/(?:\r\n|\r|\n)$/, '').length;
    return { start: last, end: last };
  }

  protected fail(message: string, start: number, end: number, kind: SyntaxKind = 'SyntaxError'): never {
    throw new SyntaxFailure({ kind, message, start, end });
  }

  protected failAt(message: string, at: { readonly start: number; readonly end: number }): never {
    this.fail(message, at.start, at.end);
  }

  /** Where a comma or a closing bracket was expected, two expressions side by side most likely lack the comma. */
  protected expectCloser(closer: string, last: Node | undefined): Token {
    if (this.isOp(closer)) return this.advance();
    if (last !== undefined && this.token.problem === undefined && this.canStartExpression()) {
      throw new SyntaxFailure(
        {
          kind: 'SyntaxError',
          message: 'invalid syntax. Perhaps you forgot a comma?',
          start: last.start,
          end: this.token.end,
        },
        true,
      );
    }
    return this.invalid();
  }

  protected canStartExpression(): boolean {
    const { kind, text } = this.token;
    if (kind === 'op') return startsExpression.has(text);
    if (kind === 'keyword') return expressionKeywords.has(text);
    return kind === 'name' || kind === 'number' || kind === 'string' || kind === 'fstring';
  }

  /** Tries one reading of the text and takes it back if it fails. */
  protected attempt<Result>(read: () => Result): Result | undefined {
    const bookmark = this.tokenizer.bookmark();
    const { token, lastEnd } = this;
    const news = this.newSyntax.length;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      this.tokenizer.back(bookmark);
      this.token = token;
      this.lastEnd = lastEnd;
      this.newSyntax.length = news;
      return undefined;
    }
  }

  protected needs(minor: number, what: string, start: number, end: number): void {
    this.newSyntax.push({ minor, what, start, end });
  }
}
