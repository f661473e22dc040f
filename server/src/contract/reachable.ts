/** Functions that a method leads to, through calls of the class's other methods and of functions of the package. */
import { memberOf } from '../python/classes';
import type { ModuleModel } from '../python/modules';
import type { ClassModel, Resolver } from '../python/resolve';
import { parametersOf } from '../python/signature';
import type { SyntaxNode } from '../python/syntaxNode';
import { isSelf, positional, type Scope, type Value, type Values } from '../python/values';
import { isConditional, walkLive } from './liveCode';

export interface Reached {
  readonly node: SyntaxNode;
  readonly scope: Scope;
  /** False where a condition or a loop decides whether it is called. */
  readonly always: boolean;
}

type Given = ReadonlyMap<string, Value>;

interface Called {
  readonly node: SyntaxNode;
  readonly module: ModuleModel;
  readonly cls: ClassModel | undefined;
}

const mostFunctions = 150;

export class Reach {
  private readonly found: Reached[] = [];
  private readonly seen = new Set<string>();
  private readonly numbers = new Map<SyntaxNode, number>();
  constructor(
    private readonly cls: ClassModel,
    private readonly values: Values,
  ) {}

  private get resolver(): Resolver {
    return this.values.resolver;
  }

  /** The method itself comes first. `given`: what its parameters after `self` are. */
  from(method: string, given: readonly Value[] = []): readonly Reached[] {
    const member = memberOf(this.cls, method, this.resolver);
    if (member.kind !== 'found' || member.binding.kind !== 'function') return this.found;
    const names = parametersOf(member.binding.node).map((parameter) => parameter.name);
    const isStatic = member.binding.decorators.some((one) => one.text === 'staticmethod');
    const own = isStatic ? names : names.slice(1);
    const known = new Map(own.flatMap((name, index) => pair(name, given[index])));
    this.visit({ node: member.binding.node, module: member.owner.module, cls: this.cls }, known, undefined, true);
    return this.found;
  }

  private visit({ node, module, cls }: Called, given: Given, around: Scope['given'], always: boolean): void {
    const key = `${this.numberOf(node)} ${JSON.stringify([...given].map(([name, value]) => [name, textOf(value)]))}`;
    if (this.seen.has(key) || this.found.length >= mostFunctions) return;
    this.seen.add(key);
    // What callers were given is needed too: attributes may hold it.
    const scope: Scope = { module, cls, given: new Map([...(around ?? []), [node, given]]) };
    this.found.push({ node, scope, always });
    const body = node.child('body');
    if (body === undefined) return;
    walkLive(body, module.name, (inner) => {
      if (inner.type === 'call') this.follow(inner, scope, always && !isConditional(inner));
    });
  }

  private numberOf(node: SyntaxNode): number {
    const number = this.numbers.get(node) ?? this.numbers.size;
    this.numbers.set(node, number);
    return number;
  }

  private follow(call: SyntaxNode, scope: Scope, always: boolean): void {
    const callee = call.child('function');
    const object = callee?.type === 'attribute' ? callee.child('object') : undefined;
    if (callee !== undefined && object?.type === 'identifier' && isSelf(object)) {
      this.followMethod(callee.textOf('attribute'), call, scope, always);
      return;
    }
    const meaning = this.resolver.expression(callee, scope.module);
    if (meaning.kind !== 'function' || meaning.fn.node.type !== 'function_definition') return;
    const { node, module } = meaning.fn;
    this.visit({ node, module, cls: undefined }, this.arguments(call, node, 0, scope), scope.given, always);
  }

  private followMethod(name: string, call: SyntaxNode, scope: Scope, always: boolean): void {
    const member = memberOf(this.cls, name, this.resolver);
    if (member.kind !== 'found' || member.binding.kind !== 'function') return;
    const isStatic = member.binding.decorators.some((one) => one.text === 'staticmethod');
    const given = this.arguments(call, member.binding.node, isStatic ? 0 : 1, scope);
    this.visit({ node: member.binding.node, module: member.owner.module, cls: this.cls }, given, scope.given, always);
  }

  private arguments(call: SyntaxNode, fn: SyntaxNode, skipped: number, scope: Scope): Given {
    const names = parametersOf(fn).map((parameter) => parameter.name);
    const values = positional(call).map((node) => this.values.of(node, scope));
    const given = new Map(names.slice(skipped).flatMap((name, index) => pair(name, values[index])));
    for (const part of call.child('arguments')?.parts ?? []) {
      if (part.type !== 'keyword_argument') continue;
      for (const [name, value] of pair(part.textOf('name'), this.values.of(part.child('value'), scope)))
        given.set(name, value);
    }
    return given;
  }
}

const pair = (name: string, value: Value | undefined): [string, Value][] =>
  value?.kind === 'text' ? [[name, value]] : [];

const textOf = (value: Value): string => (value.kind === 'text' ? value.text : '');

/** Calls in a reached function, those of functions inside of it too. */
export function callsIn(reached: Reached, visit: (call: SyntaxNode) => void): void {
  const body = reached.node.child('body');
  if (body === undefined) return;
  walkLive(body, reached.scope.module.name, (node) => {
    if (node.type === 'call') visit(node);
  });
}
