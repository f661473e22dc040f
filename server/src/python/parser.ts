/** The only file that knows tree-sitter: text in, our own nodes out. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as TreeSitter from 'web-tree-sitter';
import { rechunk, type Chunk } from './chunks';
import { Origin, SyntaxNode, type SourceHolder } from './syntaxNode';

/** UTF-16 code units; a longer module is not looked at. */
export const sizeLimit = 2_000_000;
/** How long parsing one change may take, in milliseconds. */
const timeBudget = 2_000;
/** Deeper nodes have no children: no analysis has to fear for its stack. */
const depthLimit = 1_500;

export type ParseRefusal = 'too-large' | 'too-slow' | 'binary';

/** The parser's WebAssembly instance is beyond repair; `Parser.renew` gives another one. */
export class ParserBroken extends Error {
  override readonly name = 'ParserBroken';
}

interface Kind {
  readonly type: string;
  readonly named: boolean;
}

/** One instance of the WebAssembly module. A crash in it makes all of it useless, so it can be thrown away. */
interface Instance {
  readonly parser: TreeSitter.Parser;
  readonly kinds: readonly Kind[];
  readonly fields: readonly (string | null)[];
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
    const source = new PythonSource((text, deadline) => this.parse(text, deadline), this.now);
    source.update(text);
    return source;
  }

  private parse(text: string, deadline: number): Materials | undefined {
    const { parser, kinds, fields } = this.instance;
    let tree: TreeSitter.Tree | null = null;
    try {
      parser.reset();
      tree = parser.parse(text, null, { progressCallback: () => this.now() > deadline });
      return tree === null ? undefined : { tree, kinds, fields };
    } catch (cause) {
      throw new ParserBroken('the parser broke down', { cause });
    }
  }
}

interface Materials {
  readonly tree: TreeSitter.Tree;
  readonly kinds: readonly Kind[];
  readonly fields: readonly (string | null)[];
}

type Parse = (text: string, deadline: number) => Materials | undefined;

/** A module's text with its tree, kept in step. */
export class PythonSource {
  private readonly holder: SourceHolder = { text: '', version: 0 };
  private chunks: readonly Chunk[] = [];
  private statements: readonly (readonly SyntaxNode[])[] = [];
  private origins: readonly Origin[] = [];
  private module: SyntaxNode;
  private refused: ParseRefusal | undefined;

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

  /** Takes the new text; only statements that changed are parsed. Throws `ParserBroken` and then has no tree. */
  update(text: string): void {
    const refusal = text.length > sizeLimit ? 'too-large' : text.includes('\0') ? 'binary' : undefined;
    if (refusal !== undefined) return this.refuse(text, refusal);
    const before = { text: this.refused === undefined ? this.holder.text : '', chunks: this.chunks };
    try {
      this.replace(before, text);
    } catch (error) {
      this.refuse(text, 'too-slow');
      throw error;
    }
  }

  private replace(before: { text: string; chunks: readonly Chunk[] }, text: string): void {
    const next = rechunk(before, text);
    const deadline = this.now() + timeBudget;
    const after = this.chunks.length - next.sameAfter;
    const made = this.make(text, next.chunks.slice(next.sameBefore, next.chunks.length - next.sameAfter), deadline);
    if (made === undefined) return this.refuse(text, 'too-slow');
    this.statements = [
      ...this.statements.slice(0, next.sameBefore),
      ...made.statements,
      ...this.statements.slice(after),
    ];
    this.origins = [...this.origins.slice(0, next.sameBefore), ...made.origins, ...this.origins.slice(after)];
    this.chunks = next.chunks;
    this.settle(text, undefined);
    this.origins.forEach((origin, index) => (origin.offset = (next.chunks[index] as Chunk).start));
    this.module = this.assemble();
  }

