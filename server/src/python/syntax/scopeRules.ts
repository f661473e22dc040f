/** What CPython refuses after parsing: `return` and `await` in the wrong place, `global` and `nonlocal` that contradict. */
import type { Clause, Node } from './node';
import { Scope, Use, type Place } from './scope';
import type { SyntaxProblem } from './syntaxProblem';

interface Flow {
  readonly loop: boolean;
  /** Inside an `except*` block, and whether a loop was opened in it. */
  readonly exceptStar: 'no' | 'yes' | 'loop';
  /** Loops, `with` and `try` around: CPython has room for some twenty in one function. */
  readonly blocks: number;
}

const straight: Flow = { loop: false, exceptStar: 'no', blocks: 0 };
const mostBlocks = 21;
const counted: ReadonlySet<string> = new Set(['for', 'while', 'with', 'try']);

export interface ScopeReport {
  readonly problem: SyntaxProblem | undefined;
  /** A `global` at module level concerns names in other statements of the file. */
  readonly globalAtModuleLevel: boolean;
}

/** Looks at whole top-level statements. */
export function checkScopes(statements: readonly Node[]): ScopeReport {
  const checker = new ScopeChecker();
  checker.body(statements, checker.module, straight);
  if (checker.first === undefined) checker.resolve(checker.module);
  return { problem: checker.first, globalAtModuleLevel: checker.globalAtModuleLevel };
}

const starBlock = "'break', 'continue' and 'return' cannot appear in an except* block";

class ScopeChecker {
  readonly module = new Scope('module', undefined);
  first: SyntaxProblem | undefined;
  globalAtModuleLevel = false;
  private iterables = 0;

  private refuse(message: string, { start, end }: Place): void {
    if (this.first !== undefined && this.first.start <= start) return;
    this.first = { kind: 'SyntaxError', message, start, end };
  }

  body(statements: readonly Node[], scope: Scope, flow: Flow): void {
    for (const statement of statements) this.statement(statement, scope, flow);
  }

  private statement(node: Node, scope: Scope, flow: Flow): void {
    switch (node.kind) {
      case 'function':
        return this.functionDefinition(node, scope);
      case 'class':
        return this.classDefinition(node, scope);
      case 'return':
        return this.returnStatement(node, scope, flow);
      case 'break':
      case 'continue':
        return this.jump(node, flow);
      case 'global':
      case 'nonlocal':
        return this.declaration(node, scope);
      case 'importFrom':
        return this.importFrom(node, scope);
      default:
        return this.plain(node, scope, flow);
    }
  }

  private plain(node: Node, scope: Scope, flow: Flow): void {
    if (node.isAsync === true) this.asyncStatement(node, scope);
    if (node.kind === 'typeAlias') return this.typeAlias(node, scope);
    if (node.kind === 'annotated') this.annotate(node, scope);
    this.parts(node, scope);
    const inner = this.innerFlow(node, flow);
    this.body(node.body ?? [], scope, inner);
    for (const tail of node.tails ?? []) this.body(tail, scope, flow);
  }

  private parts(node: Node, scope: Scope): void {
    for (const child of node.children) {
      if (node.targets?.includes(child) === true) this.target(child, scope);
      else this.expression(child, scope);
    }
  }

  private innerFlow(node: Node, flow: Flow): Flow {
    const blocks = flow.blocks + (counted.has(node.kind) ? 1 : 0);
    if (blocks > mostBlocks) this.refuse('too many statically nested blocks', node);
    if (node.kind === 'for' || node.kind === 'while') {
      return { loop: true, exceptStar: flow.exceptStar === 'no' ? 'no' : 'loop', blocks };
    }
    if (node.kind === 'handler' && node.text === '*') return { ...flow, exceptStar: 'yes', blocks };
    return blocks === flow.blocks ? flow : { ...flow, blocks };
  }

  private asyncStatement(node: Node, scope: Scope): void {
    if (scope.kind === 'function' && scope.isAsync) return;
    this.refuse(`'async ${node.kind}' outside async function`, { start: node.start, end: node.start + 5 });
  }

  private typeAlias(node: Node, scope: Scope): void {
    const [name, value] = node.children;
    if (name !== undefined) this.bind(name, scope);
    const inner = this.typeScope(node, new Scope('types', scope));
    if (value !== undefined) this.expression(value, inner);
  }

  private annotate(node: Node, scope: Scope): void {
    const target = node.targets?.[0];
    if (target === undefined || target.kind !== 'name' || target.parenthesised === true) return;
    const uses = scope.uses(target.text);
    // At module level the name is global anyway.
    if (scope.kind !== 'module' && (uses & (Use.Global | Use.Nonlocal)) !== 0) {
      const what = (uses & Use.Global) !== 0 ? 'global' : 'nonlocal';
      this.refuse(`annotated name '${target.text}' can't be ${what}`, target);
    }
    scope.add(target.text, Use.Annotated);
  }

