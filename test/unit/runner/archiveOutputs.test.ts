/** The tar that comes back from a container, hostile ones too; and rules of scanning that tests of the content leave open. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack, type Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashDataset } from '../../../runner/src/archive/dataset';
import { extractZip } from '../../../runner/src/archive/extractZip';
import { treeDigest } from '../../../runner/src/archive/hashTree';
import { scanOutput } from '../../../runner/src/archive/scanOutput';
import { scanPackage } from '../../../runner/src/archive/scanPackage';
import { unpackOutputs } from '../../../runner/src/archive/tarUnpack';
import { verifyZip } from '../../../runner/src/archive/verifyZip';
import { writeZip } from '../../../runner/src/archive/writeZip';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-outputs-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Part = Pick<Header, 'name'> & Partial<Header> & { readonly content?: string };
const file = (name: string, content = 'x', rest: Partial<Header> = {}): Part => ({
  name: `p/${name}`,
  content,
  ...rest,
});
const link = (name: string, linkname: string): Part => ({ name: `p/${name}`, type: 'symlink', linkname });

async function unpack(parts: readonly Part[], options: { place?: string; mostCopies?: number } = {}) {
  const tar = pack();
  for (const { content, ...header } of parts) tar.entry(header, content ?? '');
  tar.finalize();
  const target = join(folder, 'deep', 'out');
  const stream = Readable.from(tar as AsyncIterable<Buffer>, { objectMode: false });
  const { warnings } = await unpackOutputs(stream, target, { root: 'p', ...options });
  expect(await readdir(folder)).toEqual(['deep']);
  expect(await readdir(join(folder, 'deep'))).toEqual(['out']);
  const { entries } = await scanPackage(target);
  return {
    paths: entries.map((entry) => entry.path),
    skipped: warnings.filter((warning) => warning.code === 'output-skipped').map((warning) => warning.message),
    copied: warnings.filter((warning) => warning.code === 'link-copied').length,
    target,
  };
}

describe('what comes back from a container', () => {
  const hostile: readonly [string, Part][] = [
    ['a parent in the path', { name: 'p/../../evil', content: 'x' }],
    ['an absolute path', { name: '/evil', content: 'x' }],
    ['a name beside the root', { name: 'evil', content: 'x' }],
    ['a backslash', file('a\\..\\b')],
    ['a control character', file('a\u0007b')],
    ['a line feed', file('a\nb')],
    ['a link out of the tree', link('l', '../../etc/passwd')],
    ['an absolute link', link('l', '/etc/passwd')],
    ['a link to nowhere', link('l', 'nothing')],
    ['a link to itself', link('l', 'l')],
    ['a link to the folder it is in', link('l', '.')],
    ['a hard link out of the tree', { name: 'p/h', type: 'link', linkname: '../../etc/passwd' }],
    ['a fifo', { name: 'p/f', type: 'fifo' }],
    ['a character device', { name: 'p/c', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a block device', { name: 'p/b', type: 'block-device', devmajor: 8, devminor: 0 }],
    ['a file below a file', file('train.py/x')],
    ['a name twice', file('train.py', 'other')],
    ['a name of 300 bytes', file('a'.repeat(300))],
    ['a path of 5,000 bytes', file(`${'a'.repeat(200)}/`.repeat(25) + 'x')],
  ];
  test.each(hostile)('%s is left out with a warning, and nothing else is lost', async (_, part) => {
    const found = await unpack([file('train.py', 'mine'), part, file('model.pt')]);
    expect(found.paths).toEqual(['model.pt', 'train.py']);
    expect(found.skipped).toHaveLength(1);
    expect(await readFile(join(found.target, 'train.py'), 'utf8')).toBe('mine');
  });

  test('links to links and links through linked folders become copies, in any order', async () => {
    const found = await unpack([
      link('again', 'lib'),
      link('best.pt', 'latest/model.pt'),
      link('latest', 'runs/7'),
      link('lib/m.so', 'm.so.1'),
      link('lib/m.so.1', 'm.so.1.2'),
      file('lib/m.so.1.2', 'so'),
      file('runs/7/model.pt', 'weights'),
    ]);
    expect(found.skipped).toEqual([]);
    expect(found.copied).toBe(5);
    const lib = ['m.so', 'm.so.1', 'm.so.1.2'];
    expect(found.paths).toEqual([
      ...lib.map((name) => `again/${name}`),
      'best.pt',
      'latest/model.pt',
      ...lib.map((name) => `lib/${name}`),
      'runs/7/model.pt',
    ]);
    expect(await readFile(join(found.target, 'best.pt'), 'utf8')).toBe('weights');
  });

  test('links that lead to each other are named', async () => {
    const found = await unpack([link('a', 'b'), link('b', 'a'), file('x')]);
    expect(found.paths).toEqual(['x']);
    expect(found.skipped).toHaveLength(2);
  });

  test('absolute links to the place in the container stay inside', async () => {
    const found = await unpack([file('m', 'x'), link('l', '/run/p/m'), link('o', '/run/pp/m')], { place: '/run/p' });
    expect(found.paths).toEqual(['l', 'm']);
    expect(found.skipped).toHaveLength(1);
  });

  test('folders of links to folders of links fill no disk', async () => {
    const parts: Part[] = [file('0/x'), file('0/y')];
    for (let i = 1; i < 40; i++) parts.push(link(`${i}/a`, `../${i - 1}`), link(`${i}/b`, `../${i - 1}`));
    const found = await unpack(parts, { mostCopies: 100 });
    expect(found.paths.length).toBeLessThan(200);
    expect(found.skipped.length).toBeGreaterThan(0);
  });

  test('modes are those of a version, whatever the container had', async () => {
    const found = await unpack([file('a', 'x', { mode: 0o4711 }), file('b', 'x', { mode: 0 })]);
    expect((await stat(join(found.target, 'a'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(found.target, 'b'))).mode & 0o7777).toBe(0o644);
  });
});

describe('scanning', () => {
  const paths = async (place: string): Promise<string[]> =>
    (await scanPackage(place)).entries.map((entry) => entry.path);

  test('.pipelineignore minds case, as gitignore does', async () => {
    await writeFile(join(folder, '.pipelineignore'), '*.LOG\n');
    await writeFile(join(folder, 'a.log'), '');
    await writeFile(join(folder, 'b.LOG'), '');
    expect(await paths(folder)).toEqual(['.pipelineignore', 'a.log']);
  });

  test('compiled modules beside the sources are content', async () => {
    await writeFile(join(folder, 'secret.pyc'), '');
    expect(await paths(folder)).toEqual(['secret.pyc']);
  });

  test('a link to a virtual environment is left out like one', async () => {
    const place = join(folder, 'p');
    await mkdir(place);
    await mkdir(join(folder, 'env'));
    await writeFile(join(folder, 'env', 'pyvenv.cfg'), '');
    await symlink(join(folder, 'env'), join(place, '.venv'));
    await symlink(join(folder, 'env'), join(place, 'venv'));
    await writeFile(join(place, 'train.py'), '');
    expect(await paths(place)).toEqual(['train.py']);
  });

  test('a link to what is ignored is a copy of it', async () => {
    await writeFile(join(folder, '.pipelineignore'), 'big/\n');
    await mkdir(join(folder, 'big'));
    await writeFile(join(folder, 'big', 'a.csv'), '');
    await symlink('big/a.csv', join(folder, 'sample.csv'));
    expect(await paths(folder)).toEqual(['.pipelineignore', 'sample.csv']);
  });

  test('what a run made unreadable for its owner is kept', async () => {
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'model'), 'x', { mode: 0 });
    await chmod(join(folder, 'd'), 0);
    const { entries, warnings } = await scanOutput(folder, { leaveOut: [] });
    expect([entries.map((entry) => entry.path), warnings]).toEqual([['d/model'], []]);
    expect((await stat(join(folder, 'd', 'model'))).mode & 0o400).toBe(0o400);
  });

  test('a dataset with a name that is not UTF-8 is hashed without it, and says so', async () => {
    await writeFile(join(folder, 'a'), '');
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), '');
    const hashed = await hashDataset(folder);
    expect(hashed.files).toBe(1);
    expect(hashed.warnings.map((warning) => warning.code)).toEqual(['dataset-link']);
  });
});

describe('a sealed zip', () => {
  async function seal() {
    const place = join(folder, 'p');
    await mkdir(place);
    await writeFile(join(place, 'train.py'), 'class Main: pass\n');
    const { entries } = await scanPackage(place);
    const target = join(folder, 'p.zip');
    return { target, written: await writeZip({ entries, root: 'p', target }) };
  }

  test('a seal whose files and tree were changed together is found out', async () => {
    const { target, written } = await seal();
    const files = written.files.map((entry) => ({ ...entry, sha256: '0'.repeat(64) }));
    const problems = await verifyZip(target, 'p', { ...written, files, tree: treeDigest(files) });
    expect(problems[0]?.path).toBe('train.py');
  });

  test('a damaged zip is never laid out as if it were whole', async () => {
    const { target } = await seal();
    const bytes = await readFile(target);
    const at = bytes.indexOf('Main');
    bytes.write('Mean', at);
    await writeFile(target, bytes);
    await expect(extractZip(target, 'p', join(folder, 'out'))).rejects.toMatchObject({ code: 'store-damaged' });
  });
});
