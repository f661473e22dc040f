/** What belongs to a package, and that the same content gives the same bytes. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyDataset, diffDatasets, hashDataset } from '../../../runner/src/archive/dataset';
import { extractZip } from '../../../runner/src/archive/extractZip';
import { hashTree } from '../../../runner/src/archive/hashTree';
import { scanOutput } from '../../../runner/src/archive/scanOutput';
import { scanPackage } from '../../../runner/src/archive/scanPackage';
import { verifyZip } from '../../../runner/src/archive/verifyZip';
import { writeZip } from '../../../runner/src/archive/writeZip';
import { openZip } from '../../../runner/src/archive/zipReader';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-archive-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(root: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const place = join(folder, root);
  await mkdir(place, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), content);
  }
  return place;
}

const paths = (tree: { entries: readonly { path: string }[] }): string[] => tree.entries.map((entry) => entry.path);

describe('the content of a package', () => {
  test('leaves out VCS folders, bytecode, virtual environments and tool folders', async () => {
    const place = await write('p', {
      'train.py': '',
      '.git/config': '',
      '.hg/x': '',
      '__pycache__/a.pyc': '',
      'lib/__pycache__/b.pyc': '',
      '.vscode/s': '',
      '.idea/s': '',
      '.training-pipelines/x': '',
      'myenv/pyvenv.cfg': '',
      'myenv/lib/x.py': '',
      'lib/m.py': '',
    });
    expect(paths(await scanPackage(place))).toEqual(['lib/m.py', 'train.py']);
  });

  test('keeps really empty folders, and none that holds only what is left out', async () => {
    const place = await write('p', { 'train.py': '', 'only/__pycache__/x.pyc': '' });
    await mkdir(join(place, 'empty'));
    expect((await scanPackage(place)).entries.map((entry) => [entry.path, entry.mode])).toEqual([
      ['empty', 'dir'],
      ['train.py', '644'],
    ]);
  });

  test('obeys .pipelineignore and publishes the file itself', async () => {
    const place = await write('p', {
      'train.py': '',
      '.pipelineignore': '*.log\n/data/\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      'data/x': '',
      'lib/data/y': '',
    });
    expect(paths(await scanPackage(place))).toEqual(['.pipelineignore', 'keep.log', 'lib/data/y', 'train.py']);
  });

  test('sorts by the bytes of the path, astral characters last', async () => {
    const place = await write('p', { 'train.py': '', '\uffee': '', '\u{1F600}': '', 'a/b': '', 'a.txt': '', B: '' });
    expect(paths(await scanPackage(place))).toEqual(['B', 'a.txt', 'a/b', 'train.py', '\uffee', '\u{1F600}']);
  });

  test('copies links that stay inside, and says so', async () => {
    const place = await write('p', { 'train.py': '', 'lib/m.py': 'x' });
    await symlink('m.py', join(place, 'lib', 'n.py'));
    await symlink('lib', join(place, 'again'));
    const scanned = await scanPackage(place);
    expect(paths(scanned)).toEqual(['again/m.py', 'again/n.py', 'lib/m.py', 'lib/n.py', 'train.py']);
    expect(scanned.warnings.map((warning) => warning.code)).toContain('link-copied');
  });

  const refused: readonly [string, (place: string) => Promise<void>, RegExp][] = [
    ['a link out of the tree', (place) => symlink('/etc/passwd', join(place, 'l')), /l is a link to \/etc\/passwd/],
    ['a link to nowhere', (place) => symlink('nothing', join(place, 'l')), /l is a link to nowhere/],
    ['a loop', (place) => symlink('.', join(place, 'l')), /l .*loop|l .*link/],
    ['a link to itself', (place) => symlink('l', join(place, 'l')), /l is a link that leads to itself/],
    ['a fifo', async (place) => void execFileSync('mkfifo', [join(place, 'p')]), /p is a named pipe/],
    ['a control character', (place) => writeFile(join(place, 'a\nb'), ''), /control character/],
    ['a reserved device', (place) => writeFile(join(place, 'con.txt'), ''), /device/],
    ['a colon', (place) => writeFile(join(place, 'a:b'), ''), /Windows/],
    ['a case clash', (place) => writeFile(join(place, 'TRAIN.py'), ''), /ignore case/],
  ];
  test.each(refused)('refuses %s by name', async (_, make, words) => {
    const place = await write('p', { 'train.py': '' });
    await make(place);
    await expect(scanPackage(place)).rejects.toThrow(words);
  });

  test('refuses a name that is not UTF-8', async () => {
    const place = await write('p', { 'train.py': '' });
    await writeFile(Buffer.concat([Buffer.from(`${place}/`), Buffer.from([0xff, 0x61])]), '');
    await expect(scanPackage(place)).rejects.toThrow(/not UTF-8/);
  });
});

describe('what a run leaves', () => {
  test('a stray entry is left out with a warning and loses nothing else', async () => {
    const place = await write('p', {
      'train.py': '',
      'model.pt': 'm',
      CON: '',
      'a:b': '',
      'data/x': '',
      '.git/x': '',
      X: '',
      x: '',
    });
    await symlink('/etc/passwd', join(place, 'weights'));
    execFileSync('mkfifo', [join(place, 'p')]);
    const scanned = await scanOutput(place, { leaveOut: ['data'] });
    expect(paths(scanned)).toEqual(['CON', 'X', 'a:b', 'model.pt', 'train.py', 'x']);
    const codes = scanned.warnings.map((warning) => `${warning.code} ${warning.message.split(' ')[0]}`).sort();
    expect(codes).toEqual(
      [
        'output-not-portable CON',
        'output-not-portable a:b',
        'output-not-portable x',
        'output-skipped p',
        'output-skipped weights',
      ].sort(),
    );
  });
});

describe('the zip of a version', () => {
  const content = {
    'train.py': 'class Main: pass\n'.repeat(500),
    'lib/big.bin': randomBytes(3_000_000),
    'lib/text.txt': 'abc '.repeat(1_000_000),
    'run.sh': '#!',
  };

  async function pack(place: string, name: string) {
    const { entries } = await scanPackage(place);
    return writeZip({ entries, root: 'digits', target: join(folder, name) });
  }

  test('the same content gives the same bytes, whatever the times, the order and the place', async () => {
    const first = await write('one', content);
    const second = await write('two', Object.fromEntries(Object.entries(content).reverse()));
    await chmod(join(first, 'run.sh'), 0o755);
    await chmod(join(second, 'run.sh'), 0o700);
    await utimes(join(second, 'train.py'), 1, 1);
    const [a, b] = [await pack(first, 'a.zip'), await pack(second, 'b.zip')];
    expect(b).toEqual(a);
    const [aBytes, bBytes] = [await readFile(join(folder, 'a.zip')), await readFile(join(folder, 'b.zip'))];
    expect(aBytes.equals(bBytes)).toBe(true);
    expect(a.files.find((file) => file.path === 'run.sh')?.mode).toBe('755');
  });

  test('its tree is the tree of the folder, and other readers see the same files', async () => {
    const place = await write('one', content);
    await mkdir(join(place, 'empty'));
    const zip = await pack(place, 'a.zip');
    expect(zip.tree).toBe((await hashTree((await scanPackage(place)).entries)).tree);
    execFileSync('python3', [
      '-c',
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])',
      join(folder, 'a.zip'),
      join(folder, 'out'),
    ]);
    expect((await hashTree((await scanPackage(join(folder, 'out', 'digits'))).entries)).tree).toBe(zip.tree);
    await extractZip(join(folder, 'a.zip'), 'digits', join(folder, 'own'));
    expect((await hashTree((await scanPackage(join(folder, 'own'))).entries)).tree).toBe(zip.tree);
    expect(await verifyZip(join(folder, 'a.zip'), 'digits', zip)).toEqual([]);
  });

  test('what does not compress is stored, what does is deflated', async () => {
    await pack(await write('one', content), 'a.zip');
    const list = execFileSync(
      'python3',
      [
        '-c',
        'import sys,zipfile; print({i.filename: i.compress_type for i in zipfile.ZipFile(sys.argv[1]).infolist()})',
        join(folder, 'a.zip'),
      ],
      { encoding: 'utf8' },
    );
    expect(list).toContain("'digits/lib/big.bin': 0");
    expect(list).toContain("'digits/lib/text.txt': 8");
  });

  test('a changed byte is found and named', async () => {
    const zip = await pack(await write('one', { 'train.py': 'x', 'model.bin': randomBytes(5000) }), 'a.zip');
    const bytes = await readFile(join(folder, 'a.zip'));
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    await writeFile(join(folder, 'a.zip'), bytes);
    const [first] = await verifyZip(join(folder, 'a.zip'), 'digits', zip);
    expect(first?.path).toBe('model.bin');
  });

  test('files are read one by one through the reader', async () => {
    await pack(await write('one', content), 'a.zip');
    const reader = await openZip(join(folder, 'a.zip'));
    expect(reader.entries.map((entry) => entry.path)).toEqual(['lib/big.bin', 'lib/text.txt', 'run.sh', 'train.py']);
    expect((await reader.readFile('run.sh')).toString()).toBe('#!');
    await reader.close();
  });

  test('100 × more entries than 16 bits of a short end record can count', { timeout: 120_000 }, async () => {
    const place = await write('many', { 'train.py': '' });
    const entries = [...(await scanPackage(place)).entries];
    const [only] = entries;
    if (only === undefined) throw new Error('no entry');
    const many = Array.from({ length: 70_000 }, (_, i) => ({ ...only, path: `f/${String(i).padStart(6, '0')}` }));
    const zip = await writeZip({ entries: [...many, only], root: 'digits', target: join(folder, 'many.zip') });
    expect(zip.files).toHaveLength(70_001);
    const count = execFileSync(
      'python3',
      ['-c', 'import sys,zipfile; print(len(zipfile.ZipFile(sys.argv[1]).infolist()))', join(folder, 'many.zip')],
      { encoding: 'utf8' },
    );
    expect(Number(count)).toBe(70_001);
  });
});

describe('a dataset', () => {
  test('its tree hash is what docs/tree-hash.md computes with standard tools', async () => {
    const place = await write('d', { 'a.txt': 'hello', 'b/c.csv': '1,2', run: 'x' });
    await chmod(join(place, 'run'), 0o755);
    await mkdir(join(place, 'empty'));
    await symlink('a.txt', join(place, 'link'));
    const text = await readFile(new URL('../../../docs/tree-hash.md', import.meta.url), 'utf8');
    const script = /```python\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const found = execFileSync('python3', ['-c', script, place], { encoding: 'utf8' }).trim();
    expect((await hashDataset(place)).tree).toBe(found);
  });

  test('is remembered while nothing changed, and never trusted right after a change', async () => {
    const place = await write('d', { a: 'one', b: 'two' });
    const cacheFile = join(folder, 'cache');
    const first = await hashDataset(place, { cacheFile });
    expect(await hashDataset(place, { cacheFile })).toEqual(first);
    // The same length, and the old time put back: still noticed.
    const { mtime } = await import('node:fs').then((fs) => fs.statSync(join(place, 'a')));
    await writeFile(join(place, 'a'), 'ten');
    await utimes(join(place, 'a'), mtime, mtime);
    expect((await hashDataset(place, { cacheFile })).tree).not.toBe(first.tree);
  });

  test('links stay links; those that lead out are named', async () => {
    const place = await write('d', { a: 'one' });
    await symlink('/etc/passwd', join(place, 'out'));
    await symlink('a', join(place, 'in'));
    const hashed = await hashDataset(place);
    expect(hashed.entries.map((entry) => `${entry.mode} ${entry.path}`)).toEqual(['644 a', 'link in', 'link out']);
    expect(hashed.warnings).toEqual([
      { code: 'dataset-link', message: expect.stringContaining('out is a link to /etc/passwd') as string },
    ]);
  });

  test('a copy that is not what was hashed is noticed', async () => {
    const place = await write('d', { a: 'one', 'b/c': 'two' });
    const { entries } = await hashDataset(place);
    expect(await copyDataset(place, join(folder, 'copy'), entries)).toEqual({ changed: [] });
    await writeFile(join(place, 'b', 'c'), 'new');
    expect(await copyDataset(place, join(folder, 'copy2'), entries)).toEqual({ changed: ['b/c'] });
    expect(diffDatasets(entries, (await hashDataset(place)).entries)).toEqual(['b/c']);
  });
});

/** Bytes that do not compress, the same ones every time. */
function randomBytes(length: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i++) parts.push(createHash('sha256').update(String(i)).digest());
  return Buffer.concat(parts).subarray(0, length);
}
