/** The only file that knows tree-sitter: text in, our own nodes out. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as TreeSitter from 'web-tree-sitter';
import { commonPrefix, commonSuffix, rechunk, type Chunk } from './chunks';
import { copyTree, type Difference, type Grammar } from './copyTree';
import { Origin, SyntaxNode, type SourceHolder } from './syntaxNode';

/** UTF-16 code units; a longer module is not looked at. */
export const sizeLimit = 2_000_000;
/** How long parsing one change may take, in milliseconds. */
const timeBudget = 2_000;
/** A statement of this length or more, in UTF-16 code units, keeps its tree once it was edited. */
const largeStatement = 2_000;

export type ParseRefusal = 'too-large' | 'too-slow' | 'binary';

/** The parser's WebAssembly instance is beyond repair; `Parser.renew` gives another one. */
export class ParserBroken extends Error {
  override readonly name = 'ParserBroken';
}

/** One instance of the WebAssembly module. A crash in it makes all of it useless, so it can be thrown away. */
interface Instance {
  readonly parser: TreeSitter.Parser;
  readonly grammar: Grammar;
  readonly edit: typeof TreeSitter.Edit;
}

interface Files {
  readonly script: string;
  readonly runtime: Uint8Array;
  readonly grammar: Uint8Array;
}

export class Parser {
  private constructor(
    private readonly files: Files,
    private instance: Instance,
    private readonly now: () => number,
  ) {}

  /** `folder` holds the files that the build copies; where they are not there, `node_modules` above it is looked at. */
  static async load(folder: string, now: () => number = () => performance.now()): Promise<Parser> {
    const files = await readFiles(folder);
    return new Parser(files, await instantiate(files), now);
  }

  /** After `ParserBroken`: a fresh instance. Nodes that were made before stay good. */
  async renew(): Promise<void> {
    this.instance = await instantiate(this.files);
  }

  /** A module that can be changed. */
  open(text: string): PythonSource {
    const source = new PythonSource((request) => this.parse(request), this.now);
    source.update(text);
    return source;
  }

  private parse({ text, deadline, before }: ParseRequest): Parsed | undefined {
    try {
      this.instance.parser.reset();
      const old = before?.instance === this.instance ? before : undefined;
      return this.parseAgain(text, old, () => this.now() > deadline);
    } catch (cause) {
      throw new ParserBroken('the parser broke down', { cause });
    } finally {
      before?.tree.delete();
    }
  }

  private parseAgain(text: string, old: KeptTree | undefined, progressCallback: () => boolean): Parsed | undefined {
    const { instance } = this;
    const edit = old && editBetween(old.text, text);
    if (old !== undefined && edit !== undefined) old.tree.edit(new instance.edit(edit));
    const tree = instance.parser.parse(text, old === undefined ? null : old.tree, { progressCallback });
    if (tree === null) return undefined;
    return { tree: { instance, tree, text }, edit, changed: old === undefined ? [] : old.tree.getChangedRanges(tree) };
  }
}

interface ParseRequest {
  readonly text: string;
  readonly deadline: number;
  /** What the text was before; used up. */
  readonly before: KeptTree | undefined;
}

interface KeptTree {
  readonly instance: Instance;
  readonly tree: TreeSitter.Tree;
  readonly text: string;
}

interface Span {
  readonly startIndex: number;
  readonly endIndex: number;
}

interface Parsed {
  readonly tree: KeptTree;
  readonly edit: TextEdit | undefined;
  readonly changed: readonly Span[];
}

type Parse = (request: ParseRequest) => Parsed | undefined;

interface TextEdit {
  readonly startIndex: number;
  readonly oldEndIndex: number;
  readonly newEndIndex: number;
  readonly startPosition: TreeSitter.Point;
  readonly oldEndPosition: TreeSitter.Point;
  readonly newEndPosition: TreeSitter.Point;
}

function editBetween(before: string, after: string): TextEdit {
  const startIndex = commonPrefix(before, after);
  const suffix = commonSuffix(before, after, startIndex);
  const oldEndIndex = before.length - suffix;
  const newEndIndex = after.length - suffix;
  return {
    startIndex,
    oldEndIndex,
    newEndIndex,
    startPosition: pointAt(before, startIndex),
    oldEndPosition: pointAt(before, oldEndIndex),
    newEndPosition: pointAt(after, newEndIndex),
  };
}

