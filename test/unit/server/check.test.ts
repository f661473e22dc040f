import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blocking, createChecker } from '../../../server/src/check';

const good = 'class Main:\n    def train(self, data_directory):\n        pass\n    def save(self):\n        pass\n';
const checker = createChecker({ wasmFolder: process.cwd() });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-check-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

const check = (...names: string[]) =>
  checker.check({ workspace: folder, packages: names.map((name) => join(folder, name)), configured: true });

describe('the checker', () => {
  it('finds nothing in a good package', async () => {
    await put('a/train.py', good);
    expect(await check('a')).toEqual([]);
  });
  it('names files relative to the workspace', async () => {
    await put('p/a/train.py', good.replace('self, data_directory', 'self'));
    expect(await check('p/a')).toEqual([
      {
        code: 'train-signature',
        severity: 'error',
        message: "A run calls train with one argument, the dataset's path; train has no parameter for it.",
        file: 'p/a/train.py',
        range: { start: { line: 1, character: 13 }, end: { line: 1, character: 19 } },
      },
    ]);
  });
  it('refuses a folder without train.py', async () => {
    await mkdir(join(folder, 'a'));
    await expect(check('a')).rejects.toMatchObject({ code: 'package-invalid' });
  });
  it('tells which findings keep a run from starting', async () => {
    await put('a/train.py', 'import os\nclass Main:\n    def save(self): pass\nx = os.environ["artifact_directory"]\n');
    const findings = await check('a');
    expect(findings.map((one) => one.code)).toEqual(['train-missing', 'parameter-typo']);
    expect(blocking(findings).map((one) => one.code)).toEqual(['train-missing']);
  });
  it('discovers configured packages and those with a Main', async () => {
    await put('.vscode/training-pipelines.json', '{ "packages": { "configured": {} } }');
    await put('configured/train.py', 'x = 1');
    await put('a/train.py', good);
    await put('b/train.py', 'if True:\n    from model import Main\n');
    await put('b/model.py', good);
    await put('ordinary/train.py', 'def main(): pass\n# class Main\n');
    await put('node_modules/x/train.py', good);
    await put('.hidden/train.py', good);
    expect(await checker.discover(folder)).toEqual(['a', 'b', 'configured'].map((name) => join(folder, name)));
  });
  it('reads the configured Python and parameters', async () => {
    await put(
      '.vscode/training-pipelines.json',
      '{ "packages": { "a": { "python": "3.12" } }, "pipelines": [{ "name": "p", "package": "a", "parameters": { "epochs": "3" } }] }',
    );
    await put('a/train.py', `import os, imp\n${good}x = os.environ['epoch']\n`);
    expect((await check('a')).map((one) => one.code)).toEqual(['import-removed', 'parameter-typo']);
  });
  it('knows a package that links lead to', async () => {
    await put('real/.vscode/training-pipelines.json', '{ "packages": { "a": { "python": "3.12" } } }');
    await put('real/a/train.py', `import imp\n${good}`);
    await symlink(join(folder, 'real'), join(folder, 'link'));
    const findings = await checker.check({
      workspace: join(folder, 'link'),
      packages: [join(folder, 'real', 'a')],
      configured: true,
    });
    expect(findings).toMatchObject([{ code: 'import-removed', file: 'a/train.py' }]);
  });
  it('reports the configuration file where no package was named', async () => {
    await put('.vscode/training-pipelines.json', '{ "packages": { "nowhere": {} } }');
    await put('a/train.py', good);
    const request = { workspace: folder, packages: [join(folder, 'a')] };
    const files = (await checker.check(request)).map((one) => one.file);
    expect(files).toEqual(['.vscode/training-pipelines.json']);
    expect(await checker.check({ ...request, configured: true })).toEqual([]);
  });
  it('survives other encodings and binary content', async () => {
    await put('latin/train.py', Buffer.from(`# -*- coding: latin-1 -*-\n${good}x = '\xe9'\n`, 'latin1'));
    await put('binary/train.py', Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7) % 256)));
    await put('mark/train.py', `\ufeff${good.replace('self, data_directory', 'self')}`);
    await put('returns/train.py', good.replaceAll('\n', '\r'));
    await put('windows/train.py', good.replaceAll('\n', '\r\n'));
    expect(await check('latin')).toEqual([]);
    expect((await check('binary')).map((one) => one.code)).toEqual(['file-skipped']);
    expect((await check('mark')).map((one) => one.range.start)).toEqual([{ line: 1, character: 13 }]);
    expect(await check('returns')).toEqual([]);
    expect(await check('windows')).toEqual([]);
  });
  it('does not count a byte-order mark as a column', async () => {
    await put('a/train.py', '\ufeffclass Main: pass\n');
    expect((await check('a')).map((one) => one.range.start.character)).toEqual([6, 6]);
  });
  it('survives brackets without end and large files', async () => {
    await put('brackets/train.py', '('.repeat(100_000));
    await put('large/train.py', 'x = 1\n'.repeat(3_500_000));
    expect((await check('brackets')).map((one) => one.code)).toEqual(['syntax']);
    expect((await check('large')).map((one) => one.code)).toEqual(['file-skipped']);
  });
});
