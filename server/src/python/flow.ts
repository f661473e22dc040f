/** What the names of a module or a class body are bound to once all of its statements have run. */
import type { SyntaxNode } from './syntaxNode';
import { walk } from './syntaxNode';
import { truthOf } from './truth';

interface BindingBase {
  readonly name: string;
  /** The identifier that is bound: what a finding about the binding points at. */
  readonly at: SyntaxNode;
}

export interface Definition extends BindingBase {
  readonly kind: 'class' | 'function';
  /** The `class_definition` or `function_definition`. */
  readonly node: SyntaxNode;
  /** Expressions after `@`, the outermost first. */
  readonly decorators: readonly SyntaxNode[];
}

export interface Import extends BindingBase {
  readonly kind: 'import';
  /** As written, with leading dots. For `import a.b` it is `a`, what the name is bound to. */
  readonly module: string;
  /** The name taken from the module; undefined where the module itself is bound. */
  readonly imported: string | undefined;
}

export interface Assignment extends BindingBase {
  readonly kind: 'value';
  /** The expression; undefined where the value comes from unpacking, a loop, `with`, … */
  readonly value: SyntaxNode | undefined;
  /** Where the value is a name: what that was bound to at the moment; undefined where it was not. */
  readonly aliased?: Possible | undefined;
}

export interface Deletion extends BindingBase {
  readonly kind: 'deleted';
}

export type Binding = Definition | Import | Assignment | Deletion;

export interface Possible {
  /** Each that may be the last; a deletion counts as one. */
  readonly bindings: readonly Binding[];
  /** True where the name may never have been bound. */
  readonly unbound: boolean;
}

export interface DeadBinding {
  readonly binding: Binding;
  /** The condition that keeps it from happening. */
  readonly condition: SyntaxNode;
}

export interface Flow {
  readonly names: ReadonlyMap<string, Possible>;
  /** Bindings in branches that a run never takes. */
  readonly dead: readonly DeadBinding[];
  /** Modules of `from … import *`, in order. */
  readonly stars: readonly string[];
}

type State = Map<string, Possible>;
type Ended = State | undefined;

const never: Possible = { bindings: [], unbound: true };

/** Reads the statements of a module (or, with `module` undefined, any block) in the order in which they run. */
export function flowOf(block: SyntaxNode, module?: string): Flow {
  const reader = new FlowReader(module);
  return reader.read(block);
}

class FlowReader {
  private readonly dead: DeadBinding[] = [];
  private readonly stars: string[] = [];
  private condition: SyntaxNode | undefined;
  constructor(private readonly module: string | undefined) {}

  read(block: SyntaxNode): Flow {
    const state: State = new Map();
    const names = this.block(block, state) ?? state;
    return { names, dead: this.dead, stars: this.stars };
  }

  /** The state after the block, or undefined where it is always left by an exception or an exit. */
  private block(block: SyntaxNode | undefined, state: State): Ended {
    let now: Ended = state;
    for (const statement of block?.children ?? []) {
      if (now === undefined) return undefined;
      now = this.statement(statement, now);
    }
    return now;
  }

  private statement(node: SyntaxNode, state: State): Ended {
    switch (node.type) {
      case 'class_definition':
      case 'function_definition':
        return this.define(node, [], state);
      case 'decorated_definition':
        return this.decorated(node, state);
      case 'import_statement':
      case 'import_from_statement':
        return this.importing(node, state);
      case 'expression_statement':
        return this.expression(node, state);
      case 'delete_statement':
        return this.deleting(node, state);
      case 'raise_statement':
        return undefined;
      default:
        return this.compound(node, state);
    }
  }

  private compound(node: SyntaxNode, state: State): Ended {
    switch (node.type) {
      case 'if_statement':
        return this.branching(node, state);
      case 'for_statement':
      case 'while_statement':
        return this.looping(node, state);
      case 'try_statement':
        return this.trying(node, state);
      case 'with_statement':
        return this.withStatement(node, state);
      case 'match_statement':
        return this.matching(node, state);
      default:
        return state;
    }
  }

  private bind(state: State, binding: Binding): void {
    if (this.condition !== undefined) this.dead.push({ binding, condition: this.condition });
    state.set(binding.name, { bindings: [binding], unbound: false });
  }

