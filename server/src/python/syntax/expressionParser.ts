/** Expressions, by precedence. */
import { node, type Node } from './node';
import { ParameterParser } from './parameterParser';
import { checkDebug, describe } from './targets';

const enum Level {
  Or = 1,
  And,
  Not,
  Compare,
  BitOr,
  BitXor,
  BitAnd,
  Shift,
  Sum,
  Term,
  Factor,
}

const levels: ReadonlyMap<string, Level> = new Map([
  ['or', Level.Or],
  ['and', Level.And],
  ['|', Level.BitOr],
  ['^', Level.BitXor],
  ['&', Level.BitAnd],
  ['<<', Level.Shift],
  ['>>', Level.Shift],
  ['+', Level.Sum],
  ['-', Level.Sum],
  ['*', Level.Term],
  ['/', Level.Term],
  ['//', Level.Term],
  ['%', Level.Term],
  ['@', Level.Term],
  ...['<', '>', '==', '>=', '<=', '!=', 'in', 'is', 'not'].map((text): [string, Level] => [text, Level.Compare]),
]);

export abstract class ExpressionParser extends ParameterParser {
  protected expression(): Node {
    if (this.isKeyword('lambda')) return this.lambda();
    const body = this.disjunction();
    if (!this.isKeyword('if')) return body;
    this.advance();
    const condition = this.disjunction();
    if (!this.isKeyword('else')) this.missingElse(body);
    this.advance();
    const otherwise = this.expression();
    return node('ternary', body.start, otherwise.end, [condition, body, otherwise]);
  }

  private missingElse(body: Node): never {
    if (this.isOp(':') || this.isKind('error')) this.invalid();
    return this.fail("expected 'else' after 'if' expression", body.start, this.lastEnd);
  }

  private lambda(): Node {
    if (this.tokenizer.atFieldLevel) this.invalid('f-string: lambda expressions are not allowed without parentheses');
    const { start } = this.advance();
    const parameters = this.parameters(':');
    this.expectOp(':');
    const body = this.expression();
    return { ...node('lambda', start, body.end, [body]), parameters };
  }

  protected namedExpression(): Node {
    const left = this.expression();
    if (!this.isOp(':=')) return left;
    if (left.kind !== 'name' || left.parenthesised === true) {
      this.failAt(`cannot use assignment expressions with ${describe(left)}`, left);
    }
    checkDebug(left);
    this.advance();
    const value = this.expression();
    if (this.isOp(':=')) this.invalid();
    return { ...node('walrus', left.start, value.end, [value, left]), targets: [left] };
  }

  protected disjunction(): Node {
    return this.binary(Level.Or);
  }

  protected bitwiseOr(): Node {
    return this.binary(Level.BitOr);
  }

  /** Operators of one chain share one node, so that a sum of thousands of terms makes no deep tree. */
  private binary(lowest: Level): Node {
    const first = this.operand(lowest);
    const operands = [first];
    let compares = false;
    for (;;) {
      const level = this.operatorLevel();
      if (level === undefined || level < lowest) break;
      compares = level === Level.Compare;
      if (compares) this.comparison();
      else this.advance();
      operands.push(this.binary(level + 1));
    }
    if (operands.length === 1) return first;
    return node(compares ? 'compare' : 'operator', first.start, this.lastEnd, operands);
  }

  private operatorLevel(): Level | undefined {
    const { kind, text } = this.token;
    if (kind !== 'op' && kind !== 'keyword') return undefined;
    return levels.get(text);
  }

  /** `not` alone does not compare: `a not b`. */
  private comparison(): void {
    const { text } = this.advance();
    if (text === 'not') this.expectKeyword('in');
    else if (text === 'is') this.takeKeyword('not');
  }

  /** Unary operators are read in a loop, so that a long row of them needs no deep stack. */
  private operand(lowest: Level): Node {
    const { start } = this.token;
    let negations = 0;
    while (this.isKeyword('not')) {
      if (lowest > Level.Not) this.invalid();
      this.advance();
      negations++;
    }
    if (negations > 0) {
      const value = this.binary(Level.Compare);
      return node('operator', start, value.end, [value]);
    }
    return this.factor();
  }

  private factor(): Node {
    const { start } = this.token;
    let signs = 0;
    while (this.isOp('-') || this.isOp('+') || this.isOp('~')) {
      this.advance();
      signs++;
    }
    const value = this.power();
    return signs === 0 ? value : node('operator', start, value.end, [value]);
  }

  private power(): Node {
    const left = this.awaited();
    if (!this.takeOp('**')) return left;
    const right = this.factor();
    return node('operator', left.start, right.end, [left, right]);
  }

  private awaited(): Node {
    const { start } = this.token;
    if (!this.takeKeyword('await')) return this.primary();
    const value = this.primary();
    return node('await', start, value.end, [value]);
  }

  /** Expressions with commas between them, some of them starred: the right side of an assignment, `return`, `yield`. */
  protected expressions(item: () => Node = () => this.starred()): Node {
    const first = item();
    if (!this.isOp(',')) return first;
    const items = [first];
    while (this.takeOp(',')) {
      if (!this.canStartExpression() && !this.isOp('*')) break;
      items.push(item());
    }
    return node('tuple', first.start, this.lastEnd, items);
  }

  private starred(): Node {
    const { start } = this.token;
    if (!this.takeOp('*')) return this.expression();
    const value = this.bitwiseOr();
    return node('starred', start, value.end, [value]);
  }

  protected yieldOrExpressions(): Node {
    const { start, end } = this.token;
    if (!this.takeKeyword('yield')) return this.expressions();
    if (this.takeKeyword('from')) {
      const value = this.expression();
      return node('yieldFrom', start, value.end, [value]);
    }
    if (!this.canStartExpression() && !this.isOp('*')) return node('yield', start, end);
    const value = this.expressions();
    this.refuseLoneStar(value);
    return node('yield', start, value.end, [value]);
  }

  protected refuseLoneStar(value: Node): void {
    if (value.kind === 'starred') this.failAt("can't use starred expression here", value);
  }
}
