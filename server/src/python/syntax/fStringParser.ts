/** f-strings and t-strings as Python 3.12 reads them: replacement fields hold any expression, quotes and comments included. */
import { ArgumentParser } from './argumentParser';
import { backslash, isLineEnd, lineBreakLength } from './characters';
import { escapeProblem } from './literals';
import { node, type Node } from './node';
import { SyntaxFailure } from './syntaxProblem';
import type { Token } from './token';

interface Quotes {
  readonly opening: Token;
  readonly quote: string;
  readonly triple: boolean;
  readonly raw: boolean;
}

/** How often a format specification may hold a field that has one of its own. */
const deepestField = 2;

const conversions: ReadonlySet<string> = new Set(['s', 'r', 'a']);

export abstract class FStringParser extends ArgumentParser {
  protected abstract yieldOrExpressions(): Node;

  /** The current token is the opening of an f-string; behind it the tokens go on as usual. */
  protected fString(): Node {
    const opening = this.token;
    const triple = opening.end - opening.start - opening.text.length === 3;
    const quotes = { opening, quote: this.source[opening.end - 1] ?? '"', triple, raw: opening.text.includes('r') };
    if (opening.text.includes('t')) this.needs(14, 'template strings', opening.start, opening.end);
    const parts: Node[] = [];
    const end = this.literalAndFields(quotes, parts);
    this.resume(end);
    return node('fstring', opening.start, end, parts);
  }

  private resume(at: number): void {
    this.tokenizer.position = at;
    this.lastEnd = at;
    this.token = this.tokenizer.next();
  }

  /** Returns the offset behind the closing quotes. */
  private literalAndFields(quotes: Quotes, parts: Node[]): number {
    let at = quotes.opening.end;
    let literal = at;
    for (;;) {
      this.checkOpen(quotes, at);
      const character = this.source[at];
      if (this.isClosing(quotes, at)) {
        this.checkEscapes(quotes, literal, at);
        return at + (quotes.triple ? 3 : 1);
      }
      if (character === '{' && this.source[at + 1] !== '{') {
        this.checkEscapes(quotes, literal, at);
        at = this.field(quotes, at, parts, 0);
        literal = at;
      } else {
        at = this.literalStep(quotes, at);
      }
    }
  }

  private isClosing({ quote, triple }: Quotes, at: number): boolean {
    return this.source.startsWith(triple ? quote.repeat(3) : quote, at);
  }

  private literalStep(quotes: Quotes, at: number): number {
    const character = this.source[at];
    if (character === '\\') return this.behindBackslash(quotes, at);
    if (character === '{') return at + 2;
    if (character !== '}') return at + 1;
    if (this.source[at + 1] !== '}') this.fail("f-string: single '}' is not allowed", at, at + 1);
    return at + 2;
  }

  private behindBackslash({ raw }: Quotes, at: number): number {
    const next = this.source[at + 1];
    if (next === '{' || next === '}') return at + 1;
    if (next === 'N' && !raw && this.source[at + 2] === '{') {
      const end = this.source.indexOf('}', at);
      return end < 0 ? at + 2 : end + 1;
    }
    return at + 1 + Math.max(lineBreakLength(this.source, at + 1), 1);
  }

  private checkOpen({ opening, triple }: Quotes, at: number): void {
    if (at < this.source.length && (triple || !isLineEnd(this.source.charCodeAt(at)))) return;
    this.tokenizer.sawUpTo(at + 1);
    const what = triple ? 'triple-quoted f-string' : 'f-string';
    this.fail(`unterminated ${what} literal`, opening.start, opening.end);
  }

  private checkEscapes({ raw }: Quotes, start: number, end: number): void {
    if (raw) return;
    const problem = escapeProblem(this.source, start, end, false);
    if (problem !== undefined) this.failAt(problem.message, problem);
  }

  /** From the opening brace; returns the offset behind the closing one. */
  private field(quotes: Quotes, at: number, parts: Node[], depth: number): number {
    if (depth > deepestField) this.fail('f-string: expressions nested too deeply', at, at + 1);
    this.tokenizer.openField();
    this.resume(at + 1);
    try {
      this.fieldExpression(parts);
      this.conversion();
      const expressionEnd = this.token.start;
      const end = this.isOp(':') ? this.specification(quotes, this.token.end, parts, depth) : this.token.end;
      if (!this.isOp(':') && !this.isOp('}')) this.invalid("f-string: expecting '}'");
      this.noteNewSyntax(quotes, at + 1, expressionEnd);
      this.tokenizer.closeField();
      return end;
    } catch (error) {
      throw this.betterPlace(error, quotes, at);
    }
  }

  private fieldExpression(parts: Node[]): void {
    if (this.isKind('op') && ['}', '!', ':', '='].includes(this.token.text)) {
      this.fail(`f-string: valid expression required before '${this.token.text}'`, this.token.start, this.token.end);
    }
    const value = this.yieldOrExpressions();
    if (value.kind === 'starred') this.failAt('f-string: cannot use starred expression here', value);
    parts.push(value);
    this.takeOp('=');
  }

  private conversion(): void {
    if (!this.takeOp('!')) return;
    const glued = this.token.start === this.lastEnd;
    if (!glued || !this.isKind('name') || !conversions.has(this.token.text)) {
      this.invalid("f-string: invalid conversion character: expected 's', 'r', or 'a'");
    }
    this.advance();
  }

  /** The text behind `:`, with fields of its own, up to behind the brace that ends the field. */
  private specification(quotes: Quotes, from: number, parts: Node[], depth: number): number {
    const colon = this.token;
    let at = from;
    for (;;) {
      // A field that was spread over lines may end on a line of its own.
      if (!/^[ \t]*(?:\r\n|\r|\n)\s*\}/.test(this.source.slice(at, at + 80))) this.checkOpen(quotes, at);
      if (this.isClosing(quotes, at)) this.fail("f-string: expecting '}'", at, at + 1);
      const character = this.source.charCodeAt(at);
      if (character === 125) break;
      if (character === 123) at = this.field(quotes, at, parts, depth + 1);
      else at += character === backslash ? 2 : 1;
    }
    this.token = colon;
    return at + 1;
  }

  /** A field that runs into the next line of a string that must end on its own was most likely never closed. */
  private betterPlace(error: unknown, { triple, opening }: Quotes, brace: number): unknown {
    if (!(error instanceof SyntaxFailure) || triple) return error;
    const { start } = error.problem;
    if (start <= brace || !/[\r\n]/.test(this.source.slice(opening.start, start))) return error;
    return new SyntaxFailure({ kind: 'SyntaxError', message: "'{' was never closed", start: brace, end: brace + 1 });
  }

  private noteNewSyntax({ quote, triple }: Quotes, start: number, end: number): void {
    const text = this.source.slice(start, end);
    const again = text.includes(triple ? quote.repeat(3) : quote);
    if (again || text.includes('\\') || (!triple && /[\r\n]/.test(text))) {
      this.needs(12, 'this f-string', start, end);
    }
  }
}