  private define(node: SyntaxNode, decorators: readonly SyntaxNode[], state: State): State {
    const at = node.child('name');
    const kind = node.type === 'class_definition' ? 'class' : 'function';
    if (at !== undefined) this.bind(state, { kind, name: at.text, at, node, decorators });
    return state;
  }

  private decorated(node: SyntaxNode, state: State): State {
    const definition = node.child('definition');
    const decorators = node.children
      .filter((child) => child.type === 'decorator')
      .flatMap((child) => child.parts[0] ?? []);
    return definition === undefined ? state : this.define(definition, decorators, state);
  }

  private importing(node: SyntaxNode, state: State): State {
    const module = node.child('module_name')?.text.replace(/\s/g, '');
    if (module !== undefined && node.firstOf('wildcard_import') !== undefined) {
      if (this.condition === undefined) this.stars.push(module);
      return state;
    }
    for (const item of node.childrenIn('name')) this.importOne(item, module, state);
    return state;
  }

  private importOne(item: SyntaxNode, module: string | undefined, state: State): void {
    const aliased = item.type === 'aliased_import';
    const path = aliased ? item.child('name') : item;
    const at = aliased ? item.child('alias') : path?.parts[0];
    if (path === undefined || at === undefined) return;
    const whole = path.text.replace(/\s/g, '');
    const binding =
      module === undefined ? { module: aliased ? whole : at.text, imported: undefined } : { module, imported: whole };
    this.bind(state, { kind: 'import', name: at.text, at, ...binding });
  }

  private expression(node: SyntaxNode, state: State): Ended {
    const [only] = node.parts;
    if (only === undefined) return state;
    if (only.type === 'call' && /^(?:sys\.exit|exit|quit|os\._exit)$/.test(only.child('function')?.text ?? '')) {
      return undefined;
    }
    this.walruses(only, state);
    if (only.type === 'assignment') this.assign(only, state);
    else if (only.type === 'augmented_assignment') this.target(only.child('left'), undefined, state);
    return state;
  }

  private assign(node: SyntaxNode, state: State): void {
    const value = node.child('right');
    // `a: int` alone binds nothing.
    if (value === undefined) return;
    const chained = value.type === 'assignment';
    if (chained) this.assign(value, state);
    this.target(node.child('left'), chained ? lastValue(value) : value, state);
  }

  private target(node: SyntaxNode | undefined, value: SyntaxNode | undefined, state: State): void {
    if (node === undefined) return;
    if (node.type === 'identifier') {
      const aliased = value?.type === 'identifier' ? state.get(value.text) : undefined;
      return this.bind(state, { kind: 'value', name: node.text, at: node, value, aliased });
    }
    if (node.type === 'attribute') {
      const object = node.child('object');
      const name = node.child('attribute');
      if (object?.type !== 'identifier' || name === undefined) return;
      this.bind(state, { kind: 'value', name: `${object.text}.${name.text}`, at: name, value });
      return;
    }
    if (node.type === 'subscript') return;
    const values = pairedValues(node, value);
    node.parts.forEach((part, index) => this.target(part, values?.[index], state));
  }

  private walruses(node: SyntaxNode, state: State): void {
    if (!node.text.includes(':=')) return;
    walk(node, (inner) => {
      if (inner.type === 'lambda') return false;
      if (inner.type === 'named_expression') this.target(inner.child('name'), inner.child('value'), state);
      return true;
    });
  }

  private deleting(node: SyntaxNode, state: State): State {
    const targets = node.parts.flatMap((part) => (part.type === 'identifier' ? [part] : part.parts));
    for (const at of targets) {
      if (at.type === 'identifier') this.bind(state, { kind: 'deleted', name: at.text, at });
      else if (at.type === 'attribute' && at.child('object')?.type === 'identifier') {
        this.bind(state, { kind: 'deleted', name: at.text, at });
      }
    }
    return state;
  }