function pointAt(text: string, offset: number): TreeSitter.Point {
  let row = 0;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', end + 1)) {
    row++;
    start = end + 1;
  }
  return { row, column: offset - start };
}

/** A top-level stretch of the module with what it was parsed into. */
interface Piece {
  readonly origin: Origin;
  readonly nodes: readonly SyntaxNode[];
}

/** A module's text with its tree, kept in step. */
export class PythonSource {
  private readonly holder: SourceHolder = { text: '', version: 0 };
  private chunks: readonly Chunk[] = [];
  private pieces: readonly Piece[] = [];
  private module: SyntaxNode;
  private refused: ParseRefusal | undefined;
  /** The tree of the large statement that was edited last. */
  private kept: { readonly piece: Piece; readonly tree: KeptTree } | undefined;

  constructor(
    private readonly parse: Parse,
    private readonly now: () => number,
  ) {
    this.module = this.assemble();
  }

  get text(): string {
    return this.holder.text;
  }

  /** The `module` node; without children where the module was refused. */
  get root(): SyntaxNode {
    return this.module;
  }

  /** Why there is no tree, or undefined. */
  get refusal(): ParseRefusal | undefined {
    return this.refused;
  }

  /** Frees what the parser holds. Nodes stay good. */
  dispose(): void {
    this.kept?.tree.tree.delete();
    this.kept = undefined;
  }

  /** Takes the new text; only statements that changed are parsed. Throws `ParserBroken` and then has no tree. */
  update(text: string): void {
    const refusal = text.length > sizeLimit ? 'too-large' : text.includes('\0') ? 'binary' : undefined;
    if (refusal !== undefined) return this.refuse(text, refusal);
    try {
      this.replace(text);
    } catch (error) {
      this.kept = undefined;
      this.refuse(text, 'too-slow');
      throw error;
    }
  }

  private replace(text: string): void {
    const before = { text: this.refused === undefined ? this.holder.text : '', chunks: this.chunks };
    const next = rechunk(before, text);
    const deadline = this.now() + timeBudget;
    const oldEnd = this.pieces.length - next.sameAfter;
    const newEnd = next.chunks.length - next.sameAfter;
    const old = new Map<string, Piece>();
    const changed = before.chunks.slice(next.sameBefore, oldEnd);
    changed.forEach((chunk, index) =>
      old.set(sliceOf(before.text, chunk), this.pieces[next.sameBefore + index] as Piece),
    );
    const texts = next.chunks.slice(next.sameBefore, newEnd).map((chunk) => sliceOf(text, chunk));
    const fresh = texts.filter((one) => !old.has(one)).length;
    const made: Piece[] = [];
    for (const one of texts) {
      const same = old.get(one);
      old.delete(one);
      const left = fresh === 1 ? this.leftOver(old, texts) : undefined;
      const piece = same ?? this.make(one, deadline, left);
      if (piece === undefined) return this.refuse(text, 'too-slow');
      made.push(piece);
    }
    this.pieces = [...this.pieces.slice(0, next.sameBefore), ...made, ...this.pieces.slice(oldEnd)];
    this.chunks = next.chunks;
    this.settle(text, undefined);
    this.pieces.forEach(({ origin }, index) => (origin.offset = (next.chunks[index] as Chunk).start));
    this.module = this.assemble();
  }

  /** The one piece of before that is not there any more. */
  private leftOver(old: ReadonlyMap<string, Piece>, texts: readonly string[]): Piece | undefined {
    const left = [...old].filter(([text]) => !texts.includes(text));
    return left.length === 1 ? left[0]?.[1] : undefined;
  }

  private make(text: string, deadline: number, before: Piece | undefined): Piece | undefined {
    const old = this.takeKept(before);
    // The parser asks for the time within long statements only.
    const parsed = this.now() > deadline ? undefined : this.parse({ text: parseable(text), deadline, before: old });
    if (parsed === undefined) return undefined;
    const origin = new Origin(this.holder, undefined, before === undefined ? 0 : before.origin.start);
    const piece = { origin, nodes: copied(parsed, origin, old === undefined ? [] : (before?.nodes ?? [])) };
    // The tree is kept from the second time on: most statements are never edited.
    if (before !== undefined && text.length >= largeStatement) this.kept = { piece, tree: parsed.tree };
    else parsed.tree.tree.delete();
    return piece;
  }

