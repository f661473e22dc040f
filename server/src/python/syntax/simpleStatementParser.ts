/** Statements that fit on one line. */
import { node, type Node } from './node';
import { PatternParser } from './patternParser';
import { checkDebug, checkTarget, describe, isSingleTarget } from './targets';

const augmented: ReadonlySet<string> = new Set([
  '+=',
  '-=',
  '*=',
  '/=',
  '//=',
  '%=',
  '@=',
  '&=',
  '|=',
  '^=',
  '>>=',
  '<<=',
  '**=',
]);

export abstract class SimpleStatementParser extends PatternParser {
  /** Statements with semicolons between them, up to and with the end of the line. */
  protected simpleStatements(): Node[] {
    const statements: Node[] = [];
    do {
      if (this.isKind('newline') && statements.length > 0) break;
      statements.push(this.simpleStatement());
    } while (this.takeOp(';'));
    if (!this.isKind('newline')) this.invalid();
    this.advance();
    return statements;
  }

  private simpleStatement(): Node {
    const { kind, text, start, end } = this.token;
    if (kind === 'keyword') {
      const read = this.keywordStatement(text, start, end);
      if (read !== undefined) return read;
    }
    if (kind === 'name' && text === 'type') {
      const alias = this.typeAlias();
      if (alias !== undefined) return alias;
    }
    return this.expressionStatement();
  }

  private keywordStatement(text: string, start: number, end: number): Node | undefined {
    switch (text) {
      case 'pass':
      case 'break':
      case 'continue':
        this.advance();
        return node(text, start, end);
      case 'return':
        return this.returnStatement();
      case 'import':
        return this.importStatement();
      case 'from':
        return this.fromStatement();
      case 'del':
        return this.delStatement();
      default:
        return this.rarerStatement(text);
    }
  }

  private rarerStatement(text: string): Node | undefined {
    switch (text) {
      case 'raise':
        return this.raiseStatement();
      case 'assert':
        return this.assertStatement();
      case 'global':
      case 'nonlocal':
        return this.scopeStatement(text);
      default:
        return undefined;
    }
  }

  private atLineEnd(): boolean {
    return this.isKind('newline') || this.isOp(';');
  }

  private returnStatement(): Node {
    const { start, end } = this.advance();
    if (this.atLineEnd()) return node('return', start, end);
    const value = this.expressions();
    this.refuseLoneStar(value);
    return node('return', start, value.end, [value]);
  }

  private raiseStatement(): Node {
    const { start, end } = this.advance();
    if (this.atLineEnd()) return node('raise', start, end);
    const parts = [this.expression()];
    if (this.takeKeyword('from')) parts.push(this.expression());
    return node('raise', start, this.lastEnd, parts);
  }

  private assertStatement(): Node {
    const { start } = this.advance();
    const parts = [this.expression()];
    if (this.takeOp(',')) parts.push(this.expression());
    return node('assert', start, this.lastEnd, parts);
  }

  private scopeStatement(kind: 'global' | 'nonlocal'): Node {
    const { start } = this.advance();
    const names: Node[] = [];
    do {
      const name = this.expectName();
      names.push(node('binding', name.start, name.end, undefined, name.text));
    } while (this.takeOp(','));
    return node(kind, start, this.lastEnd, names);
  }

  private delStatement(): Node {
    const { start } = this.advance();
    const target = this.expressions();
    // `del a, b` deletes both; `del (a, b)` too.
    checkTarget(target, 'delete');
    return { ...node('del', start, this.lastEnd, [target]), targets: [target] };
  }

  private importStatement(): Node {
    const { start } = this.advance();
    const bindings: Node[] = [];
    do {
      bindings.push(this.dottedAlias());
    } while (this.takeOp(','));
    return node('import', start, this.lastEnd, bindings);
  }

  private dottedAlias(): Node {
    const first = this.expectName();
    while (this.takeOp('.')) this.expectName();
    return this.alias(first);
  }

  private alias(first: { readonly text: string; readonly start: number; readonly end: number }): Node {
    if (!this.takeKeyword('as')) return this.binding(first);
    const name = this.expectName();
    if (this.isOp('.') || this.isOp('(') || this.isOp('[')) {
      const what = this.isOp('.') ? 'attribute' : this.isOp('(') ? 'function call' : 'subscript';
      this.fail(`cannot use ${what} as import target`, name.start, this.token.end);
    }
    return this.binding(name);
  }

  private binding({ text, start, end }: { readonly text: string; readonly start: number; readonly end: number }): Node {
    const binding = node('binding', start, end, undefined, text);
    checkDebug(binding);
    return binding;
  }

  /** `text` of the node is the module, with its leading dots. */
  private fromStatement(): Node {
    const { start } = this.advance();
    const moduleStart = this.token.start;
    while (this.isOp('.') || this.isOp('...')) this.advance();
    if (!this.isKeyword('import') || this.lastEnd < moduleStart) {
      this.expectName();
      while (this.takeOp('.')) this.expectName();
    }
    const module = this.source.slice(moduleStart, this.lastEnd).replace(/\s/g, '');
    this.expectKeyword('import');
    const star = this.token;
    if (this.takeOp('*')) {
      return node('importFrom', start, this.lastEnd, [node('starred', star.start, star.end)], module);
    }
    const names = this.importedNames();
    return node('importFrom', start, this.lastEnd, names, module);
  }

