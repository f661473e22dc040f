import { describe, expect, it } from 'vitest';
import { Parser, ParserBroken } from '../../../server/src/python/parser';
import { nodeAt, walk, type SyntaxNode } from '../../../server/src/python/syntaxNode';
import { SourceText } from '../../../server/src/sourceText';

const parser = await Parser.load(process.cwd());

function shape(root: SyntaxNode): string[] {
  const found: string[] = [];
  walk(
    root,
    (node) => void found.push(`${node.type} ${node.start}-${node.end} ${node.field ?? ''}${node.hasError ? '!' : ''}`),
  );
  return found;
}

const method = (name: string) =>
  `    def ${name}(self, a, b=1):\n        for i in range(a):\n            b += i\n        return b\n`;
const large = `import os\nclass Main:\n${Array.from({ length: 40 }, (_, index) => method(`m${index}`)).join('')}\ndef f():\n    pass\n`;

describe('the parser', () => {
  it('gives the same tree after edits as for a fresh text', () => {
    const source = parser.open(large);
    let text = large;
    for (const [find, put] of [
      ['m20', 'm20x'],
      ['b += i', 'b += ('],
      ['b += (', 'b += (1)'],
      ['return b', ''],
      ['import os', '"""'],
      ['"""', 'x = """a"""'],
      ['def f', '  def f'],
    ] as const) {
      const at = text.lastIndexOf(find);
      text = text.slice(0, at) + put + text.slice(at + find.length);
      source.update(text);
      expect(shape(source.root)).toEqual(shape(parser.open(text).root));
    }
  });
  it('keeps the nodes of statements that an edit leaves alone', () => {
    const source = parser.open(large);
    const first = source.root.children[0];
    source.update(large.replace('def f', 'def g'));
    expect(source.root.children[0]).toBe(first);
    source.update(large.replace('m20', 'm2000'));
    source.update(large.replace('m20', 'm20001'));
    const body = source.root.children[1]?.child('body')?.children;
    source.update(large.replace('m20', 'm200012'));
    expect(source.root.children[1]?.child('body')?.children[3]).toBe(body?.[3]);
    expect(body?.[39]?.text).toBe(method('m39').trim());
  });
  it('reads on after a statement that is not finished', () => {
    const { root } = parser.open('x = foo(1,\ndef f():\n    pass\ny = 2\n');
    expect(root.children.map((node) => node.type).slice(-2)).toEqual(['function_definition', 'expression_statement']);
  });
  it('ends lines at a lone carriage return', () => {
    const { root } = parser.open('x = 1\rdef f():\r    return 2\r');
    expect(root.hasError).toBe(false);
    expect(root.children).toHaveLength(2);
  });
  it('refuses what is too large or binary', () => {
    expect(parser.open('x = 1\n'.repeat(400_000)).refusal).toBe('too-large');
    expect(parser.open('x = "\0"').refusal).toBe('binary');
  });
  it('gives up on a text that takes too long', async () => {
    let time = 0;
    const slow = await Parser.load(process.cwd(), () => (time += 1_500));
    expect(slow.open('x = [1, 2, 3]\n'.repeat(3_000)).refusal).toBe('too-slow');
  });
  it('survives brackets without end', () => {
    expect(parser.open('('.repeat(100_000)).root.hasError).toBe(true);
    expect(parser.open(`x = ${'('.repeat(50_000)}${')'.repeat(50_000)}`).root.children).toHaveLength(1);
  });
  it('is replaced once it is broken, and nodes of before stay good', async () => {
    let broken = false;
    const fragile = await Parser.load(process.cwd(), () => {
      if (broken) throw new Error('broken inside of the parser');
      return 0;
    });
    const source = fragile.open(large);
    const instance = Reflect.get(fragile, 'instance') as { parser: { parse: () => never } };
    instance.parser.parse = () => {
      throw new Error('abort');
    };
    expect(() => fragile.open('x = 1')).toThrow(ParserBroken);
    expect(() => source.update(`${large}x = 1\n`)).toThrow(ParserBroken);
    await fragile.renew();
    source.update(`${large}x = 2\n`);
    expect(shape(source.root)).toEqual(shape(parser.open(`${large}x = 2\n`).root));
    broken = true;
  });
  it('finds the node at a place', () => {
    const { root } = parser.open('x = foo(bar)\n');
    expect(nodeAt(root, 9).text).toBe('bar');
  });
});

describe('positions', () => {
  it('count UTF-16 code units, whatever ends the lines', () => {
    const source = new SourceText('a😀b\r\nc\rd\n\te');
    expect(source.positionAt(3)).toEqual({ line: 0, character: 3 });
    expect(source.positionAt(6)).toEqual({ line: 1, character: 0 });
    expect(source.positionAt(8)).toEqual({ line: 2, character: 0 });
    expect(source.positionAt(11)).toEqual({ line: 3, character: 1 });
    expect(source.offsetAt({ line: 3, character: 1 })).toBe(11);
  });
  it('do not count a byte-order mark', () => {
    const source = new SourceText('\ufeffab\nc');
    expect(source.positionAt(1)).toEqual({ line: 0, character: 0 });
    expect(source.offsetAt({ line: 0, character: 1 })).toBe(2);
    expect(source.positionAt(4)).toEqual({ line: 1, character: 0 });
  });
});
