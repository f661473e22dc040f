/** Members of a class with what it inherits, as far as the package shows it. */
import { flowOf, type Binding, type Flow } from './flow';
import type { ClassModel, Resolver } from './resolve';
import { walk, type SyntaxNode } from './syntaxNode';

/** A class that is defined outside of the package, or cannot be followed: it may define anything. */
export const unknownClass = 'unknown';
export type Ancestor = ClassModel | typeof unknownClass;

export type Member =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }
  /** `sure` is false where it may not be the one that is used. */
  | { readonly kind: 'found'; readonly owner: ClassModel; readonly binding: Binding; readonly sure: boolean };

const flows = new WeakMap<SyntaxNode, Flow>();
const attributes = new WeakMap<SyntaxNode, ReadonlyMap<string, readonly SyntaxNode[]>>();

/** Bases that add no method which a run calls, and take any class as they find it. */
const plainBases = /^(?:builtins\.object|abc\.ABC|typing(?:_extensions)?\.(?:Generic|Protocol))$/;
const plainMetaclass = /^(?:abc\.ABCMeta|builtins\.type)$/;

export function bodyFlow(cls: ClassModel): Flow {
  const body = cls.node.child('body');
  const known = flows.get(cls.node);
  if (known !== undefined) return known;
  const flow: Flow = body === undefined ? { names: new Map(), dead: [], stars: [] } : flowOf(body, cls.module.name);
  flows.set(cls.node, flow);
  return flow;
}

/** The order in which Python looks for a member, the class itself first. */
export function ancestry(cls: ClassModel, resolver: Resolver, around: readonly SyntaxNode[] = []): readonly Ancestor[] {
  if (around.includes(cls.node) || around.length > 30) return [unknownClass];
  const bases = basesOf(cls, resolver);
  const lines = bases.map((base) =>
    base === unknownClass ? [unknownClass] : [...ancestry(base, resolver, [...around, cls.node])],
  ) as Ancestor[][];
  return [cls, ...(merge([...lines, [...bases]]) ?? [unknownClass])];
}

/** The C3 merge; undefined where there is no order (Python refuses such a class). */
function merge(lines: Ancestor[][]): Ancestor[] | undefined {
  const order: Ancestor[] = [];
  for (
    let open = lines.filter((line) => line.length > 0);
    open.length > 0;
    open = open.filter((line) => line.length > 0)
  ) {
    const next = open
      .map((line) => line[0] as Ancestor)
      .find((head) => !open.some((line) => line.slice(1).some((other) => same(other, head))));
    if (next === undefined) return undefined;
    order.push(next);
    for (const line of open) if (same(line[0] as Ancestor, next)) line.shift();
    // Several unknown bases are one: nothing is known of what comes after either.
    if (next === unknownClass) open.forEach((line) => line.splice(0, line.length, ...line.filter((a) => a !== next)));
  }
  return order;
}

const same = (a: Ancestor, b: Ancestor): boolean =>
  a === b || (a !== unknownClass && b !== unknownClass && a.node === b.node);

function basesOf(cls: ClassModel, resolver: Resolver): readonly Ancestor[] {
  const bases: Ancestor[] = [];
  for (const part of cls.node.child('superclasses')?.parts ?? []) {
    if (part.type === 'keyword_argument') {
      if (!isPlainMetaclass(part, cls, resolver)) bases.unshift(unknownClass);
      continue;
    }
    const base = baseOf(part, cls, resolver);
    if (base !== undefined) bases.push(base);
  }
  return bases;
}

/** Undefined for a base that changes nothing. */
function baseOf(node: SyntaxNode, cls: ClassModel, resolver: Resolver): Ancestor | undefined {
  const generic = node.type === 'subscript' ? node.child('value') : node;
  const meaning = resolver.expression(generic, cls.module);
  if (meaning.kind === 'class') return meaning.cls.node === cls.node ? unknownClass : meaning.cls;
  return meaning.kind === 'outside' && plainBases.test(meaning.what) ? undefined : unknownClass;
}

function isPlainMetaclass(part: SyntaxNode, cls: ClassModel, resolver: Resolver): boolean {
  if (part.child('name')?.text !== 'metaclass') return true;
  const meaning = resolver.expression(part.child('value'), cls.module);
  return meaning.kind === 'outside' && plainMetaclass.test(meaning.what);
}

/** Whether abstract methods keep the class from being built. */
export function isAbstract(cls: ClassModel, resolver: Resolver): boolean {
  return ancestry(cls, resolver).some((one) => one !== unknownClass && namesAbc(one, resolver));
}

function namesAbc(cls: ClassModel, resolver: Resolver): boolean {
  return (cls.node.child('superclasses')?.parts ?? []).some((part) => {
    const value = part.type === 'keyword_argument' ? part.child('value') : part;
    const meaning = resolver.expression(value, cls.module);
    return meaning.kind === 'outside' && /^(?:abc\.ABC(?:Meta)?|typing(?:_extensions)?\.Protocol)$/.test(meaning.what);
  });
}

/** The member that `Main().name` finds on the class. Instances' own attributes are not looked at. */
export function memberOf(cls: ClassModel, name: string, resolver: Resolver): Member {
  const patched = patchedMember(cls, name);
  if (patched !== undefined) return patched;
  for (const one of ancestry(cls, resolver)) {
    if (one === unknownClass) return { kind: 'unknown' };
    const member = ownMember(one, name);
    if (member !== undefined) return member;
  }
  return { kind: 'absent' };
}

