import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client, pulling } from './connect';

let folder = '';
let client: Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-server-'));
  client = await Client.start(folder, pulling);
});
afterEach(async () => {
  client.dispose();
  await rm(folder, { recursive: true, force: true });
});

const uri = (path: string): string => pathToFileURL(join(folder, path)).href;
const ask = (method: string, more: object = {}): Promise<unknown> =>
  client.connection.sendRequest(method, { textDocument: { uri: uri('train.py') }, ...more });
const good = 'import os\nclass Main:\n    def train(self, data):\n        pass\n    def save(self):\n        pass\n';

describe('features', () => {
  it('answer a hover over Main', async () => {
    await client.open(uri('train.py'), good);
    expect(await ask('textDocument/hover', { position: { line: 1, character: 7 } })).toMatchObject({
      contents: { kind: 'markdown' },
    });
  });
  it('show lenses over Main, and symbols of the contract', async () => {
    await client.open(uri('train.py'), good);
    expect(await ask('textDocument/codeLens')).toMatchObject([{ range: { start: { line: 1 } } }]);
    expect(await ask('textDocument/documentSymbol')).toMatchObject([
      { name: 'Main', children: [{ name: 'train' }, { name: 'save' }] },
    ]);
  });
  it('keep lenses while the file does not parse', async () => {
    await client.open(uri('train.py'), `${good}x = (\n`);
    const lenses = (await ask('textDocument/codeLens')) as { range: { start: { line: number } } }[];
    expect(new Set(lenses.map((lens) => lens.range.start.line))).toEqual(new Set([1]));
  });
  it('complete keys of the environment', async () => {
    await client.open(uri('train.py'), `${good}x = os.environ['']\n`);
    const items = (await ask('textDocument/completion', { position: { line: 6, character: 16 } })) as {
      label: string;
    }[];
    expect(items.map((item) => item.label)).toContain('artifacts_directory');
  });
  it('offer a fix that makes the finding go', async () => {
    const text = 'class Main:\n    def train(self, data):\n        pass\n';
    await client.open(uri('train.py'), text);
    const report = await client.pull(uri('train.py'));
    const diagnostics = report.kind === 'full' ? report.items : [];
    const range = diagnostics[0]?.range;
    const actions = (await ask('textDocument/codeAction', { range, context: { diagnostics } })) as {
      edit: { changes: Record<string, { range: object; newText: string }[]> };
    }[];
    const edits = actions[0]?.edit.changes[uri('train.py')] ?? [];
    await client.change(
      uri('train.py'),
      edits.map((edit) => ({ range: edit.range, text: edit.newText })),
    );
    expect(await client.codes(uri('train.py'))).toEqual([]);
  });
  it('say nothing about an ordinary train.py', async () => {
    await client.open(uri('train.py'), 'def main(): pass\n');
    expect(await ask('textDocument/codeLens')).toEqual([]);
    expect(await ask('textDocument/hover', { position: { line: 0, character: 5 } })).toBeNull();
  });
  it('show where the last run failed', async () => {
    await client.open(uri('train.py'), good);
    const cause = {
      message: 'RuntimeError: no',
      traceback: [{ file: 'train.py', line: 4, function: 'train', text: 'pass' }],
    };
    const run = {
      id: 'r1',
      pipeline: 'p',
      from: '1.0',
      version: '',
      state: 'Failed',
      summary: 'Failed',
      endedAt: 1,
      cause,
    };
    await client.connection.sendNotification('trainingPipelines/runsChanged', { folder: uri(''), runs: [run] });
    expect(await client.codes(uri('train.py'))).toEqual(['run-error']);
    expect(
      await client.connection.sendRequest('trainingPipelines/failingFrame', { uri: uri('train.py') }),
    ).toMatchObject({
      uri: uri('train.py'),
      range: { start: { line: 3 } },
    });
  });
  it('list the packages of the workspace', async () => {
    await writeFile(join(folder, 'train.py'), good);
    expect(await client.connection.sendRequest('trainingPipelines/packages')).toMatchObject({
      packages: [{ configured: false, errors: 0 }],
    });
  });
});
