/** Statements with blocks, and the parser's door: one top-level statement after the other. */
import { node, type Node } from './node';
import { DefinitionParser } from './definitionParser';
import { checkTarget } from './targets';
import type { SyntaxProblem } from './syntaxProblem';
import type { Token } from './token';

export class StatementParser extends DefinitionParser {
  /** The statements of the next line, or one compound statement; undefined at the end of the file. */
  topLevel(): Node[] | undefined {
    if (this.isKind('end')) return undefined;
    return this.statements();
  }

  /** Where the statement that follows starts. */
  get at(): number {
    let at = this.token.start;
    while (at > 0 && ' \t\f'.includes(this.source[at - 1] ?? '\n')) at--;
    return at;
  }

  /** One behind the last character that had a say in what was read. */
  get farthest(): number {
    this.tokenizer.sawUpTo(this.tokenizer.position);
    return this.tokenizer.farthest + 2;
  }

  /** The bracket around a plain `problem`, if it was opened on an earlier line and nothing closes it. */
  neverClosed(problem: SyntaxProblem): SyntaxProblem | undefined {
    const depth = this.tokenizer.brackets.length;
    const open = this.tokenizer.brackets.at(-1);
    if (open === undefined || !/[\r\n]/.test(this.source.slice(open.at, problem.start))) return undefined;
    const ending = this.endOfBrackets(depth);
    if (ending === 'closed') return undefined;
    if (ending !== 'open') return ending;
    return { kind: 'SyntaxError', message: `'${open.text}' was never closed`, start: open.at, end: open.at + 1 };
  }

  /** Where nothing closes them because a string inside of them never ends, that is the problem. */
  private endOfBrackets(depth: number): 'closed' | 'open' | SyntaxProblem {
    for (let token = this.token; token.kind !== 'end'; token = this.tokenizer.next()) {
      const { problem } = token;
      if (problem?.message.startsWith('unterminated') === true) return problem;
      if (this.startsDefinition(token) || /never closed$|^closing/.test(problem?.message ?? '')) return 'open';
      this.skipRest(token);
      if (this.tokenizer.brackets.length < depth) return 'closed';
    }
    return 'open';
  }

  /** Of an f-string only the opening is a token; what can't be read otherwise lies within the brackets. */
  private skipRest(token: Token): void {
    const { tokenizer } = this;
    if (token.kind === 'fstring') tokenizer.skipBody(token);
    else if (token.problem !== undefined) tokenizer.position = Math.max(tokenizer.position, token.end, token.start + 1);
  }

  /** A definition at the margin cannot stand in brackets: looking further would cost time at each key. */
  private startsDefinition({ kind, text, start }: Token): boolean {
    if (kind !== 'keyword' || (text !== 'def' && text !== 'class' && text !== 'import')) return false;
    return start === 0 || /[\r\n]/.test(this.source[start - 1] ?? '');
  }

  private statements(): Node[] {
    const { kind, text, start, end } = this.token;
    if (kind === 'indent') this.fail('unexpected indent', start, end, 'IndentationError');
    if (kind === 'newline') {
      this.advance();
      return [];
    }
    if (kind === 'keyword' || (kind === 'op' && text === '@')) {
      const compound = this.compound(text);
      if (compound !== undefined) return [compound];
    }
    if (kind === 'name' && text === 'match') {
      const match = this.matchStatement();
      if (match !== undefined) return [match];
    }
    return this.simpleStatements();
  }

  private compound(text: string): Node | undefined {
    switch (text) {
      case 'if':
        return this.ifStatement();
      case 'for':
        return this.forStatement(undefined);
      case 'while':
        return this.whileStatement();
      case 'try':
        return this.tryStatement();
      case 'with':
        return this.withStatement(undefined);
      default:
        return this.definition(text);
    }
  }

  private definition(text: string): Node | undefined {
    switch (text) {
      case 'def':
        return this.functionDefinition(undefined, []);
      case 'class':
        return this.classDefinition([]);
      case 'async':
        return this.asyncStatement([]);
      case '@':
        return this.decorated();
      default:
        return undefined;
    }
  }

  protected block(what: string): Node[] {
    const colon = this.expectOp(':', "expected ':'");
    if (!this.isKind('newline')) return this.simpleStatements();
    this.advance();
    if (!this.isKind('indent')) this.missingBlock(what, colon);
    this.advance();
    const body: Node[] = [];
    while (!this.isKind('dedent') && !this.isKind('end')) body.push(...this.statements());
    if (this.isKind('dedent')) this.advance();
    return body;
  }

