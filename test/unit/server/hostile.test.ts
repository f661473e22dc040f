/** Texts that no one writes and every server meets. */
import { expect, test } from 'vitest';
import { findingsOf, shown } from './support/checkSource';
import { validPackages } from './support/packages';

const codes = (source: string): string[] => findingsOf(source).map(shown);

test.each([
  ['100,000 open brackets', '('.repeat(100_000), ['0:200-201 syntax']],
  ['100,000 nested brackets', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, ['0:200-201 syntax']],
  ['a file of 20 MB', `x = "${'a'.repeat(20_000_000)}"\n`, ['0:0-0 file-skipped']],
  [
    '64 KB of binary content',
    String.fromCharCode(...Array.from({ length: 65_536 }, (_, at) => (at * 7_919) % 256)),
    ['0:0-0 file-skipped'],
  ],
  ['nothing', '', ['0:0-0 main-missing']],
  ['a byte-order mark alone', '\ufeff', ['0:0-0 main-missing']],
  ['white space', ' \t\f\r\n\r \n', ['0:0-0 main-missing']],
  ['half an astral character', 'x = "\ud83d"\n', ['0:0-0 main-missing']],
  [
    'a tower of functions',
    Array.from({ length: 90 }, (_, depth) => `${' '.repeat(depth)}def f():\n`).join('') + `${' '.repeat(90)}pass\n`,
    ['0:0-0 main-missing'],
  ],
  ['a chain of 20,000 calls', `x = a${'.b()'.repeat(20_000)}\n`, ['0:0-0 main-missing']],
  ['a sum of 50,000 terms', `x = 1${' + 1'.repeat(50_000)}\n`, ['0:0-0 main-missing']],
])('%s is survived', (_, source, expected) => expect(codes(source)).toEqual(expected), 60_000);

test('every prefix of a package is survived', () => {
  for (const { files } of validPackages.slice(1, 4)) {
    const text = files['train.py'] ?? '';
    for (let length = 0; length < text.length; length += 3) expect(() => codes(text.slice(0, length))).not.toThrow();
  }
}, 60_000);
