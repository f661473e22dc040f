/** The runner's service through real JSON-RPC, with a real store and the local Python. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../runner/src/domain/log';
import type { Run } from '../../../runner/src/domain/run';
import { openRunner } from '../../../runner/src/openRunner';
import * as door from '../../../runner/src/protocol';
import { serve, type Service } from '../../../runner/src/service/serve';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder: string;
let client: MessageConnection;
let service: Service;
let runs: Run[];
let ended: (id: string) => Promise<Run>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-service-'));
  await mkdir(join(folder, 'digits'));
  await mkdir(join(folder, 'data', 'sub'), { recursive: true });
  await writeFile(join(folder, 'data', 'sub', 'a.txt'), 'abc');
  const [toService, toClient] = [new PassThrough(), new PassThrough()];
  service = serve({
    connection: createMessageConnection(new StreamMessageReader(toService), new StreamMessageWriter(toClient)),
    log: silentLog,
    open: async ({ workspace, store }) => {
      // The harness and the grammar as they lie in the source tree.
      const environment = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
      const distFolder = join(root, 'runner');
      const { runner, check } = await openRunner({
        workspace,
        storeFolder: store,
        environment,
        distFolder,
        log: silentLog,
      });
      return { runner, findings: (path) => check.findings(runner.workspace, join(runner.workspace, path)) };
    },
  });
  client = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toService));
  runs = [];
  const waiting = new Set<() => void>();
  client.onNotification(door.runChanged, (run) => {
    runs.push(run);
    for (const look of waiting) look();
  });
  ended = (id) =>
    new Promise((resolve) => {
      const look = (): void => {
        const last = runs.filter((run) => run.id === id).at(-1);
        if (last?.endedAt !== null && last !== undefined) resolve(last);
      };
      waiting.add(look);
      look();
    });
  client.listen();
});

afterEach(async () => {
  client.end();
  client.dispose();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

const write = (body: string): Promise<void> =>
  writeFile(
    join(folder, 'digits', 'train.py'),
    `class Main:\n    def train(self, d):\n        ${body}\n    def save(self):\n        open("m", "w").write("x")\n`,
  );
const open = (trusted = true) => client.sendRequest(door.openRequest, { workspace: folder, trusted });
const request = () => ({ package: 'digits', dataset: 'data', engine: 'process', currentFolder: folder });

test('a run is started, told, and found again with its log and its version', async () => {
  await write('print("hello"); print(\'{"metric": "loss", "value": 0.5, "step": 1}\')');
  await open();
  const plan = await client.sendRequest(door.planRunRequest, request());
  expect(plan).toMatchObject({
    package: 'digits',
    folder: 'digits',
    from: '1.0',
    publishes: true,
    makes: '1.1',
    engine: 'process',
  });
  const { id } = await client.sendRequest(door.startRunRequest, request());
  expect(await ended(id)).toMatchObject({ state: 'Successful', version: '1.1' });
  expect((await client.sendRequest(door.readLogRequest, { id, from: 0 })).lines[0]).toMatchObject({
    stream: 'stdout',
    text: 'hello',
  });
  expect((await client.sendRequest(door.readMetricsRequest, { id })).metrics).toMatchObject([
    { metric: 'loss', value: 0.5, step: 1 },
  ]);
  expect(await client.sendRequest(door.listVersionsRequest, {})).toHaveLength(2);
  expect(await client.sendRequest(door.packagesRequest)).toEqual([
    { name: 'digits', folder: 'digits', versions: ['1.1', '1.0'] },
  ]);
  expect((await client.sendRequest(door.planRunRequest, request())).publishes).toBe(false);
});

test('a watched log comes line by line with its numbers, and its end is told', async () => {
  await write('import time; [print("line", i, flush=True) or time.sleep(0.02) for i in range(20)]');
  await open();
  const { id } = await client.sendRequest(door.startRunRequest, request());
  const lines: string[] = [];
  const done = new Promise<void>((resolve) => {
    client.onNotification(door.logAppended, (appended) => {
      expect(appended.from).toBe(lines.length);
      const whole = appended.lines.slice(0, appended.lines.length - appended.pending);
      lines.push(...whole.map((line) => line.text));
      if (appended.ended) resolve();
    });
  });
  await client.sendRequest(door.watchLogRequest, { id, from: 0 });
  await done;
  expect(lines).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i}`));
});

test('a line that is written over is told as it stands, and again until it ends', async () => {
  await write('import time; [print(i, end="\\r", flush=True) or time.sleep(0.4) for i in range(4)]; print("done")');
  await open();
  const { id } = await client.sendRequest(door.startRunRequest, request());
  const told: string[] = [];
  const done = new Promise<void>((resolve) => {
    client.onNotification(door.logAppended, (appended) => {
      // The number of the line does not change while it is written over.
      if (appended.lines.length > 0) expect(appended.from).toBe(0);
      told.push(...appended.lines.map((line) => line.text));
      if (appended.ended) resolve();
    });
  });
  await client.sendRequest(door.watchLogRequest, { id, from: 0 });
  await done;
  expect(told).toContain('2');
  expect(told.at(-1)).toBe('done');
  const { lines } = await client.sendRequest(door.readLogRequest, { id, from: 0 });
  expect(lines.map((line) => line.text)).toEqual(['done']);
});

test('expected errors come with their code and hint', async () => {
  await write('pass');
  await open();
  const failure = client.sendRequest(door.startRunRequest, { ...request(), dataset: 'nope' });
  await expect(failure).rejects.toMatchObject({ code: door.expectedErrorCode, data: { code: 'dataset-missing' } });
});

test('nothing runs in an untrusted workspace, and past runs can be read', async () => {
  await write('pass');
  await open(false);
  await expect(client.sendRequest(door.startRunRequest, request())).rejects.toThrow(/not trusted/);
  await expect(client.sendRequest(door.enginesRequest)).rejects.toThrow(/not trusted/);
  expect(await client.sendRequest(door.listRunsRequest)).toEqual([]);
});

test('a look inside a dataset counts its files', async () => {
  await open();
  expect(await client.sendRequest(door.peekDatasetRequest, { path: 'data' })).toMatchObject({
    path: 'data',
    files: 1,
    folders: 1,
    bytes: 3,
    partial: false,
    subFolders: ['sub'],
  });
});

test('the service finishes what it drives when the editor has gone', async () => {
  await write('import time; time.sleep(0.5)');
  await open();
  const { id } = await client.sendRequest(door.startRunRequest, request());
  client.end();
  client.dispose();
  await service.done;
  const { runner } = await openRunner({
    workspace: folder,
    environment: process.env,
    distFolder: join(root, 'runner'),
    log: silentLog,
  });
  expect(await runner.run(id)).toMatchObject({ state: 'Successful', version: '1.1' });
});