  private missingBlock(what: string, colon: Token): never {
    const { token } = this;
    if (token.problem !== undefined) this.invalid();
    const message = `expected an indented block after ${what}`;
    const text = this.source.replace(/(?:\r\n|\r|\n)$/, '');
    if (token.start < text.length) return this.fail(message, token.start, token.end, 'IndentationError');
    return this.fail(message, Math.max(text.length, colon.end), Math.max(text.length, colon.end), 'IndentationError');
  }

  private ifStatement(): Node {
    const { start, text } = this.advance();
    const condition = this.testExpression();
    const body = this.block(`'${text}' statement`);
    const tails: Node[][] = [];
    if (this.isKeyword('elif')) tails.push([this.ifStatement()]);
    else if (this.isKeyword('else')) tails.push(this.elseBlock());
    return { ...node('if', start, this.lastEnd, [condition]), body, tails };
  }

  private elseBlock(): Node[] {
    this.advance();
    return this.block("'else' statement");
  }

  private testExpression(): Node {
    const condition = this.namedExpression();
    if (!this.isOp('=')) return condition;
    const message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
    return this.fail(message, condition.start, this.token.end);
  }

  private whileStatement(): Node {
    const { start } = this.advance();
    const condition = this.testExpression();
    const body = this.block("'while' statement");
    const tails = this.isKeyword('else') ? [this.elseBlock()] : [];
    return { ...node('while', start, this.lastEnd, [condition]), body, tails };
  }

  private forStatement(asyncStart: number | undefined): Node {
    const { start } = this.advance();
    const target = this.loopTargets();
    this.expectKeyword('in');
    const iterable = this.expressions();
    this.refuseLoneStar(iterable);
    const body = this.block("'for' statement");
    const tails = this.isKeyword('else') ? [this.elseBlock()] : [];
    const isAsync = asyncStart !== undefined;
    const read = node('for', asyncStart ?? start, this.lastEnd, [iterable, target]);
    return { ...read, targets: [target], body, tails, isAsync };
  }

  private withStatement(asyncStart: number | undefined): Node {
    const { start } = this.advance();
    const parenthesised = this.isOp('(') ? this.attempt(() => this.parenthesisedItems()) : undefined;
    const items = parenthesised ?? this.withItems(false);
    const body = this.block("'with' statement");
    const isAsync = asyncStart !== undefined;
    const children = items.flatMap(({ value, target }) => (target === undefined ? [value] : [value, target]));
    const targets = items.flatMap(({ target }) => target ?? []);
    return { ...node('with', asyncStart ?? start, this.lastEnd, children), targets, body, isAsync };
  }

  private parenthesisedItems(): { value: Node; target: Node | undefined }[] {
    this.advance();
    const items = this.withItems(true);
    this.expectOp(')');
    if (!this.isOp(':')) this.invalid();
    return items;
  }

  private withItems(parenthesised: boolean): { value: Node; target: Node | undefined }[] {
    const items: { value: Node; target: Node | undefined }[] = [];
    do {
      if (parenthesised && this.isOp(')') && items.length > 0) break;
      const value = this.expression();
      let target: Node | undefined;
      if (this.takeKeyword('as')) {
        target = this.withTarget();
        checkTarget(target, 'assign to', true);
      }
      items.push({ value, target });
    } while (this.takeOp(','));
    return items;
  }

  private withTarget(): Node {
    const { start } = this.token;
    if (this.isOp('*')) {
      this.advance();
      const value = this.bitwiseOr();
      return node('starred', start, value.end, [value]);
    }
    return this.bitwiseOr();
  }

  private tryStatement(): Node {
    const { start } = this.advance();
    const body = this.block("'try' statement");
    const tails: Node[][] = [];
    const handlers = this.handlers();
    if (handlers.length > 0) {
      tails.push(handlers);
      if (this.isKeyword('else')) tails.push(this.elseBlock());
    }
    if (this.isKeyword('finally')) {
      this.advance();
      tails.push(this.block("'finally' statement"));
    } else if (handlers.length === 0) {
      this.invalid("expected 'except' or 'finally' block");
    }
    return { ...node('try', start, this.lastEnd), body, tails };
  }

  private handlers(): Node[] {
    const handlers: Node[] = [];
    let group: boolean | undefined;
    let bare: Token | undefined;
    while (this.isKeyword('except')) {
      const except = this.advance();
      if (bare !== undefined) this.failAt("default 'except:' must be last", bare);
      const star = this.isOp('*');
      if (star) this.needs(11, 'except*', except.start, this.token.end);
      if (group !== undefined && group !== star) {
        this.failAt("cannot have both 'except' and 'except*' on the same 'try'", except);
      }
      group = star;
      this.takeOp('*');
      if (!star && this.isOp(':')) bare = except;
      handlers.push(this.handler(except, star));
    }
    return handlers;
  }