/** `Main.train = …` after the class. */
function patchedMember(cls: ClassModel, name: string): Member | undefined {
  const later = cls.module.flow.names.get(`${cls.name}.${name}`);
  const [binding] = later?.bindings ?? [];
  if (later === undefined || binding === undefined || binding.kind === 'deleted') return undefined;
  const sure = later.bindings.length === 1 && !later.unbound;
  return sure ? { kind: 'found', owner: cls, binding, sure } : { kind: 'unknown' };
}

function ownMember(cls: ClassModel, name: string): Member | undefined {
  const flow = bodyFlow(cls);
  const possible = flow.names.get(name);
  const [first, ...others] = possible?.bindings ?? [];
  if (flow.stars.length > 0) return { kind: 'unknown' };
  if (possible === undefined || first === undefined) return undefined;
  if (others.length > 0 || possible.unbound) return { kind: 'unknown' };
  if (first.kind === 'deleted') return undefined;
  return { kind: 'found', owner: cls, binding: first, sure: true };
}

/** True where members may come about in ways that are not followed: nothing may be called missing then. */
export function addsMembers(cls: ClassModel, name: string, resolver: Resolver): boolean {
  return ancestry(cls, resolver).some((one) => {
    if (one === unknownClass) return true;
    const names = bodyFlow(one).names;
    if (names.has('__getattr__') || names.has('__getattribute__') || names.has('__new__')) return true;
    return instanceAttributes(one).has(name) || setsAttributes(one, name);
  });
}

/** Attributes that are set by name, in the class or from outside: which ones is not known. */
function setsAttributes({ module }: ClassModel, name: string): boolean {
  const { text } = module.file;
  if (!/\bsetattr\b|__setattr__|__dict__|\bexec\b|\blocals\b|\bvars\b/.test(text) && !text.includes(`.${name}`))
    return false;
  let found = false;
  walk(module.root, (node) => {
    found ||= setsByName(node) || isOutsideTarget(node, name);
    return !found;
  });
  return found;
}

function setsByName(node: SyntaxNode): boolean {
  if (node.type === 'attribute') return /^(?:__dict__|__setattr__)$/.test(node.textOf('attribute'));
  return node.type === 'call' && /^(?:setattr|exec|vars|locals)$/.test(node.textOf('function'));
}

/** `Base.train = …`, `cls.train = …`: whatever the object is. */
const isOutsideTarget = (node: SyntaxNode, name: string): boolean =>
  node.type === 'attribute' && node.textOf('attribute') === name && assignmentAround(node) !== undefined;

/** Python takes another way to build instances: a metaclass may hand arguments on. */
export function hasOddMetaclass(cls: ClassModel, resolver: Resolver): boolean {
  return ancestry(cls, resolver).some(
    (one) =>
      one !== unknownClass &&
      (one.node.child('superclasses')?.parts ?? []).some(
        (part) => part.type === 'keyword_argument' && !isPlainMetaclass(part, one, resolver),
      ),
  );
}

/** What methods assign to attributes of `self`: each value, in order; a value of undefined shows as the target itself. */
export function instanceAttributes(cls: ClassModel): ReadonlyMap<string, readonly SyntaxNode[]> {
  const known = attributes.get(cls.node);
  if (known !== undefined) return known;
  const found = new Map<string, SyntaxNode[]>();
  const body = cls.node.child('body');
  for (const method of methodsIn(body)) {
    const self = method.child('parameters')?.parts[0]?.text;
    if (self !== undefined) collectAttributes(method, self, found);
  }
  attributes.set(cls.node, found);
  return found;
}

function methodsIn(body: SyntaxNode | undefined): SyntaxNode[] {
  const methods: SyntaxNode[] = [];
  if (body === undefined) return methods;
  walk(body, (node) => {
    if (node.type !== 'function_definition') return true;
    methods.push(node);
    return false;
  });
  return methods;
}

const targetHolders = new Set([
  'assignment',
  'augmented_assignment',
  'for_statement',
  'as_pattern',
  'named_expression',
]);

function collectAttributes(method: SyntaxNode, self: string, found: Map<string, SyntaxNode[]>): void {
  walk(method, (node) => {
    if (node.type !== 'attribute' || node.child('object')?.text !== self) return;
    const holder = assignmentAround(node);
    if (holder === undefined) return;
    const name = textOf(node, 'attribute');
    found.set(name, [...(found.get(name) ?? []), valueFor(node, holder)]);
  });
}

const textOf = (node: SyntaxNode, field: string): string => node.child(field)?.text ?? '';

function valueFor(target: SyntaxNode, holder: SyntaxNode): SyntaxNode {
  const direct = holder.type === 'assignment' && holder.child('left') === target;
  return (direct ? holder.child('right') : undefined) ?? target;
}

/** The statement that assigns to the node, through tuples and lists. */
function assignmentAround(node: SyntaxNode): SyntaxNode | undefined {
  let inner = node;
  let outer = node.parent;
  while (
    outer !== undefined &&
    /^(?:pattern_list|tuple_pattern|list_pattern|list_splat_pattern|as_pattern_target)$/.test(outer.type)
  ) {
    inner = outer;
    outer = outer.parent;
  }
  if (outer === undefined || !targetHolders.has(outer.type)) return undefined;
  return inner.field === 'left' || inner.field === 'alias' || inner.field === 'name' ? outer : undefined;
}