  private jump(node: Node, flow: Flow): void {
    if (flow.exceptStar === 'yes') this.refuse(starBlock, node);
    else if (!flow.loop)
      this.refuse(node.kind === 'break' ? "'break' outside loop" : "'continue' not properly in loop", node);
  }

  private returnStatement(node: Node, scope: Scope, flow: Flow): void {
    if (scope.kind !== 'function') this.refuse("'return' outside function", node);
    else if (flow.exceptStar !== 'no') this.refuse(starBlock, node);
    if (node.children.length > 0) scope.returns.push(node);
    this.parts(node, scope);
  }

  private declaration(node: Node, scope: Scope): void {
    const isGlobal = node.kind === 'global';
    if (!isGlobal && scope.kind === 'module') {
      this.refuse('nonlocal declaration not allowed at module level', node);
      return;
    }
    if (isGlobal && scope.kind === 'module') this.globalAtModuleLevel = true;
    for (const binding of node.children) this.declare(node.kind, binding, node, scope);
  }

  private declare(kind: string, { text, start, end }: Node, statement: Node, scope: Scope): void {
    const uses = scope.uses(text);
    const other = kind === 'global' ? Use.Nonlocal : Use.Global;
    if ((uses & other) !== 0)
      this.refuse(`name '${text}' is nonlocal and global`, scope.declared.get(text) ?? statement);
    const before = earlierUse(uses, kind, text);
    if (before !== undefined) this.refuse(before, statement);
    scope.declared.set(text, statement);
    scope.add(text, kind === 'global' ? Use.Global : Use.Nonlocal);
    if (kind === 'nonlocal')
      scope.nonlocals.push({ name: text, place: { start: statement.start, end: Math.max(end, start) } });
  }

  private importFrom(node: Node, scope: Scope): void {
    for (const child of node.children) {
      if (child.kind === 'binding') this.bind(child, scope);
      else if (scope.kind !== 'module') this.refuse('import * only allowed at module level', node);
    }
  }

  private functionDefinition(node: Node, scope: Scope): void {
    this.definitionName(node, scope);
    const outer = this.typeScope(node, scope);
    for (const child of node.children) this.expression(child, outer);
    const inner = new Scope('function', outer, node.isAsync);
    this.parameters(node, scope, outer, inner);
    this.body(node.body ?? [], inner, straight);
    const [returned] = inner.returns;
    if (inner.isAsync && inner.generates && returned !== undefined) {
      this.refuse("'return' with value in async generator", returned);
    }
  }

  /** Type parameters have a scope of their own, around bases, annotations and body. */
  private typeScope(node: Node, scope: Scope): Scope {
    if (node.typeParameters === undefined) return scope;
    const inner = new Scope('types', scope);
    for (const { name, parts } of node.typeParameters) {
      inner.add(name, Use.Read);
      for (const part of parts) this.expression(part, inner);
    }
    return inner;
  }

  private classDefinition(node: Node, scope: Scope): void {
    this.definitionName(node, scope);
    const outer = this.typeScope(node, scope);
    for (const child of node.children) this.expression(child, outer);
    this.body(node.body ?? [], new Scope('class', outer), straight);
  }

  private definitionName(node: Node, scope: Scope): void {
    const start = node.nameStart ?? node.start;
    this.assign(node.text, { start, end: start + node.text.length }, scope);
  }

  private parameters(node: Node, scope: Scope, outer: Scope, inner: Scope): void {
    for (const { name, annotation, defaultValue } of node.parameters ?? []) {
      if (defaultValue !== undefined) this.expression(defaultValue, scope);
      if (annotation !== undefined) this.expression(annotation, outer);
      inner.add(name, Use.Parameter);
    }
  }

  private bind(node: Node, scope: Scope): void {
    this.assign(node.text, node, scope);
  }

  private assign(name: string, place: Place, scope: Scope): void {
    if (name === '__debug__') this.refuse('cannot assign to __debug__', place);
    scope.add(name, Use.Assigned);
    if (scope.kind !== 'comprehension') return;
    if (scope.walrusNames.has(name)) {
      this.refuse(`comprehension inner loop cannot rebind assignment expression target '${name}'`, place);
    }
    scope.iterationNames.add(name);
  }

  private target(node: Node, scope: Scope): void {
    if (node.kind === 'name') return this.bind(node, scope);
    if (node.kind === 'tuple' || node.kind === 'list' || node.kind === 'starred') {
      for (const child of node.children) this.target(child, scope);
      return;
    }
    this.expression(node, scope);
  }

  private expression(node: Node, scope: Scope): void {
    switch (node.kind) {
      case 'name':
        return scope.add(node.text, Use.Read);
      case 'binding':
        return this.bind(node, scope);
      case 'lambda':
        return this.lambda(node, scope);
      case 'comprehension':
        return this.comprehension(node, scope);
      case 'walrus':
        return this.walrus(node, scope);
      case 'await':
        this.await(node, scope);
        break;
      case 'yield':
      case 'yieldFrom':
        this.yield(node, scope);
        break;
      default:
    }
    for (const child of node.children) this.expression(child, scope);
  }