  /** The tree of the piece, where it is the one that was kept. */
  private takeKept(piece: Piece | undefined): KeptTree | undefined {
    const { kept } = this;
    if (kept === undefined || kept.piece !== piece) {
      this.dispose();
      return undefined;
    }
    this.kept = undefined;
    return kept.tree;
  }

  private refuse(text: string, refusal: ParseRefusal): void {
    this.dispose();
    this.chunks = [];
    this.pieces = [];
    this.settle(text, refusal);
    this.module = this.assemble();
  }

  private settle(text: string, refusal: ParseRefusal | undefined): void {
    this.holder.text = text;
    this.holder.version++;
    this.refused = refusal;
  }

  private assemble(): SyntaxNode {
    const children = this.pieces.flatMap((piece) => piece.nodes);
    const hasError = children.some((child) => child.hasError);
    const origin = new Origin(this.holder, undefined, 0);
    const root = new SyntaxNode('module', true, undefined, false, hasError, origin, 0, this.holder.text.length);
    root.children = children;
    for (const child of children) child.parent = root;
    return root;
  }
}

const sliceOf = (text: string, chunk: Chunk): string => text.slice(chunk.start, chunk.end);

function copied(parsed: Parsed, origin: Origin, before: readonly SyntaxNode[]): SyntaxNode[] {
  const cursor = parsed.tree.tree.walk();
  try {
    return copyTree(cursor, parsed.tree.instance.grammar, origin, differenceOf(parsed, before));
  } finally {
    cursor.delete();
  }
}

function differenceOf({ edit, changed }: Parsed, before: readonly SyntaxNode[]): Difference | undefined {
  if (edit === undefined) return undefined;
  const from = Math.min(edit.startIndex, ...changed.map((one) => one.startIndex));
  const to = Math.max(edit.newEndIndex, ...changed.map((one) => one.endIndex));
  return { from, to, oldTo: to - edit.newEndIndex + edit.oldEndIndex, before };
}

/** Python ends lines at a lone carriage return too; the grammar does not. Offsets stay the same. */
const parseable = (text: string): string => (text.includes('\r') ? text.replace(/\r(?!\n)/g, '\n') : text);

async function instantiate(files: Files): Promise<Instance> {
  const { Parser, Language, Edit } = freshModule(files.script);
  await Parser.init({ wasmBinary: files.runtime as never });
  const language = await Language.load(files.grammar);
  const parser = new Parser().setLanguage(language);
  const kinds = Array.from({ length: language.nodeTypeCount }, (_, id) => ({
    type: language.nodeTypeForId(id) ?? 'ERROR',
    named: language.nodeTypeIsNamed(id),
  }));
  return { parser, grammar: { kinds, fields: language.fields }, edit: Edit };
}

/** The library keeps one instance per copy of itself, so another instance needs another copy. */
function freshModule(script: string): typeof TreeSitter {
  const load = createRequire(script);
  const path = load.resolve(script);
  delete load.cache[path];
  return load(path) as typeof TreeSitter;
}

async function readFiles(folder: string): Promise<Files> {
  for (const place of places(resolve(folder))) {
    try {
      const [runtime, grammar] = await Promise.all([readFile(place.runtime), readFile(place.grammar)]);
      return { script: place.script, runtime, grammar };
    } catch {
      continue;
    }
  }
  throw new Error(`The parser's .wasm files are neither in ${folder} nor in node_modules.`);
}

function* places(folder: string): Generator<{ script: string; runtime: string; grammar: string }> {
  yield place(folder, folder);
  for (let above = folder; ; above = dirname(above)) {
    yield place(join(above, 'node_modules', 'web-tree-sitter'), join(above, 'node_modules', 'tree-sitter-python'));
    if (dirname(above) === above) return;
  }
}

const place = (runtime: string, grammar: string): { script: string; runtime: string; grammar: string } => ({
  script: join(runtime, 'web-tree-sitter.cjs'),
  runtime: join(runtime, 'web-tree-sitter.wasm'),
  grammar: join(grammar, 'tree-sitter-python.wasm'),
});
