/** What a function's own body does, functions and classes inside of it left aside. */
import { walk, type SyntaxNode } from '../python/syntaxNode';

const inner = /^(?:function_definition|lambda|class_definition)$/;

/** Visits what runs when the function is called. */
export function walkBody(fn: SyntaxNode, visit: (node: SyntaxNode) => boolean | void): void {
  const body = fn.child('body');
  if (body === undefined) return;
  walk(body, (node) => (inner.test(node.type) ? false : visit(node)));
}

/** Expressions that `return` gives back; a bare `return` is not among them. */
export function returnsOf(fn: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  walkBody(fn, (node) => {
    const value = node.type === 'return_statement' ? node.parts[0] : undefined;
    if (value !== undefined) found.push(value);
  });
  return found;
}

export function isGenerator(fn: SyntaxNode): boolean {
  let found = false;
  walkBody(fn, (node) => {
    found ||= node.type === 'yield' && node.named;
    return !found;
  });
  return found;
}

export const isAsync = (fn: SyntaxNode): boolean => fn.children.some((child) => child.type === 'async');