  private branching(node: SyntaxNode, state: State): Ended {
    const branches = [node, ...node.childrenIn('alternative')];
    let open = true;
    let result: Ended;
    for (const branch of branches) {
      const condition = branch.child('condition');
      if (condition !== undefined) this.walruses(condition, state);
      const truth = branch.type === 'else_clause' ? true : truthOf(condition, this.module);
      const body = branch.child('consequence') ?? branch.child('body');
      if (!open || truth === false) this.deadBlock(body, condition ?? node.child('condition'), state);
      else result = join(result, this.block(body, new Map(state)));
      open &&= truth !== true;
    }
    return open ? join(result, state) : result;
  }

  private deadBlock(body: SyntaxNode | undefined, condition: SyntaxNode | undefined, state: State): void {
    const before = this.condition;
    this.condition ??= condition;
    this.block(body, new Map(state));
    this.condition = before;
  }

  private looping(node: SyntaxNode, state: State): Ended {
    const body = node.child('body');
    const inner: State = new Map(state);
    this.target(node.child('left'), undefined, inner);
    const condition = node.child('condition') ?? node.child('right');
    const truth = truthOf(condition, this.module);
    if (truth === false) this.deadBlock(body, condition, state);
    const after = truth === false ? state : (join(state, this.block(body, inner)) ?? state);
    return this.block(node.child('alternative')?.child('body'), after);
  }

  private trying(node: SyntaxNode, state: State): Ended {
    const done = this.block(node.child('body'), new Map(state));
    const interrupted = join(state, done) ?? state;
    let result: Ended = done;
    let last: SyntaxNode | undefined;
    for (const clause of node.children) {
      if (clause.type === 'else_clause') result = result && this.block(clause.child('body'), result);
      if (clause.type === 'except_clause') result = join(result, this.handler(clause, new Map(interrupted)));
      if (clause.type === 'finally_clause') last = clause.firstOf('block');
    }
    if (last === undefined) return result;
    const after = this.block(last, result ?? new Map(interrupted));
    return result === undefined ? undefined : after;
  }

  private handler(clause: SyntaxNode, state: State): Ended {
    const [caught] = clause.parts;
    const at = caught?.type === 'as_pattern' ? caught.child('alias')?.parts[0] : undefined;
    if (at?.type !== 'identifier') return this.block(clause.firstOf('block'), state);
    this.target(at, undefined, state);
    const after = this.block(clause.firstOf('block'), state);
    // Python takes the name away again at the end of the clause.
    if (after !== undefined) this.bind(after, { kind: 'deleted', name: at.text, at });
    return after;
  }

  private withStatement(node: SyntaxNode, state: State): Ended {
    const before: State = new Map(state);
    const clause = node.firstOf('with_clause');
    for (const item of clause?.parts ?? []) {
      const value = item.child('value');
      const alias = value?.type === 'as_pattern' ? value.child('alias')?.parts[0] : undefined;
      this.target(alias, undefined, state);
    }
    const after = this.block(node.child('body'), state);
    return /\bsuppress\b/.test(clause?.text ?? '') ? join(before, after) : after;
  }

  private matching(node: SyntaxNode, state: State): Ended {
    let result: Ended = state;
    for (const clause of node.child('body')?.childrenIn('alternative') ?? []) {
      result = join(result, this.block(clause.child('consequence'), new Map(state)));
    }
    return result;
  }
}

const lastValue = (node: SyntaxNode | undefined): SyntaxNode | undefined =>
  node?.type === 'assignment' ? lastValue(node.child('right')) : node;

/** `a, b = 1, 2`: the values one by one, where both sides are written out. */
function pairedValues(left: SyntaxNode, right: SyntaxNode | undefined): readonly SyntaxNode[] | undefined {
  if (right === undefined || !/^(?:expression_list|tuple|list)$/.test(right.type)) return undefined;
  const plain = [...left.parts, ...right.parts].every((part) => !/splat/.test(part.type));
  return plain && left.parts.length === right.parts.length ? right.parts : undefined;
}

function join(a: Ended, b: Ended): Ended {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const joined: State = new Map(a);
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const left = a.get(name) ?? never;
    const right = b.get(name) ?? never;
    if (left === right) continue;
    const bindings = [...new Set([...left.bindings, ...right.bindings])];
    joined.set(name, { bindings, unbound: left.unbound || right.unbound });
  }
  return joined;
}
