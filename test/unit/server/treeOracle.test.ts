/** The native tree-sitter is what the WebAssembly build, cut into statements and copied into our nodes, is held against. */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { SyntaxNode } from '../../../server/src/python/syntaxNode';
import { parser } from './support/checkSource';
import { defects, validPackages } from './support/packages';

interface NativeNode {
  readonly type: string;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly children: readonly NativeNode[];
}

interface NativeParser {
  setLanguage(language: unknown): void;
  parse(text: string, old?: undefined, options?: { readonly bufferSize: number }): { readonly rootNode: NativeNode };
}

const load = createRequire(import.meta.url);

/** The prebuilt module needs a newer C++ library than some systems have; there the oracle has no say. */
function nativeParser(): NativeParser | undefined {
  try {
    const Native = load('tree-sitter') as new () => NativeParser;
    const native = new Native();
    native.setLanguage(load('tree-sitter-python'));
    return native;
  } catch {
    return undefined;
  }
}

function nativeShape(root: NativeNode): string[] {
  const found: string[] = [];
  const stack = [...root.children].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    found.push(`${node.type} ${node.startIndex}-${node.endIndex}`);
    stack.push(...[...node.children].reverse());
  }
  return found;
}

function shape(root: SyntaxNode): string[] {
  const found: string[] = [];
  const stack = [...root.children].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    found.push(`${node.type} ${node.start}-${node.end}`);
    stack.push(...[...node.children].reverse());
  }
  return found;
}

const native = nativeParser();
const readable = defects.filter(({ title }) => !/open|Python 2/.test(title));
const texts = validPackages
  // The native module takes a lone carriage return for white space, which Python does not.
  .filter(({ title }) => !title.includes('old Macs'))
  .flatMap(({ files }) => [files, ...readable.map((defect) => defect.plant(files)?.files ?? files)])
  .map((files) => files['train.py'] ?? '');

test('every tree of the corpus is the native one', (context) => {
  context.skip(native === undefined, 'the native tree-sitter cannot be loaded on this system');
  expect(texts.length).toBeGreaterThan(250);
  for (const text of new Set(texts)) {
    const expected = nativeShape((native as NativeParser).parse(text, undefined, { bufferSize: 1 << 20 }).rootNode);
    expect(shape(parser.open(text).root), text).toEqual(expected);
  }
});
