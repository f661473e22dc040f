/** What the names of a function's own scope are bound to, each name as a whole. */
import { parametersOf } from './signature';
import { walk, type SyntaxNode } from './syntaxNode';

export type Local =
  | { readonly kind: 'parameter' | 'several' }
  | { readonly kind: 'once'; readonly value: SyntaxNode }
  /** Imported in the function; `path` is the dotted name. */
  | { readonly kind: 'import'; readonly path: string };

export interface Locals {
  readonly fn: SyntaxNode;
  readonly names: ReadonlyMap<string, Local>;
}

const known = new WeakMap<SyntaxNode, Locals>();

/** `fn` is a `function_definition` or a `lambda`. */
export function localsOf(fn: SyntaxNode): Locals {
  const before = known.get(fn);
  if (before !== undefined) return before;
  const locals = { fn, names: read(fn) };
  known.set(fn, locals);
  return locals;
}

function read(fn: SyntaxNode): Map<string, Local> {
  const names = new Map<string, Local>();
  for (const parameter of parametersOf(fn)) names.set(parameter.name, { kind: 'parameter' });
  const body = fn.child('body');
  if (body === undefined) return names;
  const elsewhere = new Set<string>();
  walk(body, (node) => {
    if (node !== body && /^(?:function_definition|class_definition|lambda)$/.test(node.type)) {
      bind(names, node.textOf('name'), { kind: 'several' });
      return false;
    }
    if (/^(?:global|nonlocal)_statement$/.test(node.type)) for (const part of node.parts) elsewhere.add(part.text);
    readNode(node, names);
    return true;
  });
  for (const name of elsewhere) names.delete(name);
  return names;
}

function readNode(node: SyntaxNode, names: Map<string, Local>): void {
  const target = targets[node.type];
  if (target !== undefined) assign(target(node), node.type === 'delete_statement' ? undefined : valueOf(node), names);
  else if (/^import_(?:from_)?statement$/.test(node.type)) importing(node, names);
}

const valueOf = (node: SyntaxNode): SyntaxNode | undefined =>
  ({ assignment: node.child('right'), named_expression: node.child('value') })[node.type];

const left = (node: SyntaxNode): SyntaxNode | undefined => node.child('left');

/** What the kinds of nodes assign to. */
const targets: Readonly<Record<string, (node: SyntaxNode) => SyntaxNode | undefined>> = {
  assignment: left,
  augmented_assignment: left,
  for_statement: left,
  for_in_clause: left,
  named_expression: (node) => node.child('name'),
  as_pattern: (node) => node.child('alias')?.parts[0] ?? node.child('alias'),
  delete_statement: (node) => node,
};

function bind(names: Map<string, Local>, name: string, local: Local): void {
  if (name !== '') names.set(name, names.has(name) ? { kind: 'several' } : local);
}

function assign(target: SyntaxNode | undefined, value: SyntaxNode | undefined, names: Map<string, Local>): void {
  if (target === undefined) return;
  if (target.type === 'identifier') {
    return bind(names, target.text, value === undefined ? { kind: 'several' } : { kind: 'once', value });
  }
  if (target.type === 'attribute' || target.type === 'subscript') return;
  for (const part of target.parts) assign(part, undefined, names);
}

function importing(node: SyntaxNode, names: Map<string, Local>): void {
  const module = node.textOf('module_name').replace(/\s/g, '');
  for (const item of node.childrenIn('name')) {
    const aliased = item.type === 'aliased_import';
    const path = (aliased ? item.textOf('name') : item.text).replace(/\s/g, '');
    const [top = ''] = path.split('.');
    if (module !== '')
      bind(names, aliased ? item.textOf('alias') : path, { kind: 'import', path: `${module}.${path}` });
    else bind(names, aliased ? item.textOf('alias') : top, { kind: 'import', path: aliased ? path : top });
  }
}
