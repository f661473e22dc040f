/** Archives that the tests make byte by byte, each with one thing wrong; and those that must be let in, as CPython sees them. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importZip } from '../../../runner/src/archive/importZip';
import { isExpected } from '../../../runner/src/domain/errors';
import { field, file, ok, secondName, withTrain, zip } from '../../support/zipBytes';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-policy-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const refusals: readonly [string, () => Buffer, RegExp][] = [
  ['an empty file', () => Buffer.alloc(0), /no zip archive/],
  ['bytes that are no archive', () => Buffer.from('hello'.repeat(100)), /no zip archive/],
  ['an archive without entries', () => zip([]), /empty/],
  ['an archive cut off in its directory', () => zip([ok]).subarray(0, -30), /no zip archive|end/],
  ['an archive cut off in front', () => zip([ok]).subarray(10), /bytes before|cut off|directory/],
  ['a parent folder in the path', () => withTrain(file('digits/../evil')), /digits\/\.\.\/evil.*leads out/],
  ['a path that begins with a parent', () => withTrain(file('../evil')), /leads out/],
  ['a path that ends with a parent', () => withTrain(file('digits/..')), /leads out/],
  ['a dot as part of the path', () => withTrain(file('digits/./x')), /leads out/],
  ['an empty part of the path', () => withTrain(file('digits//x')), /leads out/],
  ['an absolute path', () => withTrain(file('/etc/evil')), /absolute/],
  ['a Windows drive', () => withTrain(file('C:/evil')), /drive letter/],
  ['a drive without a slash', () => withTrain(file('c:evil')), /drive letter/],
  ['a backslash', () => withTrain(file('digits\\..\\evil')), /backslash/],
  ['a UNC path', () => withTrain(file('\\\\server\\share\\x')), /backslash/],
  ['an empty name', () => withTrain(file('')), /no name/],
  ['a NUL in the name', () => withTrain(file('digits/a\u0000b')), /control character/],
  ['a line feed in the name', () => withTrain(file('digits/a\nb')), /control character/],
  ['an escape character in the name', () => withTrain(file('digits/\u001b[31m')), /control character/],
  ['a DEL in the name', () => withTrain(file('digits/a\u007f')), /control character/],
  ['a right-to-left override', () => withTrain(file('digits/a\u202egnp.exe')), /control character/],
  ['a bidi isolate', () => withTrain(file('digits/\u2066x')), /control character/],
  ['a byte-order mark in the name', () => withTrain(file('digits/\ufeffx')), /control character/],
  [
    'a name that is not UTF-8',
    () => withTrain(file(Buffer.from([0x64, 0x69, 0x67, 0x69, 0x74, 0x73, 0x2f, 0xff]))),
    /not UTF-8/,
  ],
  [
    'a name beyond ASCII that is not marked as UTF-8, from Windows',
    () => withTrain(file('digits/\u00e9', { flags: 0, madeBy: 0 })),
    /not marked/,
  ],
  ['an overlong UTF-8 slash', () => withTrain(file(Buffer.from([0x61, 0xc0, 0xaf, 0x62]))), /not UTF-8/],
  ['a symbolic link', () => withTrain(file('digits/l', { data: '/etc/passwd', mode: 0o120777 })), /digits\/l.*link/],
  ['a character device', () => withTrain(file('digits/d', { mode: 0o20644 })), /digits\/d/],
  ['a block device', () => withTrain(file('digits/d', { mode: 0o60644 })), /digits\/d/],
  ['a fifo', () => withTrain(file('digits/p', { mode: 0o10644 })), /digits\/p/],
  ['a socket', () => withTrain(file('digits/s', { mode: 0o140644 })), /digits\/s/],
  ['a file whose mode says folder', () => withTrain(file('digits/x', { mode: 0o40755 })), /digits\/x/],
  ['a folder whose mode says file', () => withTrain(file('digits/x/', { data: '', mode: 0o100644 })), /digits\/x/],
  ['a folder with content', () => withTrain(file('digits/x/', { data: 'x' })), /folder with content/],
  ['a name twice', () => withTrain(file('digits/a'), file('digits/a')), /twice/],
  ['names that differ in case', () => withTrain(file('digits/A'), file('digits/a')), /one name/],
  ['folders that differ in case', () => withTrain(file('digits/A/x'), file('digits/a/y')), /one name/],
  ['names that differ in Unicode form', () => withTrain(file('digits/\u00e9'), file('digits/e\u0301')), /one name/],
  ['a file that is a folder too', () => withTrain(file('digits/a'), file('digits/a/b')), /both a file and a folder/],
  ['a folder that is a file too', () => withTrain(file('digits/a/b'), file('digits/a')), /both a file and a folder/],
  ['CON', () => withTrain(file('digits/CON')), /device/],
  ['nul with an ending', () => withTrain(file('digits/nul.txt')), /device/],
  ['COM1 as a folder', () => withTrain(file('digits/com1/x')), /device/],
  ['a dot at the end', () => withTrain(file('digits/x.')), /dot or a space/],
  ['a space at the end', () => withTrain(file('digits/x ')), /dot or a space/],
  ['a colon (an alternate stream)', () => withTrain(file('digits/a:b')), /Windows cannot hold/],
  ['a star', () => withTrain(file('digits/a*b')), /Windows cannot hold/],
  ['a name of 300 bytes', () => withTrain(file(`digits/${'a'.repeat(300)}`)), /longer than 255/],
  ['an encrypted entry', () => withTrain(file('digits/x', { flags: 0x0801 })), /encrypted/],
  ['strong encryption', () => withTrain(file('digits/x', { flags: 0x0840 })), /encrypted/],
  ['a masked directory', () => withTrain(file('digits/x', { flags: 0x2800 })), /encrypted/],
  ['patched data', () => withTrain(file('digits/x', { flags: 0x0820 })), /patched/],
  ['bzip2', () => withTrain(file('digits/x', { method: 12 })), /unknown method/],
  ['LZMA', () => withTrain(file('digits/x', { method: 14 })), /unknown method/],
  ['a wrong checksum in the directory', () => withTrain(file('digits/x', { central: { crc: 1 } })), /disagree/],
  [
    'a wrong checksum everywhere',
    () => withTrain(file('digits/x', { central: { crc: 1 }, local: { crc: 1 } })),
    /checksum/,
  ],
  [
    'a size too small',
    () =>
      withTrain(
        file('digits/x', { data: 'abcdef'.repeat(9), deflate: true, central: { size: 3 }, local: { size: 3 } }),
      ),
    /lies about its size/,
  ],
  [
    'a size too large',
    () =>
      withTrain(
        file('digits/x', { data: 'abcdef'.repeat(9), deflate: true, central: { size: 99 }, local: { size: 99 } }),
      ),
    /lies about its size/,
  ],
  [
    'a stored entry of two sizes',
    () => withTrain(file('digits/x', { central: { size: 99 }, local: { size: 99 } })),
    /lies about its size/,
  ],
  [
    'another name in the local header',
    () => withTrain(file('digits/x', { local: { name: 'digits/y' } })),
    /another name/,
  ],
  ['another size in the local header', () => withTrain(file('digits/x', { local: { size: 7 } })), /disagree/],
  ['another method in the local header', () => withTrain(file('digits/x', { local: { method: 8 } })), /disagree/],
  ['other flags in the local header', () => withTrain(file('digits/x', { local: { flags: 0x0801 } })), /disagree/],
  [
    'an offset into another entry',
    () => withTrain(file('digits/x', { central: { offset: 0 } })),
    /overlaps|another name|hidden/,
  ],
  ['an offset past the end', () => withTrain(file('digits/x', { central: { offset: 99_999 } })), /overlaps|hidden/],
  [
    'bytes between two entries',
    () => zip([{ ...ok, behind: Buffer.from('hidden') }, file('digits/x')]),
    /hidden bytes/,
  ],
  ['bytes before the directory', () => zip([ok], { beforeDirectory: Buffer.from('hidden') }), /hidden bytes/],
  [
    'bytes behind the compressed data',
    () => withTrain(file('digits/x', { data: 'abc'.repeat(50), deflate: true, tail: Buffer.from('more') })),
    /behind its compressed data/,
  ],
  ['bytes behind the end', () => zip([ok], { behind: Buffer.from('more') }), /behind its end/],
  ['a comment', () => zip([ok], { comment: 'hello' }), /behind its end/],
  [
    'two archives in one file',
    () => Buffer.concat([zip([ok]), zip([file('digits/train.py')])]),
    /bytes before|directory/,
  ],
  [
    'bytes in front (an executable)',
    () => Buffer.concat([Buffer.from('#!/bin/sh\n'), zip([ok])]),
    /bytes before|directory/,
  ],
  ['bytes in front with offsets that fit', () => zip([ok], { before: Buffer.from('MZ..') }), /bytes before/],
  ['a count that is too large', () => zip([ok], { count: 2 }), /says it holds 2/],
  ['a count that is too small', () => zip([ok, file('digits/x')], { count: 1 }), /says it holds 1/],
  ['one disk of several', () => zip([ok], { disk: 1 }), /several/],
  ['an entry on another disk', () => withTrain(file('digits/x', { central: { disk: 1 } })), /another disk/],
  [
    'a second name in an extra field',
    () => withTrain(file('digits/x', { extra: field(0x7075, Buffer.from('\u0001\u0000\u0000\u0000\u0000evil')) })),
    /second name/,
  ],
  [
    'a second name that is meant for another one',
    () => withTrain(file('digits/x', { extra: secondName('digits/x', 7) })),
    /second name/,
  ],
  [
    'a second name in the local header alone',
    () => withTrain(file('digits/x', { local: { extra: secondName('digits/y') } })),
    /second name/,
  ],
  ['a damaged extra field', () => withTrain(file('digits/x', { extra: Buffer.from([1, 0, 99, 0]) })), /extra field/],
  [
    'sizes that need 64 bits and have none',
    () => withTrain(file('digits/x', { central: { size: 0xffffffff } })),
    /64-bit/,
  ],
  ['a lying descriptor', () => withTrain(file('digits/x', { descriptor: true, central: { crc: 5 } })), /disagree/],
  ['no train.py', () => zip([file('digits/main.py')]), /no train\.py/],
  ['train.py as a folder', () => zip([file('digits/train.py/x')]), /no train\.py/],
  ['two root folders', () => withTrain(file('other/x')), /one folder with train\.py/],
  ['a file beside the root folder', () => withTrain(file('README.md')), /one folder with train\.py/],
  ['a root folder that can be no package', () => zip([file('-digits/train.py')]), /name of a package/],
];

describe('refuses', () => {
  test.each(refusals)('%s', async (_, make, words) => {
    const path = join(folder, 'digits.zip');
    await writeFile(path, make());
    const staging = join(folder, 'staging');
    const error: unknown = await importZip(path, staging).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    expect(isExpected(error, 'archive-refused'), String(error)).toBe(true);
    expect((error as Error).message).toMatch(words);
    expect(await readdir(folder)).toEqual(['digits.zip']);
  });

  test('at least 60 kinds of archives', () => expect(refusals.length).toBeGreaterThanOrEqual(60));

  test('more entries and more bytes than allowed', async () => {
    const path = join(folder, 'digits.zip');
    await writeFile(path, withTrain(file('digits/x')));
    await expect(importZip(path, join(folder, 's'), { maxEntries: 1 })).rejects.toThrow(/2 entries, more than 1/);
    await expect(importZip(path, join(folder, 's'), { maxBytes: 5 })).rejects.toThrow(/more than 5/);
  });

  test('a bomb: more than 100 times its own size and over 4 GiB', async () => {
    const path = join(folder, 'digits.zip');
    const size = 0xf0000000;
    const parts = [1, 2].map((i) =>
      file(`digits/${i}`, { data: 'abc', deflate: true, central: { size }, local: { size } }),
    );
    await writeFile(path, withTrain(...parts));
    await expect(importZip(path, join(folder, 's'))).rejects.toThrow(/100 times its own size/);
  });
});

describe('lets in, with the bytes that CPython reads', () => {
  const accepted: readonly [string, () => Buffer, string][] = [
    [
      'stored and deflated files',
      () => withTrain(file('digits/a', { data: 'abc'.repeat(99), deflate: true }), file('digits/b')),
      'digits',
    ],
    [
      'sizes behind the data',
      () => withTrain(file('digits/a', { data: 'abc'.repeat(99), deflate: true, descriptor: true })),
      'digits',
    ],
    [
      'folders with and without entries of their own',
      () => withTrain(file('digits/e/', { data: '' }), file('digits/s/x')),
      'digits',
    ],
    ['an archive made on Windows', () => zip([{ ...ok, madeBy: 0, mode: 0 }]), 'digits'],
    ['train.py at the top level', () => zip([file('train.py'), file('lib/x.py')]), 'archive'],
    ['names of other scripts', () => withTrain(file('digits/文件.txt')), 'digits'],
  ];

  test.each(accepted)('%s', async (_, make, name) => {
    const path = join(folder, 'archive.zip');
    await writeFile(path, make());
    const imported = await importZip(path, join(folder, 'staging'));
    expect(imported.name).toBe(name);
    const script =
      'import json,sys,zipfile,zlib; z=zipfile.ZipFile(sys.argv[1]); print(json.dumps({i.filename: zlib.crc32(z.read(i)) for i in z.infolist() if not i.is_dir()}))';
    const seen = JSON.parse(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' })) as Record<
      string,
      number
    >;
    const { readFile } = await import('node:fs/promises');
    const own: Record<string, number> = {};
    for (const entry of imported.entries) {
      const inside = name === 'archive' ? entry.path : `${name}/${entry.path}`;
      if (entry.kind === 'file') own[inside] = crc32(await readFile(entry.source));
    }
    expect(own).toEqual(seen);
  });

  test.each<[string, Buffer | undefined]>([
    ['without', undefined],
    ['with', secondName('digits/\u65e5\u672c.txt')],
  ])('names of Info-ZIP on Linux, which are UTF-8 and not marked so, %s the extra field', async (_, extra) => {
    const path = join(folder, 'archive.zip');
    await writeFile(path, withTrain(file('digits/\u65e5\u672c.txt', { flags: 0, ...(extra && { extra }) })));
    const imported = await importZip(path, join(folder, 'staging'));
    expect(imported.entries.map((entry) => entry.path)).toEqual(['train.py', '\u65e5\u672c.txt']);
    expect(imported.warnings).toEqual([
      { code: 'import-name-encoding', message: expect.stringContaining('\u65e5\u672c.txt') as string },
    ]);
  });

  test('VCS folders and __pycache__ are left out and setuid bits dropped, with warnings', async () => {
    const path = join(folder, 'archive.zip');
    await writeFile(
      path,
      withTrain(file('digits/.git/config'), file('digits/__pycache__/a.pyc'), file('digits/run', { mode: 0o104755 })),
    );
    const imported = await importZip(path, join(folder, 'staging'));
    expect(imported.entries.map((entry) => `${entry.mode} ${entry.path}`)).toEqual(['755 run', '644 train.py']);
    expect(imported.warnings.map((warning) => warning.code)).toEqual(['import-skipped', 'import-mode']);
  });

  test('any name with --any-name, but never a way out', async () => {
    const path = join(folder, 'archive.zip');
    await writeFile(path, withTrain(file('digits/a:b'), file('digits/CON'), file('digits/A'), file('digits/a')));
    expect((await importZip(path, join(folder, 's'), { anyName: true })).entries).toHaveLength(5);
    await writeFile(path, withTrain(file('C:/x')));
    await expect(importZip(path, join(folder, 't'), { anyName: true })).rejects.toThrow(/drive letter/);
  });
});