  private importedNames(): Node[] {
    const parenthesised = this.takeOp('(');
    if (this.isKind('newline')) this.invalid("Expected one or more names after 'import'");
    const names: Node[] = [];
    do {
      if (parenthesised && this.isOp(')') && names.length > 0) break;
      if (!parenthesised && names.length > 0 && this.isKind('newline')) {
        this.invalid('trailing comma not allowed without surrounding parentheses');
      }
      // The names as the module has them: what `from __future__` is asked for.
      const name = this.expectName();
      const bound = this.alias(name);
      names.push({ ...bound, children: [node('constant', name.start, name.end, undefined, name.text)] });
    } while (this.takeOp(','));
    if (parenthesised) this.expectCloser(')', undefined);
    return names;
  }

  /** `type X = …`; anything else that starts with `type` is an ordinary expression. */
  private typeAlias(): Node | undefined {
    const { start, end } = this.token;
    const name = this.attempt(() => {
      this.advance();
      const word = this.expectName();
      if (!this.isOp('=') && !this.isOp('[')) this.invalid();
      return word;
    });
    if (name === undefined) return undefined;
    this.needs(12, 'the type statement', start, end);
    const typeParameters = this.isOp('[') ? this.typeParameters() : undefined;
    this.expectOp('=');
    const value = this.expression();
    const bound = node('binding', name.start, name.end, undefined, name.text);
    const read = node('typeAlias', start, this.lastEnd, [bound, value]);
    return typeParameters === undefined ? read : { ...read, typeParameters };
  }

  protected abstract typeParameters(): NonNullable<Node['typeParameters']>;

  private expressionStatement(): Node {
    const { start } = this.token;
    const first = this.yieldOrExpressions();
    if (this.isOp('=')) return this.assignment(first);
    if (this.isOp(':')) return this.annotatedAssignment(first);
    if (this.isKind('op') && augmented.has(this.token.text)) return this.augmentedAssignment(first);
    if (this.atLineEnd()) {
      this.refuseLoneStar(first);
      return node('expression', start, this.lastEnd, [first]);
    }
    return this.notAStatement(first);
  }

  private notAStatement(first: Node): never {
    const word = first.kind === 'name' && first.parenthesised !== true ? first.text : '';
    if ((word === 'print' || word === 'exec') && this.token.problem === undefined && this.canStartExpression()) {
      this.fail(`Missing parentheses in call to '${word}'. Did you mean ${word}(...)?`, first.start, this.token.end);
    }
    return this.invalid();
  }

  private assignment(first: Node): Node {
    const targets: Node[] = [];
    let value = first;
    while (this.isOp('=')) {
      if (value.kind === 'yield' || value.kind === 'yieldFrom') {
        if (value.parenthesised !== true) this.failAt('assignment to yield expression not possible', value);
      }
      checkTarget(value, 'assign to');
      targets.push(value);
      this.advance();
      value = this.yieldOrExpressions();
    }
    if (this.isKind('op') && augmented.has(this.token.text)) this.invalid();
    this.refuseLoneStar(value);
    if (!this.atLineEnd()) this.invalid();
    return { ...node('assign', first.start, this.lastEnd, [value, ...targets]), targets };
  }

  private annotatedAssignment(target: Node): Node {
    this.refuseHeader(target);
    if (!isSingleTarget(target)) {
      const only = target.kind === 'tuple' || target.kind === 'list';
      // `else:` without its `if`, `lambda x: …` cut short and the like are no annotations.
      if (only) this.failAt(`only single target (not ${target.kind}) can be annotated`, target);
      if (target.kind === 'starred') this.invalid();
      this.failAt('illegal target for annotation', target);
    }
    checkDebug(target);
    this.advance();
    const annotation = this.expression();
    const parts = [annotation];
    if (this.takeOp('=')) {
      const value = this.yieldOrExpressions();
      this.refuseLoneStar(value);
      parts.push(value);
    }
    if (!this.atLineEnd()) this.invalid();
    return { ...node('annotated', target.start, this.lastEnd, [...parts, target]), targets: [target] };
  }

  /** `ass Foo(Base):` and the like: a colon that nothing follows ends the head of a block, no annotation. */
  private refuseHeader(target: Node): void {
    if (isSingleTarget(target)) return;
    const line = this.source.slice(this.token.end).match(/^[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|$)/);
    if (line !== null) this.invalid();
  }

  private augmentedAssignment(target: Node): Node {
    if (!isSingleTarget(target)) {
      this.failAt(`'${describe(target)}' is an illegal expression for augmented assignment`, target);
    }
    checkDebug(target);
    this.advance();
    const value = this.yieldOrExpressions();
    this.refuseLoneStar(value);
    if (!this.atLineEnd()) this.invalid();
    // The target is read before it is written.
    return { ...node('augmented', target.start, this.lastEnd, [target, value, target]), targets: [target] };
  }
}
