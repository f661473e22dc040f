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
  if (meaning.kind !== 'function' || called || meaning.fn.decorators.length > 0) return opaque;
  return returnsItsArgument(meaning.fn) ? { kind: 'transparent' } : wrapperOf(meaning.fn);
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
  if (wrapped === undefined || value?.type !== 'identifier' || others.length > 0) return opaque;
  const inner = innerFunction(fn.node, value.text);
  if (inner === undefined) return opaque;
  const parameters = parametersOf(inner);
  const passing = parameters.length === 2 && parameters[0]?.kind === 'rest' && parameters[1]?.kind === 'keywords';
  if (!passing) return parameters.some(({ kind }) => kind === 'rest') ? opaque : replaced(fn, inner);
  return passesOn(
    inner,
    wrapped.name,
    parameters.map(({ name }) => name),
  )
    ? { kind: 'wrapped' }
    : opaque;
}

const replaced = (fn: FunctionModel, node: SyntaxNode): Effect => ({
  kind: 'replaced',
  fn: { module: fn.module, node, decorators: [] },
});

function innerFunction(fn: SyntaxNode, name: string): SyntaxNode | undefined {
  for (const child of fn.child('body')?.children ?? []) {
    const node = child.type === 'decorated_definition' ? child.child('definition') : child;
    if (node?.type === 'function_definition' && node.child('name')?.text === name) {
      return child === node || onlyWraps(child) ? node : undefined;
    }
  }
  return undefined;
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
