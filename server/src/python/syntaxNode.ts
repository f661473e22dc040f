/** The syntax tree that every analysis reads: plain values, independent of the parser that made them. */

/** The text that nodes point into; one per document, replaced in place when the text changes. */
export interface SourceHolder {
  /** The text as it is now, with the line ends that it has. */
  text: string;
  /** Grows with every change; offsets are worked out anew when it differs. */
  version: number;
}

/** Where a statement starts. Relative to the statement around it, so that an edit moves few of them. */
export class Origin {
  private base = 0;
  private stamp = -1;
  constructor(
    readonly source: SourceHolder,
    public parent: Origin | undefined,
    public offset: number,
  ) {}

  get start(): number {
    if (this.stamp !== this.source.version) {
      this.base = (this.parent === undefined ? 0 : this.parent.start) + this.offset;
      this.stamp = this.source.version;
    }
    return this.base;
  }
}

/**
 * A node of the grammar of tree-sitter-python. Offsets are UTF-16 code units into the text of the module.
 *
 * A node lives as long as its text and its insides stay the same: after an edit, statements outside of the edit are the same
 * objects (at other offsets), so results can be kept in a WeakMap. Nodes that contain the edit are new objects.
 */
export class SyntaxNode {
  children: readonly SyntaxNode[] = noNodes;
  parent: SyntaxNode | undefined = undefined;

  constructor(
    /** The grammar's name: `function_definition`, `identifier`, `def`, `ERROR`, … */
    readonly type: string,
    /** False for punctuation and keywords. */
    readonly named: boolean,
    /** The field that this node fills in its parent: `name`, `body`, `left`, … */
    readonly field: string | undefined,
    /** True where the parser made the node up to go on (an empty range). */
    readonly missing: boolean,
    /** True where the node or anything in it is an `ERROR` or missing. */
    public hasError: boolean,
    readonly origin: Origin,
    private readonly from: number,
    private readonly to: number,
  ) {}

  get start(): number {
    return this.origin.start + this.from;
  }

  get end(): number {
    return this.origin.start + this.to;
  }

  get length(): number {
    return this.to - this.from;
  }

  get text(): string {
    return this.origin.source.text.slice(this.start, this.end);
  }

  /** The first child that fills the field. */
  child(field: string): SyntaxNode | undefined {
    for (const child of this.children) if (child.field === field) return child;
    return undefined;
  }

  /** The text of the first child that fills the field, or "". */
  textOf(field: string): string {
    return this.child(field)?.text ?? '';
  }

  childrenIn(field: string): SyntaxNode[] {
    return this.children.filter((child) => child.field === field);
  }

  /** Children that are neither punctuation nor comments. */
  get parts(): SyntaxNode[] {
    return this.children.filter(
      (child) => child.named && child.type !== 'comment' && child.type !== 'line_continuation',
    );
  }

  firstOf(type: string): SyntaxNode | undefined {
    for (const child of this.children) if (child.type === type) return child;
    return undefined;
  }

  /** The nearest node around this one that has one of the types. */
  around(...types: readonly string[]): SyntaxNode | undefined {
    let node = this.parent;
    while (node !== undefined && !types.includes(node.type)) node = node.parent;
    return node;
  }
}

const noNodes: readonly SyntaxNode[] = [];

/**
 * Visits `root` and everything in it, in the order of the text, without recursion (trees can be deep).
 * What is in a node is left out where `visit` returns false.
 */
export function walk(root: SyntaxNode, visit: (node: SyntaxNode) => boolean | void): void {
  const stack: SyntaxNode[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (visit(node) === false) continue;
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index] as SyntaxNode);
  }
}

/** The innermost named node that holds the offset (`start <= offset <= end`), or `root`. */
export function nodeAt(root: SyntaxNode, offset: number): SyntaxNode {
  let node = root;
  for (;;) {
    const inner = node.children.filter((child) => child.named && child.start <= offset && offset <= child.end).at(-1);
    if (inner === undefined) return node;
    node = inner;
  }
}
