import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client, codesOf, pulling } from './connect';

const good = 'class Main:\n    def train(self, data_directory):\n        pass\n    def save(self):\n        pass\n';
const bad = 'class Main:\n    def train(self):\n        pass\n    def save(self):\n        pass\n';

let folder = '';
let client: Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-server-'));
});
afterEach(async () => {
  client.dispose();
  await rm(folder, { recursive: true, force: true });
});

const uri = (path: string): string => pathToFileURL(join(folder, path)).href;
const put = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};

describe('a client that pulls', () => {
  it('gets the findings of a package', async () => {
    client = await Client.start(folder, pulling);
    await client.open(uri('p/train.py'), bad);
    const report = await client.pull(uri('p/train.py'));
    expect(report).toMatchObject({
      kind: 'full',
      items: [
        {
          code: 'train-signature',
          severity: 1,
          source: 'Training Pipelines',
          range: { start: { line: 1, character: 13 }, end: { line: 1, character: 19 } },
          codeDescription: { href: 'https://example.org/train-signature' },
        },
      ],
    });
    expect(client.pushes).toEqual([]);
  });
  it('gets nothing for an ordinary train.py', async () => {
    client = await Client.start(folder, pulling);
    await client.open(uri('p/train.py'), 'import torch\n\ndef main():\n    pass\n');
    expect(await client.codes(uri('p/train.py'))).toEqual([]);
  });
  it('gets the findings of a configured package without Main', async () => {
    await put('.vscode/training-pipelines.json', '{ // comment\n "packages": { "p": {}, } }');
    client = await Client.start(folder, pulling);
    await client.open(uri('p/train.py'), 'x = 1\n');
    expect(await client.codes(uri('p/train.py'))).toEqual(['main-missing']);
  });
  it('gets the findings of a marked package without Main', async () => {
    client = await Client.start(folder, pulling);
    await client.open(uri('p/train.py'), 'x = 1\n');
    expect(await client.codes(uri('p/train.py'))).toEqual([]);
    await client.connection.sendNotification('trainingPipelines/markPackages', { folders: [uri('p')] });
    expect(await client.codes(uri('p/train.py'))).toEqual(['main-missing']);
  });
  it('sees each edit', async () => {
    client = await Client.start(folder, pulling);
    await client.open(uri('train.py'), bad);
    expect(await client.codes(uri('train.py'))).toEqual(['train-signature']);
    const at = { line: 1, character: 18 };
    await client.change(uri('train.py'), [{ range: { start: at, end: at }, text: ', d' }]);
    expect(await client.codes(uri('train.py'))).toEqual([]);
    await client.change(uri('train.py'), [{ text: 'def Main(): pass' }]);
    expect(await client.codes(uri('train.py'))).toEqual([]);
  });
  it('is told that nothing changed', async () => {
    client = await Client.start(folder, pulling);
    await client.open(uri('train.py'), bad);
    const first = await client.pull(uri('train.py'));
    const second = await client.pull(uri('train.py'), first.resultId);
    expect(second).toEqual({ kind: 'unchanged', resultId: first.resultId });
  });
  it('gets findings of other modules with train.py, and is told when they are gone', async () => {
    await put('helper.py', 'x = = 1\n');
    client = await Client.start(folder, pulling);
    await client.open(uri('train.py'), `import helper\n${good}`);
    const report = await client.pull(uri('train.py'));
    expect(report).toMatchObject({
      items: [],
      relatedDocuments: { [uri('helper.py')]: { items: [{ code: 'syntax' }] } },
    });
    await client.open(uri('helper.py'), 'x = 1\n');
    const later = await client.pull(uri('train.py'));
    expect(later).toMatchObject({ items: [], relatedDocuments: { [uri('helper.py')]: { items: [] } } });
  });
  it('is not told of excluded files that are not open', async () => {
    await put('helper.py', 'x = = 1\n');
    client = await Client.start(folder, pulling);
    await client.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { files: { exclude: { '**/helper.py': true } } },
    });
    await client.open(uri('train.py'), `import helper\n${good}`);
    expect(await client.pull(uri('train.py'))).not.toHaveProperty('relatedDocuments');
    await client.open(uri('helper.py'), 'x = = 2\n');
    expect(await client.pull(uri('train.py'))).toMatchObject({
      relatedDocuments: { [uri('helper.py')]: { items: [{ code: 'syntax' }] } },
    });
  });
  it('sees files change on the disk', async () => {
    client = await Client.start(folder, pulling);
    await client.open(
      uri('train.py'),
      good.replace('class Main:', 'class Main:\n    def __init__(self): open("labels.txt")'),
    );
    expect(await client.codes(uri('train.py'))).toEqual(['file-missing']);
    await put('labels.txt', 'a');
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: uri('labels.txt'), type: 1 }],
    });
    expect(await client.codes(uri('train.py'))).toEqual([]);
  });
  it('keeps two workspace folders apart', async () => {
    await put('a/.vscode/training-pipelines.json', '{ "packages": { ".": {} } }');
    client = await Client.start(join(folder, 'a'), pulling, {
      workspaceFolders: ['a', 'b'].map((name) => ({ uri: uri(name), name })),
    });
    await client.open(uri('a/train.py'), 'x = 1');
    await client.open(uri('b/train.py'), 'x = 1');
    expect(await client.codes(uri('a/train.py'))).toEqual(['main-missing']);
    expect(await client.codes(uri('b/train.py'))).toEqual([]);
  });
  it('gets nothing but a note for a file that is too large', async () => {
    client = await Client.start(folder, pulling);
    await put('.vscode/training-pipelines.json', '{ "packages": { ".": {} } }');
    await client.open(uri('train.py'), `${good}${'x = 1\n'.repeat(400_000)}`);
    expect(await client.codes(uri('train.py'))).toEqual(['file-skipped']);
  });
});

describe('a client that cannot pull', () => {
  it('gets findings pushed', async () => {
    client = await Client.start(folder);
    const first = client.next(uri('train.py'));
    await client.open(uri('train.py'), bad);
    expect(codesOf((await first).diagnostics)).toEqual(['train-signature']);
    const second = client.next(uri('train.py'));
    await client.change(uri('train.py'), [{ text: good }]);
    expect((await second).diagnostics).toEqual([]);
    const third = client.next(uri('train.py'));
    await client.close(uri('train.py'));
    expect((await third).diagnostics).toEqual([]);
  });
  it('gets train.py anew when another module changes', async () => {
    client = await Client.start(folder);
    const first = client.next(uri('train.py'));
    await client.open(uri('train.py'), 'from model import Main\n');
    await first;
    await put('model.py', '');
    const second = client.next(uri('train.py'));
    await client.open(uri('model.py'), bad);
    expect(codesOf((await second).diagnostics)).toEqual(['train-signature']);
  });
});