  private lambda(node: Node, scope: Scope): void {
    const inner = new Scope('lambda', scope);
    this.parameters(node, scope, scope, inner);
    for (const child of node.children) this.expression(child, inner);
  }

  private await(node: Node, scope: Scope): void {
    if (scope.kind === 'module' || scope.kind === 'class') this.refuse("'await' outside function", node);
    else if (scope.kind === 'comprehension') scope.isAsync = true;
    else if (!scope.isAsync) this.refuse("'await' outside async function", node);
  }

  private yield(node: Node, scope: Scope): void {
    if (scope.kind === 'module' || scope.kind === 'class') return this.refuse("'yield' outside function", node);
    if (scope.kind === 'comprehension') return this.refuse("'yield' inside comprehension", node);
    if (scope.kind === 'types') return this.refuse('yield expression cannot be used within a type parameter', node);
    scope.generates = true;
    if (node.kind === 'yieldFrom' && scope.isAsync) this.refuse("'yield from' inside async function", node);
  }

  private walrus(node: Node, scope: Scope): void {
    const [value] = node.children;
    const target = node.targets?.[0];
    if (target === undefined || value === undefined) return;
    if (this.iterables > 0) {
      this.refuse('assignment expression cannot be used in a comprehension iterable expression', node);
    }
    if (scope.binding.kind === 'types') {
      this.refuse('named expression cannot be used within a type parameter', node);
    }
    if (scope.kind === 'comprehension') this.walrusInComprehension(target, node, scope);
    else this.bind(target, scope);
    this.expression(value, scope);
  }

  private walrusInComprehension(target: Node, node: Node, scope: Scope): void {
    for (let at: Scope | undefined = scope; at?.kind === 'comprehension'; at = at.parent) {
      if (at.iterationNames.has(target.text)) {
        const message = `assignment expression cannot rebind comprehension iteration variable '${target.text}'`;
        this.refuse(message, target);
      }
      at.walrusNames.add(target.text);
    }
    if (scope.binding.kind === 'class') {
      this.refuse('assignment expression within a comprehension cannot be used in a class body', node);
    }
    this.assign(target.text, target, scope.binding);
  }

  private comprehension(node: Node, scope: Scope): void {
    const inner = new Scope('comprehension', scope);
    const [first, ...others] = node.clauses ?? [];
    if (first === undefined) return;
    this.iterable(first, scope);
    this.clause(first, inner);
    for (const clause of others) {
      this.iterable(clause, inner);
      this.clause(clause, inner);
    }
    for (const element of node.children) this.expression(element, inner);
    if (inner.isAsync && node.text !== 'generator expression') this.asyncComprehension(node, scope);
  }

  private iterable(clause: Clause, scope: Scope): void {
    this.iterables++;
    this.expression(clause.iterable, scope);
    this.iterables--;
  }

  private clause(clause: Clause, inner: Scope): void {
    if (clause.isAsync) inner.isAsync = true;
    this.target(clause.target, inner);
    for (const condition of clause.conditions) this.expression(condition, inner);
  }

  private asyncComprehension(node: Node, scope: Scope): void {
    if (scope.kind === 'comprehension') scope.isAsync = true;
    else if (!scope.isAsync) {
      this.refuse('asynchronous comprehension outside of an asynchronous function', node);
    }
  }

  /** Each `nonlocal` needs a function around it that binds the name. */
  resolve(scope: Scope): void {
    for (const { name, place } of scope.nonlocals) {
      if (!isBoundAround(scope, name)) this.refuse(`no binding for nonlocal '${name}' found`, place);
    }
    for (const child of scope.children) this.resolve(child);
  }
}

function earlierUse(uses: number, kind: string, name: string): string | undefined {
  if ((uses & Use.Parameter) !== 0) return `name '${name}' is parameter and ${kind}`;
  if ((uses & Use.Read) !== 0) return `name '${name}' is used prior to ${kind} declaration`;
  if ((uses & Use.Annotated) !== 0) return `annotated name '${name}' can't be ${kind}`;
  if ((uses & Use.Assigned) !== 0) return `name '${name}' is assigned to before ${kind} declaration`;
  return undefined;
}

function isBoundAround(scope: Scope, name: string): boolean {
  for (let at = scope.parent; at !== undefined; at = at.parent) {
    if (at.kind === 'class' && name === '__class__') return true;
    if (at.kind === 'class' || at.kind === 'module') continue;
    if (at.kind === 'types' && at.uses(name) !== 0) return false;
    const uses = at.uses(name);
    if ((uses & Use.Global) !== 0) return false;
    if ((uses & (Use.Parameter | Use.Assigned | Use.Nonlocal | Use.Annotated)) !== 0) return true;
  }
  return false;
}