  private handler(except: Token, star: boolean): Node {
    const children: Node[] = [];
    if (!this.isOp(':')) children.push(...this.caught());
    else if (star) this.invalid('expected one or more exception types');
    const body = this.block(`'except${star ? '*' : ''}' statement`);
    return { ...node('handler', except.start, this.lastEnd, children, star ? '*' : ''), body };
  }

  private caught(): Node[] {
    const types = [this.expression()];
    const { start } = this.token;
    while (this.takeOp(',')) {
      if (this.isOp(':')) break;
      types.push(this.expression());
    }
    if (types.length > 1 || start !== this.token.start) this.checkBareTypes(types);
    if (!this.isKeyword('as')) return types;
    if (types.length > 1) this.failSpan('multiple exception types must be parenthesized', types);
    this.advance();
    const name = this.expectName();
    const binding = node('binding', name.start, name.end, undefined, name.text);
    if (name.text === '__debug__') this.failAt('cannot assign to __debug__', binding);
    return [...types, binding];
  }

  /** Python 3.14 reads `except A, B:`; `except A, e:` is Python 2, which bound the exception to `e`. */
  private checkBareTypes(types: readonly Node[]): void {
    const second = types[1];
    const old = types.length === 2 && second?.kind === 'name' && /^[a-z_]/.test(second.text);
    if (old) this.failSpan('multiple exception types must be parenthesized', types);
    const [first] = types;
    this.needs(14, 'except without parentheses', first?.start ?? 0, this.lastEnd);
  }

  private failSpan(message: string, nodes: readonly Node[]): never {
    return this.fail(message, nodes[0]?.start ?? 0, nodes.at(-1)?.end ?? 0);
  }

  private asyncStatement(decorators: readonly Node[]): Node {
    const { start } = this.advance();
    if (this.isKeyword('def')) return this.functionDefinition(start, decorators);
    if (decorators.length > 0) this.invalid();
    if (this.isKeyword('for')) return this.forStatement(start);
    if (this.isKeyword('with')) return this.withStatement(start);
    return this.invalid();
  }

  private decorated(): Node {
    const decorators: Node[] = [];
    while (this.takeOp('@')) {
      decorators.push(this.namedExpression());
      if (!this.isKind('newline')) this.invalid();
      this.advance();
    }
    if (this.isKeyword('def')) return this.functionDefinition(undefined, decorators);
    if (this.isKeyword('class')) return this.classDefinition(decorators);
    if (this.isKeyword('async')) return this.asyncStatement(decorators);
    return this.invalid();
  }

  /** `match` is a name like any other unless what follows can only be a statement. */
  private matchStatement(): Node | undefined {
    const { start, end } = this.token;
    const subject = this.attempt(() => {
      this.advance();
      const value = this.expressions(() => this.starNamed());
      if (value.kind === 'starred') this.invalid();
      this.expectOp(':');
      if (!this.isKind('newline')) this.invalid();
      this.advance();
      if (!this.isKind('indent')) this.invalid();
      this.advance();
      if (!this.isSoft('case')) this.invalid();
      return value;
    });
    if (subject === undefined) return undefined;
    this.needs(10, 'the match statement', start, end);
    const body = this.cases();
    return { ...node('match', start, this.lastEnd, [subject]), body };
  }

  private cases(): Node[] {
    const cases: Node[] = [];
    let irrefutable: { readonly what: string; readonly start: number; readonly end: number } | undefined;
    while (this.isSoft('case')) {
      if (irrefutable !== undefined) {
        this.failAt(`${irrefutable.what} makes remaining patterns unreachable`, irrefutable);
      }
      const { start } = this.advance();
      const pattern = this.casePattern();
      const guard = this.takeKeyword('if') ? [this.namedExpression()] : [];
      if (guard.length === 0 && pattern.irrefutable !== undefined) {
        irrefutable = { what: pattern.irrefutable, start: pattern.start, end: pattern.end };
      }
      const body = this.block("'case' statement");
      cases.push({ ...node('case', start, this.lastEnd, [...pattern.children, ...guard]), body });
    }
    if (this.isKind('dedent')) this.advance();
    else if (!this.isKind('end')) this.invalid();
    return cases;
  }
}
