/** Values that can be told without running anything: constants, paths, parameters that the environment gives. */
import { ancestry, bodyFlow, instanceAttributes, unknownClass } from './classes';
import { localsOf, type Locals } from './locals';
import type { ModuleModel } from './modules';
import type { ClassModel, Resolver } from './resolve';
import { parametersOf } from './signature';
import { stringParts } from './strings';
import type { SyntaxNode } from './syntaxNode';

/** Stand in a text for what is known by its meaning only; private characters that no path of a package holds. */
export const datasetMark = '\ue000';
export const artifactsMark = '\ue001';
export const rootMark = '\ue002';
/** Stands for any text at all. */
export const anyMark = '\ue00f';

export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number' | 'boolean' | 'none' | 'unknown' }
  /** What `os.environ` holds for the key. */
  | { readonly kind: 'parameter'; readonly key: string; readonly node: SyntaxNode };

export const unknownValue: Value = { kind: 'unknown' };
export const textValue = (text: string): Value => ({ kind: 'text', text });

export interface Scope {
  readonly module: ModuleModel;
  /** The class whose methods are looked at. */
  readonly cls?: ClassModel | undefined;
  /** What functions are called with, by their node. */
  readonly given?: ReadonlyMap<SyntaxNode, ReadonlyMap<string, Value>> | undefined;
}

const patience = 30;

export class Values {
  private readonly readers: ReadonlyMap<string, (node: SyntaxNode, scope: Scope, steps: number) => Value> = new Map([
    ['string', this.string.bind(this)],
    ['concatenated_string', (node, scope, steps) => this.glued(node.parts, scope, steps)],
    ['parenthesized_expression', (node, scope, steps) => this.of(node.parts[0], scope, steps)],
    ['identifier', this.name.bind(this)],
    ['attribute', this.attribute.bind(this)],
    ['binary_operator', this.operation.bind(this)],
    ['call', this.call.bind(this)],
    ['subscript', this.subscript.bind(this)],
  ]);

  private readonly constants = new Map<string, Value>();

  constructor(readonly resolver: Resolver) {}

  of(node: SyntaxNode | undefined, scope: Scope, steps = patience): Value {
    if (node === undefined || steps <= 0) return unknownValue;
    const next = steps - 1;
    const reader = this.readers.get(node.type);
    return reader === undefined ? literal(node) : reader(node, scope, next);
  }

  /** The text, with marks; undefined where not even a part of it is known. */
  text(node: SyntaxNode | undefined, scope: Scope, steps = patience): string | undefined {
    const value = this.of(node, scope, steps);
    return value.kind === 'text' ? value.text : undefined;
  }

  /** `os.path.join`, `numpy.load`, …: where a callee comes from, by its imports; "" where it is not known. */
  nameOf(node: SyntaxNode | undefined, module: ModuleModel): string {
    if (node === undefined) return '';
    if (node.type === 'attribute') {
      const object = this.nameOf(node.child('object'), module);
      return object === '' ? '' : `${object}.${node.textOf('attribute')}`;
    }
    if (node.type !== 'identifier') return '';
    const local = enclosing(node)
      .find(({ names }) => names.has(node.text))
      ?.names.get(node.text);
    if (local !== undefined) return local.kind === 'import' ? local.path : '';
    const meaning = this.resolver.name(node.text, module);
    return meaning.kind === 'outside' ? meaning.what.replace(/^builtins\./, '') : '';
  }

  private string(node: SyntaxNode, scope: Scope, steps: number): Value {
    const parts = stringParts(node);
    if (parts === undefined) return unknownValue;
    return textValue(parts.map((part) => (typeof part === 'string' ? part : this.piece(part, scope, steps))).join(''));
  }

  private piece(node: SyntaxNode, scope: Scope, steps: number): string {
    return this.text(node, scope, steps) ?? anyMark;
  }

  private glued(nodes: readonly SyntaxNode[], scope: Scope, steps: number): Value {
    return textValue(nodes.map((node) => this.piece(node, scope, steps)).join(''));
  }

  private name(node: SyntaxNode, scope: Scope, steps: number): Value {
    if (node.text === '__file__') return textValue(`${rootMark}/${scope.module.path}`);
    for (const locals of enclosing(node)) {
      const local = locals.names.get(node.text);
      if (local === undefined) continue;
      if (local.kind === 'parameter') return scope.given?.get(locals.fn)?.get(node.text) ?? unknownValue;
      return local.kind === 'once' ? this.of(local.value, scope, steps) : unknownValue;
    }
    return this.constant(node.text, scope, steps);
  }

