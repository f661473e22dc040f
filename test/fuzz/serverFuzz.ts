/**
 * Random edits against the language server's analyses: what an edited text gives must be what it would give read afresh.
 * Long form: `npx esbuild test/fuzz/main.ts --bundle --platform=node --main-fields=module,main --outfile=out/fuzz.cjs`,
 * then `node --expose-gc out/fuzz.cjs [--edits N] [--seed S]`. A short form runs with the unit tests.
 */
import { checkPackage } from '../../server/src/contract/checkPackage';
import { ParsedFiles } from '../../server/src/python/parsedFiles';
import type { Parser } from '../../server/src/python/parser';
import type { SyntaxNode } from '../../server/src/python/syntaxNode';
import type { PackageFiles } from '../../server/src/python/modules';

export interface FuzzOptions {
  readonly parser: Parser;
  readonly seed: number;
  readonly edits: number;
  /** Texts to start from; each edit works on one of them, and now and then goes back to what it was. */
  readonly texts: readonly string[];
  /** Every how many edits the result is held against a fresh reading. */
  readonly every?: number;
  readonly onProgress?: (edit: number) => void;
}

/** A small generator of numbers, so that a failure can be repeated. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39) >>> 0;
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000) * below);
  };
}

const words = '( ) [ ] { } : " \' """ \'\'\' \\ # , = := * ** @ . 1 x é 😀 𝛼 self Main train \ufeff'.split(' ');
const blanks = ['\n', '\r\n', '\r', '\n    ', '\n\t', '\t', '\f', ' ', '\ud83d', '\u2028'];
const lines = [
  'def f(self):\n',
  'class Main:\n',
  'if x:\n    pass\n',
  'else:\n',
  'f"{',
  '}"',
  'match x:\n    case 1:\n',
  'import os\n',
  'os.environ["a"]',
  'Main()\n',
  'del Main\n',
  'yield 1\n',
  'async ',
  '@property\n',
];
const inserted = words.concat(blanks, lines);

/** Throws with seed and number of the edit where the two readings differ. */
export function fuzzEdits({ parser, seed, edits, texts, every = 1, onProgress }: FuzzOptions): void {
  const next = numbers(seed);
  const now = [...texts];
  const incremental = new ParsedFiles(parser);
  for (let edit = 0; edit < edits; edit++) {
    const which = next(texts.length);
    const text = edited(now[which] ?? '', texts[which] ?? '', next);
    now[which] = text;
    const place = `seed ${seed}, edit ${edit}`;
    const mine = verdict(incremental, `file ${which}`, text);
    if (edit % every === 0) {
      const fresh = new ParsedFiles(parser);
      const theirs = verdict(fresh, 'fresh', text);
      fresh.forget('fresh/train.py');
      if (mine !== theirs) throw new Error(`${place}: ${difference(mine, theirs)}\n${JSON.stringify(text)}`);
    }
    onProgress?.(edit);
  }
}

function edited(text: string, original: string, next: (below: number) => number): string {
  if (next(40) === 0 || text.length > original.length * 2 + 500) return original;
  const at = next(text.length + 1);
  const removed = next(4) === 0 ? next(40) : next(3);
  return text.slice(0, at) + (next(5) === 0 ? '' : (inserted[next(inserted.length)] ?? '')) + text.slice(at + removed);
}

/** Findings, and the tree of a text that Python reads. */
function verdict(parsed: ParsedFiles, key: string, text: string): string {
  const files: PackageFiles = {
    readText: (path) => (path === 'train.py' ? text : undefined),
    isFile: (path) => path === 'train.py',
    isFolder: (path) => path === '',
    list: () => ['train.py'],
  };
  const report = checkPackage({
    files,
    parse: (path, source) => parsed.read(`${key}/${path}`, source),
    configured: true,
    python: '3.11',
    parameterNames: ['artifacts_directory', 'save_training_data'],
    pipelines: [],
    upload: true,
    name: 'digits',
  });
  const lines = report.findings.map((finding) => JSON.stringify(finding));
  const { root, problem } = parsed.read(`${key}/train.py`, text);
  // How tree-sitter mends a text that Python refuses depends on what it read before; no finding comes from there.
  return [...lines, ...(problem === undefined ? treeLines(root) : [])].join('\n');
}

export function treeLines(root: SyntaxNode): string[] {
  const lines: string[] = [];
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    lines.push(`${node.type} ${node.start}-${node.end}${node.missing ? ' missing' : ''}`);
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index] as SyntaxNode);
  }
  return lines;
}

function difference(mine: string, theirs: string): string {
  const [one, other] = [mine.split('\n'), theirs.split('\n')];
  const at = one.findIndex((line, index) => line !== other[index]);
  return `incremental "${one[at] ?? 'ends'}", fresh "${other[at] ?? 'ends'}"`;
}
