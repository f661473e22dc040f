/** What can be assigned to, deleted or annotated, and CPython's words for what cannot. */
import type { Node, NodeKind } from './node';
import { SyntaxFailure } from './syntaxProblem';

const names: Partial<Readonly<Record<NodeKind, string>>> = {
  string: 'literal',
  fstring: 'f-string expression',
  set: 'set display',
  dict: 'dict literal',
  call: 'function call',
  lambda: 'lambda',
  operator: 'expression',
  compare: 'comparison',
  ternary: 'conditional expression',
  await: 'await expression',
  yield: 'yield expression',
  yieldFrom: 'yield expression',
  walrus: 'named expression',
  starred: 'starred',
  tuple: 'tuple',
  list: 'list',
  attribute: 'attribute',
  subscript: 'subscript',
  name: 'name',
};

/** How CPython calls an expression in its messages. */
export function describe(node: Node): string {
  if (node.kind === 'constant') return node.text;
  if (node.kind === 'comprehension') return node.text;
  return names[node.kind] ?? 'expression';
}

type Use = 'assign to' | 'delete';

/** Throws unless `node` is a target, or a tuple or list of targets. */
export function checkTarget(node: Node, use: Use, top: boolean = true): void {
  switch (node.kind) {
    case 'name':
    case 'attribute':
      checkDebug(node, use);
      return;
    case 'subscript':
      return;
    case 'tuple':
    case 'list':
      checkItems(node, use);
      return;
    case 'starred':
      checkStarred(node, use, top);
      return;
    default:
      throw refuse(node, use, top);
  }
}

function checkStarred(node: Node, use: Use, top: boolean): void {
  if (use === 'delete') throw failure('cannot delete starred', node);
  if (top) throw failure('starred assignment target must be in a list or tuple', node);
  const value = node.children[0];
  if (value !== undefined) checkTarget(value, use, false);
}

function checkItems(node: Node, use: Use): void {
  let starred = 0;
  for (const item of node.children) {
    checkTarget(item, use, false);
    if (item.kind === 'starred' && ++starred > 1) {
      throw failure('multiple starred expressions in assignment', item);
    }
  }
}

/** The target of an augmented or annotated assignment, of `:=` and the like: one thing. */
export function isSingleTarget(node: Node): boolean {
  return node.kind === 'name' || node.kind === 'attribute' || node.kind === 'subscript';
}

export function checkDebug(node: Node, use: Use = 'assign to'): void {
  if (node.text === '__debug__') throw failure(`cannot ${use} __debug__`, node);
}

function refuse(node: Node, use: Use, top: boolean): SyntaxFailure {
  const what = describe(node);
  const plain = `cannot ${use} ${what}`;
  if (use === 'delete' || !top || ['True', 'False', 'None', 'ellipsis', 'yield expression'].includes(what)) {
    return failure(plain, node);
  }
  return failure(`${plain} here. Maybe you meant '==' instead of '='?`, node);
}

function failure(message: string, { start, end }: Node): SyntaxFailure {
  return new SyntaxFailure({ kind: 'SyntaxError', message, start, end });
}
