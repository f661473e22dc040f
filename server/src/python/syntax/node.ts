/** The parser's tree: one shape for expressions and statements, just deep enough for the rules that need it. */

export type NodeKind =
  // expressions
  | 'name'
  | 'constant'
  | 'string'
  | 'fstring'
  | 'tuple'
  | 'list'
  | 'set'
  | 'dict'
  | 'starred'
  | 'attribute'
  | 'subscript'
  | 'slice'
  | 'call'
  | 'keywordArgument'
  | 'lambda'
  | 'comprehension'
  | 'operator'
  | 'compare'
  | 'ternary'
  | 'await'
  | 'yield'
  | 'yieldFrom'
  | 'walrus'
  // statements
  | 'expression'
  | 'assign'
  | 'augmented'
  | 'annotated'
  | 'del'
  | 'return'
  | 'raise'
  | 'assert'
  | 'pass'
  | 'break'
  | 'continue'
  | 'global'
  | 'nonlocal'
  | 'import'
  | 'importFrom'
  | 'if'
  | 'while'
  | 'for'
  | 'with'
  | 'try'
  | 'handler'
  | 'match'
  | 'case'
  | 'function'
  | 'class'
  | 'typeAlias'
  // binds its name, wherever it stands: an import, a pattern's capture, a handler's `as`
  | 'binding';

export interface Clause {
  readonly isAsync: boolean;
  readonly start: number;
  readonly target: Node;
  readonly iterable: Node;
  readonly conditions: readonly Node[];
}

export interface Parameter {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly annotation?: Node;
  readonly defaultValue?: Node;
}

export interface TypeParameter {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Node[];
}

export interface Node {
  readonly kind: NodeKind;
  readonly start: number;
  readonly end: number;
  /** A name, an operator, or how CPython calls a constant. */
  readonly text: string;
  /** Sub-expressions in the order in which Python evaluates them (targets last). */
  readonly children: readonly Node[];
  /** The targets among the children of an assignment, `for`, `with` or `del`. */
  readonly targets?: readonly Node[];
  readonly parenthesised?: boolean;
  readonly isAsync?: boolean;
  readonly body?: readonly Node[];
  /** `else`, `finally`, the handlers: what follows the body. */
  readonly tails?: readonly (readonly Node[])[];
  readonly clauses?: readonly Clause[];
  readonly parameters?: readonly Parameter[];
  readonly typeParameters?: readonly TypeParameter[];
  /** Where the name of a definition stands. */
  readonly nameStart?: number;
}

const none: readonly Node[] = [];

export function node(
  kind: NodeKind,
  start: number,
  end: number,
  children: readonly Node[] = none,
  text: string = '',
): Node {
  return { kind, start, end, text, children };
}
