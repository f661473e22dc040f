/** Copies a tree of the parser into nodes of ours; after an edit, statements that it did not touch are taken over. */
import { Origin, SyntaxNode } from './syntaxNode';

/** The part of tree-sitter's cursor that is needed. */
export interface Cursor {
  readonly nodeTypeId: number;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly currentFieldId: number;
  readonly nodeIsMissing: boolean;
  gotoFirstChild(): boolean;
  gotoNextSibling(): boolean;
  gotoParent(): boolean;
}

export interface Kind {
  readonly type: string;
  readonly named: boolean;
}

export interface Grammar {
  readonly kinds: readonly Kind[];
  readonly fields: readonly (string | null)[];
}

/** What differs from the nodes of before, in offsets into the chunk: [from, oldTo) became [from, to). */
export interface Difference {
  readonly from: number;
  readonly oldTo: number;
  readonly to: number;
  /** The top-level nodes of before, still at their old places. */
  readonly before: readonly SyntaxNode[];
}

interface Frame {
  readonly node: SyntaxNode | undefined;
  readonly origin: Origin;
  /** Where the origin stands in the chunk. */
  readonly base: number;
  readonly children: SyntaxNode[];
  /** Children of the node that was here before the edit. */
  readonly old: readonly SyntaxNode[];
  /** Index into `old`: those before it are behind. */
  next: number;
}

/** Deeper nodes have no children: no analysis has to fear for its stack. */
const depthLimit = 1_500;
/** The number of `ERROR` nodes is 65535, outside of the grammar's table. */
const errorKind: Kind = { type: 'ERROR', named: true };
const noNodes: readonly SyntaxNode[] = [];

/** The children of the root, which is left out unless it is an `ERROR`. The cursor stands on the root. */
export function copyTree(cursor: Cursor, grammar: Grammar, chunk: Origin, difference?: Difference): SyntaxNode[] {
  return new Copier(cursor, grammar, chunk, difference).copy();
}

class Copier {
  private readonly stack: Frame[] = [];
  private readonly top: Frame;
  constructor(
    private readonly cursor: Cursor,
    private readonly grammar: Grammar,
    private readonly chunk: Origin,
    private readonly difference: Difference | undefined,
  ) {
    this.top = { node: undefined, origin: chunk, base: 0, children: [], old: difference?.before ?? noNodes, next: 0 };
  }

  copy(): SyntaxNode[] {
    const { cursor, stack } = this;
    stack.push(this.top);
    if (cursor.nodeTypeId >= this.grammar.kinds.length) stack.push(this.enter(this.top));
    if (!cursor.gotoFirstChild()) return this.finish();
    const floor = stack.length;
    for (;;) {
      const frame = this.child(stack.at(-1) as Frame);
      if (frame !== undefined && stack.length < depthLimit && cursor.gotoFirstChild()) {
        stack.push(frame);
        continue;
      }
      while (!cursor.gotoNextSibling()) {
        if (stack.length === floor) return this.finish();
        close(stack.pop() as Frame);
        cursor.gotoParent();
      }
    }
  }

  private finish(): SyntaxNode[] {
    for (let frame = this.stack.pop(); frame !== undefined; frame = this.stack.pop()) close(frame);
    return this.top.children;
  }

  /** Takes the node over, or starts a new one whose children come next. */
  private child(into: Frame): Frame | undefined {
    const same = this.difference === undefined ? undefined : this.unchanged(into, this.difference);
    if (same === undefined) return this.enter(into);
    same.origin.parent = into.origin;
    same.origin.offset = this.cursor.startIndex - into.base;
    into.children.push(same);
    return undefined;
  }

  private unchanged(into: Frame, difference: Difference): SyntaxNode | undefined {
    if (into.node !== undefined && into.node.type !== 'block') return undefined;
    const { startIndex, endIndex } = this.cursor;
    const shift = shiftOf(startIndex, endIndex, difference);
    const found = shift === undefined ? undefined : this.oldAt(into, startIndex + shift);
    return found !== undefined && found.length === endIndex - startIndex && this.isSame(found) ? found : undefined;
  }

  private isSame(old: SyntaxNode): boolean {
    return !old.hasError && isMovable(old) && this.grammar.kinds[this.cursor.nodeTypeId]?.type === old.type;
  }

  private oldAt(into: Frame, start: number): SyntaxNode | undefined {
    const chunkStart = this.chunk.start;
    let found = into.old[into.next];
    while (found !== undefined && found.start - chunkStart < start) found = into.old[++into.next];
    return found !== undefined && found.start - chunkStart === start ? found : undefined;
  }

  private enter(into: Frame): Frame {
    const { cursor, grammar } = this;
    const from = cursor.startIndex;
    const to = cursor.endIndex;
    const kind = grammar.kinds[cursor.nodeTypeId] ?? errorKind;
    const field = grammar.fields[cursor.currentFieldId] ?? undefined;
    const missing = from === to && cursor.nodeIsMissing;
    const isStatement = kind.named && (into.node === undefined || into.node.type === 'block') && to - from > 20;
    const origin = isStatement ? new Origin(this.chunk.source, into.origin, from - into.base) : into.origin;
    const base = isStatement ? from : into.base;
    const error = missing || kind === errorKind;
    const node = new SyntaxNode(kind.type, kind.named, field, missing, error, origin, from - base, to - base);
    into.children.push(node);
    return { node, origin, base, children: [], old: this.oldChildren(into, kind, field, from), next: 0 };
  }

  /** The children of the node that stood here, where the edit is inside of it. */
  private oldChildren(into: Frame, kind: Kind, field: string | undefined, from: number): readonly SyntaxNode[] {
    if (this.difference === undefined || into.old === noNodes) return noNodes;
    const chunkStart = this.chunk.start;
    const found = into.old.find(
      (one) => one.start - chunkStart === from && one.type === kind.type && one.field === field,
    );
    return found?.children ?? noNodes;
  }
}

/** What leads from a place now to the place before; undefined where the difference is. */
function shiftOf(start: number, end: number, { from, to, oldTo }: Difference): number | undefined {
  if (end < from) return 0;
  return start > to ? oldTo - to : undefined;
}

/** Has an origin of its own, so its place can be set. */
const isMovable = (node: SyntaxNode): boolean => node.start === node.origin.start && node.origin.parent !== undefined;

function close({ node, children }: Frame): void {
  if (node === undefined) return;
  node.children = children;
  for (const child of children) {
    child.parent = node;
    if (child.hasError) node.hasError = true;
  }
}
