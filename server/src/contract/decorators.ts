/** What decorators do to a class or to a method, as far as that is known. */
import type { ModuleModel } from '../python/modules';
import type { FunctionModel, Resolver } from '../python/resolve';
import { parametersOf } from '../python/signature';
import type { SyntaxNode } from '../python/syntaxNode';
import { isAsync, returnsOf, walkBody } from './functionBody';

const neutralForClasses =
  /^(?:dataclasses\.dataclass|functools\.total_ordering|typing(?:_extensions)?\.(?:final|runtime_checkable|no_type_check))$/;

export function isNeutralClassDecorator(node: SyntaxNode, module: ModuleModel, resolver: Resolver): boolean {
  const meaning = resolver.expression(node.type === 'call' ? node.child('function') : node, module);
  if (meaning.kind === 'outside') return neutralForClasses.test(meaning.what);
  return node.type !== 'call' && meaning.kind === 'function' && returnsItsArgument(meaning.fn);
}

function returnsItsArgument(fn: FunctionModel): boolean {
  const [first] = parametersOf(fn.node);
  if (first === undefined || fn.decorators.length > 0 || fn.node.type !== 'function_definition') return false;
  const returned = returnsOf(fn.node);
  return (
    returned.length > 0 &&
    returned.every((value) => value.type === 'identifier' && value.text === first.name) &&
    !isAsync(fn.node)
  );
}

export type Effect =
  /** Callable like what it decorates. */
  | { readonly kind: 'transparent' }
  /** Callable like it, but with a body of its own: whether it awaits or iterates is not known. */
  | { readonly kind: 'wrapped' }
  /** Another function takes the place. */
  | { readonly kind: 'replaced'; readonly fn: FunctionModel }
  | { readonly kind: 'static' | 'class' | 'property' | 'abstract' | 'opaque' };

const builtinEffects: Readonly<Record<string, 'static' | 'class' | 'property' | 'abstract'>> = {
  'builtins.staticmethod': 'static',
  'builtins.classmethod': 'class',
  'builtins.property': 'property',
  'functools.cached_property': 'property',
  'abc.abstractmethod': 'abstract',
  'abc.abstractproperty': 'property',
};

const transparent =
  /^(?:typing(?:_extensions)?\.(?:final|override|no_type_check)|torch\.(?:no_grad|inference_mode|enable_grad)|functools\.(?:lru_cache|cache|singledispatchmethod)|tensorflow\.function)$/;

const opaque: Effect = { kind: 'opaque' };

export function effectOf(node: SyntaxNode, module: ModuleModel, resolver: Resolver): Effect {
  const called = node.type === 'call';
  const meaning = resolver.expression(called ? node.child('function') : node, module);
  if (meaning.kind === 'outside') return outsideEffect(meaning.what, called);
  if (meaning.kind !== 'function' || meaning.fn.decorators.length > 0) return opaque;
  const decorator = called ? madeBy(meaning.fn) : meaning.fn;
  if (decorator === undefined) return opaque;
  return returnsItsArgument(decorator) ? { kind: 'transparent' } : wrapperOf(decorator);
}

/** The decorator that a call such as `@retry(3)` gives. */
function madeBy(fn: FunctionModel): FunctionModel | undefined {
  const [value, ...others] = returnsOf(fn.node);
  const node = value === undefined || others.length > 0 ? undefined : innerFunction(fn.node, value.text);
  return node && { module: fn.module, node, decorators: [] };
}

function outsideEffect(what: string, called: boolean): Effect {
  const kind = called ? undefined : builtinEffects[what];
  if (kind !== undefined) return { kind };
  return transparent.test(what) ? { kind: 'transparent' } : opaque;
}

/** A decorator that defines a function and returns it. */
function wrapperOf(fn: FunctionModel): Effect {
  const [wrapped] = parametersOf(fn.node);
  const [value, ...others] = returnsOf(fn.node);
  if (wrapped === undefined || value === undefined || others.length > 0) return opaque;
  const inner = innerFunction(fn.node, value.text);
  return inner === undefined ? opaque : effectOfWrapper(fn, inner, wrapped.name);
}

function effectOfWrapper(fn: FunctionModel, inner: SyntaxNode, wrapped: string): Effect {
  const parameters = parametersOf(inner);
  const kinds = parameters.map(({ kind }) => kind).join(' ');
  if (kinds === 'rest keywords') {
    const names = parameters.map(({ name }) => name);
    return passesOn(inner, wrapped, names) ? { kind: 'wrapped' } : opaque;
  }
  if (kinds.includes('rest')) return opaque;
  return { kind: 'replaced', fn: { module: fn.module, node: inner, decorators: [] } };
}

function innerFunction(fn: SyntaxNode, name: string): SyntaxNode | undefined {
  const statement = fn.child('body')?.children.find((child) => definitionIn(child)?.textOf('name') === name);
  return statement !== undefined && onlyWraps(statement) ? definitionIn(statement) : undefined;
}

function definitionIn(statement: SyntaxNode): SyntaxNode | undefined {
  const node = statement.type === 'decorated_definition' ? statement.child('definition') : statement;
  return node?.type === 'function_definition' ? node : undefined;
}

const onlyWraps = (decorated: SyntaxNode): boolean =>
  decorated.children
    .filter((child) => child.type === 'decorator')
    .every((child) => /^@\s*(?:functools\.)?wraps\s*\(/.test(child.text));

/** `f(*args, **kwargs)`, whatever is done around it. */
function passesOn(inner: SyntaxNode, wrapped: string, [rest, keywords]: readonly string[]): boolean {
  let found = false;
  let other = false;
  walkBody(inner, (node) => {
    if (node.type !== 'call' || node.child('function')?.text !== wrapped) return;
    const given = node.child('arguments')?.text.replace(/\s/g, '') ?? '';
    if (given === `(*${rest},**${keywords})`) found = true;
    else other = true;
  });
  return found && !other;
}