  private constant(name: string, scope: Scope, steps: number): Value {
    const key = `${scope.module.path} ${name}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const value = this.constantOnce(name, scope, steps);
    // Out of patience is no answer to keep.
    if (steps > patience / 2) this.constants.set(key, value);
    return value;
  }

  private constantOnce(name: string, { module }: Scope, steps: number): Value {
    if (module.globals.has(name)) return unknownValue;
    const meaning = this.resolver.name(name, module);
    return meaning.kind === 'value' ? this.of(meaning.node, { module: meaning.module }, steps) : unknownValue;
  }

  private attribute(node: SyntaxNode, scope: Scope, steps: number): Value {
    const object = node.child('object');
    const name = node.textOf('attribute');
    if (scope.cls !== undefined && object?.type === 'identifier' && isSelf(object)) {
      return this.own(name, scope.cls, scope, steps);
    }
    const known = pathAttribute(name, this.nameOf(node, scope.module));
    if (known !== undefined) return textValue(known);
    if (name === 'parent') return mapText(this.of(object, scope, steps), folderOf);
    const meaning = this.resolver.expression(node, scope.module);
    return meaning.kind === 'value' && meaning.node !== node
      ? this.of(meaning.node, { ...scope, module: meaning.module }, steps)
      : unknownValue;
  }

  /** An attribute of the instance or its class that is assigned once in all. */
  private own(name: string, cls: ClassModel, scope: Scope, steps: number): Value {
    const found: { node: SyntaxNode; module: ModuleModel }[] = [];
    for (const one of ancestry(cls, this.resolver)) {
      if (one === unknownClass) continue;
      const values = [...(instanceAttributes(one).get(name) ?? []), ...classValues(one, name)];
      found.push(...values.map((node) => ({ node, module: one.module })));
    }
    const [only, ...others] = found;
    if (only === undefined || others.length > 0 || isTarget(only.node, name)) return unknownValue;
    return this.of(only.node, { ...scope, module: only.module }, steps);
  }

  private operation(node: SyntaxNode, scope: Scope, steps: number): Value {
    const operator = node.child('operator')?.type;
    const left = this.of(node.child('left'), scope, steps);
    const right = node.child('right');
    if (operator === '+') {
      const known = left.kind === 'text' || this.of(right, scope, steps).kind === 'text';
      return known ? this.glued(node.parts, scope, steps) : unknownValue;
    }
    if (operator === '/' && left.kind === 'text')
      return textValue(joined([left.text, this.piece(right as SyntaxNode, scope, steps)]));
    if (operator === '%' && left.kind === 'text')
      return textValue(left.text.replace(/%[-+ #0]*\d*(?:\.\d+)?[a-z]/g, anyMark));
    return unknownValue;
  }

  private subscript(node: SyntaxNode, scope: Scope, steps: number): Value {
    if (this.nameOf(node.child('value'), scope.module) !== 'os.environ') return unknownValue;
    return this.parameter(node.child('subscript'), node, scope, steps);
  }

  private parameter(key: SyntaxNode | undefined, node: SyntaxNode, scope: Scope, steps: number): Value {
    const text = this.text(key, scope, steps);
    if (text === undefined || text.includes(anyMark)) return unknownValue;
    return text === 'artifacts_directory' ? textValue(artifactsMark) : { kind: 'parameter', key: text, node };
  }

  private call(node: SyntaxNode, scope: Scope, steps: number): Value {
    const callee = node.child('function');
    const given = positional(node);
    const name = this.nameOf(callee, scope.module);
    if (environmentReads.has(name)) return this.parameter(given[0], node, scope, steps);
    if (/^(?:os\.path\.join|pathlib\.(?:Pure)?(?:Posix|Windows)?Path)$/.test(name))
      return this.joining(given, scope, steps);
    if (sameText.has(name)) return this.of(given[0], scope, steps);
    if (absolute.has(name)) return mapText(this.of(given[0], scope, steps), atRoot);
    if (name === 'os.path.dirname') return mapText(this.of(given[0], scope, steps), folderOf);
    if (name === 'os.getcwd' || name === 'pathlib.Path.cwd') return textValue(rootMark);
    return this.method(callee, given, scope, steps);
  }

  private joining(given: readonly SyntaxNode[], scope: Scope, steps: number): Value {
    const parts = given.map((one) => this.piece(one, scope, steps));
    return parts[0] === undefined || parts[0] === anyMark ? unknownValue : textValue(joined(parts));
  }

  private method(callee: SyntaxNode | undefined, given: readonly SyntaxNode[], scope: Scope, steps: number): Value {
    if (callee?.type !== 'attribute') return unknownValue;
    const object = this.of(callee.child('object'), scope, steps);
    if (object.kind !== 'text') return unknownValue;
    const parts = given.map((one) => this.piece(one, scope, steps));
    switch (callee.textOf('attribute')) {
      case 'joinpath':
        return textValue(joined([object.text, ...parts]));
      case 'resolve':
      case 'absolute':
        return textValue(atRoot(object.text));
      case 'as_posix':
      case '__str__':
        return object;
      case 'format':
        return textValue(formatted(object.text, parts));
      default:
        return unknownValue;
    }
  }
}

const environmentReads = new Set(['os.environ.get', 'os.getenv', 'os.environ.pop']);
const sameText = new Set(['str', 'os.fspath', 'os.path.normpath', 'os.path.expanduser', 'os.path.expandvars']);
const absolute = new Set(['os.path.abspath', 'os.path.realpath']);

export const positional = (call: SyntaxNode): SyntaxNode[] =>
  (call.child('arguments')?.parts ?? []).filter((part) => part.type !== 'keyword_argument');

function literal(node: SyntaxNode): Value {
  switch (node.type) {
    case 'integer':
    case 'float':
      return { kind: 'number' };
    case 'true':
    case 'false':
      return { kind: 'boolean' };
    case 'none':
      return { kind: 'none' };
    case 'unary_operator':
      return /^[-+~]\s*[\d.]/.test(node.text) ? { kind: 'number' } : unknownValue;
    default:
      return unknownValue;
  }
}

/** Functions around the node, the innermost first, with what their names are bound to. */
function enclosing(node: SyntaxNode): Locals[] {
  const found: Locals[] = [];
  for (let around = node.around('function_definition', 'lambda'); around !== undefined;) {
    if (around.child('body') !== undefined) found.push(localsOf(around));
    around = around.around('function_definition', 'lambda');
  }
  return found;
}

/** The first parameter of the method that it is used in. */
export function isSelf(identifier: SyntaxNode): boolean {
  for (let fn = identifier.around('function_definition'); fn !== undefined; fn = fn.around('function_definition')) {
    if (isMethod(fn)) return parametersOf(fn)[0]?.name === identifier.text;
  }
  return false;
}

function isMethod(fn: SyntaxNode): boolean {
  return fn.around('function_definition', 'class_definition', 'lambda')?.type === 'class_definition';
}

function classValues(cls: ClassModel, name: string): SyntaxNode[] {
  return (bodyFlow(cls).names.get(name)?.bindings ?? []).map((one) =>
    one.kind === 'value' ? (one.value ?? one.at) : one.at,
  );
}

/** An assignment without a value of its own shows as its target. */
const isTarget = (node: SyntaxNode, name: string): boolean =>
  node.text === name || (node.type === 'attribute' && node.textOf('attribute') === name && node.field === 'left');

function pathAttribute(name: string, whole: string): string | undefined {
  if (whole === 'os.sep' || whole === 'os.path.sep') return '/';
  return name === 'curdir' && whole === 'os.curdir' ? '.' : undefined;
}

const mapText = (value: Value, change: (text: string) => string): Value =>
  value.kind === 'text' ? textValue(change(value.text)) : unknownValue;

export const isAbsolutePath = (path: string): boolean => /^(?:[/\\\ue000\ue001\ue002]|[A-Za-z]:[/\\])/.test(path);

/** As `os.path.join` does it. */
function joined(parts: readonly string[]): string {
  return parts.reduce((path, part) => {
    if (isAbsolutePath(part) || path === '') return part;
    return path.endsWith('/') ? path + part : `${path}/${part}`;
  }, '');
}

const atRoot = (path: string): string =>
  isAbsolutePath(path) || path.startsWith(anyMark) ? path : joined([rootMark, path]);

function folderOf(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at <= 0 ? (isAbsolutePath(path) ? `${path}/..` : '') : path.slice(0, at);
}

function formatted(text: string, parts: readonly string[]): string {
  let next = 0;
  return text.replace(/\{(\d*)(?:[!:][^}]*)?\}|\{[^}]*\}/g, (_, index: string | undefined) => {
    const at = index === undefined ? -1 : index === '' ? next++ : Number(index);
    return parts[at] ?? anyMark;
  });
}

/** The path inside the package, with `/`; undefined where it is not known, absolute, or leaves the folder. */
export function packagePath(text: string): string | undefined {
  const path = text.startsWith(rootMark) ? text.slice(1).replace(/^\//, '') : text;
  if (isAbsolutePath(path) || path.includes(anyMark) || /^~|[\ue000-\ue00e]/.test(path)) return undefined;
  const parts = plainParts(path);
  return parts === undefined || parts.length === 0 ? undefined : parts.join('/');
}

function plainParts(path: string): string[] | undefined {
  const parts: string[] = [];
  for (const part of path.split(/[/\\]+/)) {
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (!['', '.', '..'].includes(part)) parts.push(part);
  }
  return parts;
}

/** True for the dataset's folder or anything that surely lies in it. */
export function isInDataset(text: string): boolean {
  return text.startsWith(datasetMark) && !/(?:^|\/)\.\.(?:\/|$)/.test(text.slice(1));
}
