/** Code that a run can reach, as far as conditions are decided before it. */
import { walk, type SyntaxNode } from '../python/syntaxNode';
import { truthOf } from '../python/truth';

/** Like `walk`, without blocks that a run never enters. `module` is the name that the module is imported by. */
export function walkLive(root: SyntaxNode, module: string, visit: (node: SyntaxNode) => boolean | void): void {
  walk(root, (node) => (node.type === 'block' && isDeadBlock(node, module) ? false : visit(node)));
}

/** True where the node is in a block that a run never enters. */
export function isDead(node: SyntaxNode, module: string): boolean {
  for (let block = node.around('block'); block !== undefined; block = block.around('block')) {
    if (isDeadBlock(block, module)) return true;
  }
  return false;
}

function isDeadBlock(block: SyntaxNode, module: string): boolean {
  const owner = block.parent;
  switch (owner?.type) {
    case 'if_statement':
    case 'while_statement':
      return block.field !== 'alternative' && truthOf(owner.child('condition'), module) === false;
    case 'elif_clause':
      return truthOf(owner.child('condition'), module) === false || isAfterTrue(owner, module);
    case 'else_clause':
      return isAfterTrue(owner, module);
    default:
      return false;
  }
}

function isAfterTrue(clause: SyntaxNode, module: string): boolean {
  const statement = clause.parent;
  if (statement?.type !== 'if_statement') return false;
  const before = [statement, ...statement.childrenIn('alternative')];
  return before.slice(0, before.indexOf(clause)).some((one) => truthOf(one.child('condition'), module) === true);
}

/** True inside of a `try` that catches something. */
export function isTried(node: SyntaxNode): boolean {
  for (let at: SyntaxNode | undefined = node; at !== undefined; at = at.parent) {
    if (isTryBody(at) || isSuppressing(at)) return true;
  }
  return false;
}

const isTryBody = (node: SyntaxNode): boolean =>
  node.type === 'block' &&
  node.field === 'body' &&
  node.parent?.type === 'try_statement' &&
  node.parent.firstOf('except_clause') !== undefined;

const isSuppressing = (node: SyntaxNode): boolean =>
  node.type === 'with_statement' && /\bsuppress\b/.test(node.firstOf('with_clause')?.text ?? '');

/** True under a condition, or where something is caught, up to the function around it. */
export function isConditional(node: SyntaxNode): boolean {
  for (let at: SyntaxNode | undefined = node; at !== undefined; at = at.parent) {
    if (/^(?:function_definition|lambda)$/.test(at.type)) return false;
    if (conditional.test(at.type)) return true;
  }
  return false;
}

const conditional =
  /^(?:if_statement|try_statement|while_statement|match_statement|conditional_expression|boolean_operator|except_clause|for_statement|list_comprehension|generator_expression)$/;