  private make(
    text: string,
    chunks: readonly Chunk[],
    deadline: number,
  ): { statements: SyntaxNode[][]; origins: Origin[] } | undefined {
    const statements: SyntaxNode[][] = [];
    const origins: Origin[] = [];
    for (const chunk of chunks) {
      const parsed = this.parse(parseable(text.slice(chunk.start, chunk.end)), deadline);
      if (parsed === undefined) return undefined;
      const origin = new Origin(this.holder, undefined, chunk.start);
      try {
        statements.push(materialize(parsed, origin));
      } finally {
        parsed.tree.delete();
      }
      origins.push(origin);
    }
    return { statements, origins };
  }

  private refuse(text: string, refusal: ParseRefusal): void {
    this.chunks = [];
    this.statements = [];
    this.origins = [];
    this.settle(text, refusal);
    this.module = this.assemble();
  }

  private settle(text: string, refusal: ParseRefusal | undefined): void {
    this.holder.text = text;
    this.holder.version++;
    this.refused = refusal;
  }

  private assemble(): SyntaxNode {
    const children = this.statements.flat();
    const hasError = children.some((child) => child.hasError);
    const origin = new Origin(this.holder, undefined, 0);
    const root = new SyntaxNode('module', true, undefined, false, hasError, origin, 0, this.holder.text.length);
    root.children = children;
    for (const child of children) child.parent = root;
    return root;
  }
}

/** Python ends lines at a lone carriage return too; the grammar does not. Offsets stay the same. */
const parseable = (text: string): string => (text.includes('\r') ? text.replace(/\r(?!\n)/g, '\n') : text);

interface Frame {
  readonly node: SyntaxNode | undefined;
  readonly children: SyntaxNode[];
}

/** Copies a tree into nodes of ours; the children of its root are what comes back. */
function materialize({ tree, kinds, fields }: Materials, origin: Origin): SyntaxNode[] {
  const cursor = tree.walk();
  try {
    const rootKind = kinds[cursor.nodeTypeId];
    const top: Frame = { node: undefined, children: [] };
    const stack: Frame[] = [top];
    if (rootKind?.type === 'ERROR') stack.push(enter(cursor, kinds, fields, origin, top));
    if (!cursor.gotoFirstChild()) return finish(stack, top);
    const floor = stack.length;
    for (;;) {
      const frame = enter(cursor, kinds, fields, origin, stack.at(-1) as Frame);
      if (stack.length < depthLimit && cursor.gotoFirstChild()) {
        stack.push(frame);
        continue;
      }
      while (!cursor.gotoNextSibling()) {
        if (stack.length === floor) return finish(stack, top);
        close(stack.pop() as Frame);
        cursor.gotoParent();
      }
    }
  } finally {
    cursor.delete();
  }
}

function finish(stack: Frame[], top: Frame): SyntaxNode[] {
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) close(frame);
  return top.children;
}

function close({ node, children }: Frame): void {
  if (node === undefined) return;
  node.children = children;
  for (const child of children) {
    child.parent = node;
    if (child.hasError) node.hasError = true;
  }
}

function enter(
  cursor: TreeSitter.TreeCursor,
  kinds: readonly Kind[],
  fields: readonly (string | null)[],
  origin: Origin,
  into: Frame,
): Frame {
  const from = cursor.startIndex;
  const to = cursor.endIndex;
  const kind = kinds[cursor.nodeTypeId] ?? errorKind;
  const field = fields[cursor.currentFieldId] ?? undefined;
  const missing = from === to && cursor.nodeIsMissing;
  const node = new SyntaxNode(kind.type, kind.named, field, missing, missing || kind === errorKind, origin, from, to);
  into.children.push(node);
  return { node, children: [] };
}

/** The number of `ERROR` nodes is 65535, outside of the grammar's table. */
const errorKind: Kind = { type: 'ERROR', named: true };

async function instantiate(files: Files): Promise<Instance> {
  const { Parser, Language } = freshModule(files.script);
  await Parser.init({ wasmBinary: files.runtime as never });
  const language = await Language.load(files.grammar);
  const parser = new Parser().setLanguage(language);
  const kinds = Array.from({ length: language.nodeTypeCount }, (_, id) => ({
    type: language.nodeTypeForId(id) ?? 'ERROR',
    named: language.nodeTypeIsNamed(id),
  }));
  return { parser, kinds, fields: language.fields };
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
