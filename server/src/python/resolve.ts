/** What an expression at module level stands for, followed through the package's own modules. */
import type { Assignment, Binding, Definition } from './flow';
import type { ModuleModel, PackageModules } from './modules';
import type { SyntaxNode } from './syntaxNode';
import { walk } from './syntaxNode';

export interface ClassModel {
  readonly module: ModuleModel;
  readonly node: SyntaxNode;
  readonly name: string;
  readonly decorators: readonly SyntaxNode[];
}

export interface FunctionModel {
  readonly module: ModuleModel;
  /** `function_definition` or `lambda`. */
  readonly node: SyntaxNode;
  readonly decorators: readonly SyntaxNode[];
}

export type Meaning =
  | { readonly kind: 'class'; readonly cls: ClassModel }
  | { readonly kind: 'function'; readonly fn: FunctionModel }
  | { readonly kind: 'module'; readonly module: ModuleModel }
  /** An expression that is not followed further. */
  | { readonly kind: 'value'; readonly node: SyntaxNode; readonly module: ModuleModel }
  /** Defined outside of the package; `what` is its dotted name as far as the imports tell. */
  | { readonly kind: 'outside'; readonly what: string }
  /** The module is in the package and surely has no such name. */
  | { readonly kind: 'missing'; readonly module: ModuleModel }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'unknown' };

const unknown: Meaning = { kind: 'unknown' };
/** Follows at most so many steps: names can be bound in circles. */
const patience = 24;

export class Resolver {
  constructor(readonly modules: PackageModules) {}

  /** What `node`, an expression of `module`, stands for once the module has run. */
  expression(node: SyntaxNode | undefined, module: ModuleModel, steps = patience): Meaning {
    if (node === undefined || steps <= 0) return unknown;
    switch (node.type) {
      case 'identifier':
        return this.name(node.text, module, steps - 1);
      case 'attribute':
        return this.attribute(node, module, steps - 1);
      case 'parenthesized_expression':
        return this.expression(node.parts[0], module, steps - 1);
      case 'lambda':
        return { kind: 'function', fn: { module, node, decorators: [] } };
      default:
        return { kind: 'value', node, module };
    }
  }

  private attribute(node: SyntaxNode, module: ModuleModel, steps: number): Meaning {
    const object = this.expression(node.child('object'), module, steps);
    const name = node.child('attribute')?.text ?? '';
    if (object.kind === 'module') return this.name(name, object.module, steps);
    if (object.kind === 'outside') return { kind: 'outside', what: `${object.what}.${name}` };
    return unknown;
  }

  name(name: string, module: ModuleModel, steps = patience): Meaning {
    if (steps <= 0) return unknown;
    const possible = module.flow.names.get(name);
    const [only, ...others] = possible?.bindings ?? [];
    if (only === undefined) return this.unboundName(name, module, steps);
    return others.length > 0 ? unknown : this.binding(only, module, steps);
  }

  private unboundName(name: string, module: ModuleModel, steps: number): Meaning {
    for (const star of [...module.flow.stars].reverse()) {
      const found = this.modules.resolve(star, module);
      if (found.kind !== 'module') return unknown;
      const meaning = this.name(name, found.module, steps - 1);
      if (meaning.kind !== 'missing' && meaning.kind !== 'outside') return meaning;
    }
    if (isDynamic(module, name)) return unknown;
    return builtins.has(name) ? { kind: 'outside', what: `builtins.${name}` } : { kind: 'missing', module };
  }

  binding(binding: Binding, module: ModuleModel, steps = patience): Meaning {
    switch (binding.kind) {
      case 'class':
        return { kind: 'class', cls: classOf(binding, module) };
      case 'function':
        return { kind: 'function', fn: { module, node: binding.node, decorators: binding.decorators } };
      case 'import':
        return this.imported(binding.module, binding.imported, module, steps);
      case 'value':
        return this.assigned(binding, module, steps - 1);
      case 'deleted':
        return { kind: 'deleted' };
    }
  }

  private assigned({ value, aliased }: Assignment, module: ModuleModel, steps: number): Meaning {
    const [only, ...others] = aliased?.bindings ?? [];
    if (only === undefined || aliased === undefined)
      return value === undefined ? unknown : this.expression(value, module, steps);
    return others.length > 0 || aliased.unbound || steps <= 0 ? unknown : this.binding(only, module, steps);
  }

  private imported(path: string, name: string | undefined, from: ModuleModel, steps: number): Meaning {
    const found = this.modules.resolve(path, from);
    if (name === undefined) return this.foundModule(path, found);
    if (found.kind === 'outside') return { kind: 'outside', what: `${path}.${name}` };
    if (found.kind === 'opaque') return unknown;
    if (found.kind === 'module') {
      const own = this.name(name, found.module, steps - 1);
      if (own.kind !== 'missing' && !isBuiltin(own)) return own;
    }
    const sub = this.modules.resolve(path.endsWith('.') ? path + name : `${path}.${name}`, from);
    if (sub.kind !== 'outside') return this.foundModule(`${path}.${name}`, sub);
    return found.kind === 'module' ? { kind: 'missing', module: found.module } : unknown;
  }

  private foundModule(path: string, found: ReturnType<PackageModules['resolve']>): Meaning {
    if (found.kind === 'module') return { kind: 'module', module: found.module };
    return found.kind === 'outside' ? { kind: 'outside', what: path } : unknown;
  }
}

const isBuiltin = (meaning: Meaning): boolean => meaning.kind === 'outside' && meaning.what.startsWith('builtins.');

export const classOf = (definition: Definition, module: ModuleModel): ClassModel => ({
  module,
  node: definition.node,
  name: definition.name,
  decorators: definition.decorators,
});

const builtins: ReadonlySet<string> = new Set(
  `object type int float str bool bytes bytearray list tuple dict set frozenset complex range property staticmethod classmethod
  super Exception BaseException ValueError TypeError RuntimeError KeyError IndexError OSError open print len map filter zip
  enumerate sorted reversed sum min max abs any all isinstance issubclass getattr setattr hasattr delattr vars dir iter next
  callable repr format input compile eval id hash memoryview slice round pow divmod chr ord hex oct bin ascii NotImplementedError`.split(
    /\s+/,
  ),
);

/** True where code may bind the name in ways that are not followed: `exec`, `globals()`, `global` in a function, … */
export function isDynamic(module: ModuleModel, name: string): boolean {
  if (module.flow.names.has('__getattr__')) return true;
  if (!mentionsDynamics(module)) return false;
  let found = false;
  walk(module.root, (node) => {
    found ||= bindsFreely(node, name);
    return !found;
  });
  return found;
}

const dynamicWords = ['exec', 'global', 'sys.modules', 'vars()', '__dict__', 'locals'];
const mentions = new WeakMap<ModuleModel, boolean>();

/** Plain searches, once for each text: this is asked for every name that the module does not bind. */
function mentionsDynamics(module: ModuleModel): boolean {
  const known = mentions.get(module);
  if (known !== undefined) return known;
  const found = dynamicWords.some((word) => module.file.text.includes(word));
  mentions.set(module, found);
  return found;
}

function bindsFreely(node: SyntaxNode, name: string): boolean {
  switch (node.type) {
    case 'call':
      return dynamicCalls.test(node.child('function')?.text ?? '');
    case 'global_statement':
      return node.parts.some((part) => part.text === name);
    case 'subscript':
      return node.child('value')?.text === 'sys.modules';
    default:
      return false;
  }
}

const dynamicCalls = /^(?:exec|globals|vars|locals)$/;
