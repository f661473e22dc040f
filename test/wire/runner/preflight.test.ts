/** What the panel asks before a run, with a real store and the local Python. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../runner/src/domain/log';
import { openRunner } from '../../../runner/src/openRunner';
import type { DatasetPeek } from '../../../runner/src/protocol';
import type { DrivenRun, Runner } from '../../../runner/src/runner';
import { peekDataset } from '../../../runner/src/service/peekDataset';
import { RunTails } from '../../../runner/src/service/runTails';

const distFolder = join(fileURLToPath(new URL('../../..', import.meta.url)), 'runner');
let folder: string;
let runner: Runner;
let driven: DrivenRun | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tp-preflight-'));
  await mkdir(join(folder, 'digits'));
  await mkdir(join(folder, 'data', 'sub'), { recursive: true });
  await writeFile(join(folder, 'data', 'sub', 'a.txt'), 'abc');
  const environment = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  ({ runner } = await openRunner({ workspace: folder, environment, distFolder, log: silentLog }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const train = (body: string, more = ''): Promise<void> =>
  writeFile(
    join(folder, 'digits', 'train.py'),
    `import os\nclass Main:\n    def train(self, d):\n        ${body}\n    def save(self):\n        open("m", "w").write("x")\n${more}`,
  );
const request = (part: object = {}) => ({
  package: 'digits',
  dataset: 'data',
  engine: 'process',
  currentFolder: folder,
  ...part,
});
const runToEnd = async () => (await runner.start(request())).ended;

describe('what a run needs', () => {
  test('is tried: package, engine, environment and disk', async () => {
    await train('pass');
    expect(await runner.preflight(request())).toMatchObject({
      engine: { name: 'process', problem: null },
      findings: [],
      blocking: 0,
      packageProblem: null,
      gpuProblem: null,
      environment: { kind: 'ready', base: expect.stringMatching(/^Python 3/) as string, files: [] },
      environmentProblem: null,
      disk: { free: expect.any(Number) as number },
    });
  });

  test('is tried although the dataset is missing', async () => {
    await train('pass');
    const found = await runner.preflight(request({ dataset: 'nope' }));
    expect(found).toMatchObject({ engine: { problem: null }, findings: [] });
  });

  test('tells a package that cannot run, and an engine that does not answer', async () => {
    await writeFile(join(folder, 'digits', 'train.py'), 'class Main:\n    def save(self):\n        pass\n');
    const found = await runner.preflight(request({ engine: 'docker' }));
    expect(found.blocking).toBe(1);
    expect(found.findings?.map(({ code }) => code)).toContain('train-missing');
    expect(found.engine).toMatchObject({ name: 'docker', problem: { code: 'engine-unreachable' } });
    expect(found.environment).toBeNull();
  });

  test('names the requirements that are new, without installing any', async () => {
    await train('pass');
    await runToEnd();
    await writeFile(join(folder, 'digits', 'requirements.txt'), 'no-such-package-1==1.0 # one\n');
    const { environment } = await runner.preflight(request());
    expect(environment).toMatchObject({
      kind: 'build',
      files: ['requirements.txt'],
      changed: [{ file: 'requirements.txt', names: ['no-such-package-1'] }],
    });
  });

  test('looks at what an included file holds', async () => {
    await train('pass');
    await mkdir(join(folder, 'digits', 'more'));
    await writeFile(join(folder, 'digits', 'requirements.txt'), '-r more/base.txt\n');
    await writeFile(join(folder, 'digits', 'more', 'base.txt'), '# nothing\n');
    expect((await runner.preflight(request())).environment).toMatchObject({ kind: 'build' });
    await runToEnd();
    expect((await runner.preflight(request())).environment).toMatchObject({ kind: 'ready' });
    await writeFile(join(folder, 'digits', 'more', 'base.txt'), '# nothing more\n');
    expect((await runner.preflight(request())).environment).toMatchObject({ kind: 'build' });
  });

  test('verifies the seal of the version to start from', async () => {
    await train('pass');
    const run = await runToEnd();
    expect(await runner.preflight(request({ from: run.version }))).toMatchObject({ seal: true, findings: null });
    await writeFile(join(folder, '.training-pipelines', 'packages', 'digits', '1.1', 'digits.zip'), 'x');
    expect(await runner.preflight(request({ from: run.version }))).toMatchObject({ seal: false });
  });

  test('tells the parameters that train.py reads, with what it takes where one is not set', async () => {
    await train(
      'rate = float(os.environ.get("rate", "0.1")); size = os.getenv("batch_size", 64)',
      'token = os.environ["HF_TOKEN"]\nos.environ["OWN"] = "1"\nown = os.environ["OWN"]\n',
    );
    expect((await runner.preflight(request())).reads).toEqual([
      { name: 'rate', fallback: '0.1' },
      { name: 'batch_size', fallback: '64' },
      { name: 'HF_TOKEN', fallback: null },
    ]);
  });
});

describe('the plan', () => {
  test('tells the size of what it starts from and the numbers that are taken', async () => {
    await train('pass');
    await runToEnd();
    await runToEnd();
    const plan = await runner.plan(request({ from: '1.0' }));
    expect(plan).toMatchObject({ from: '1.0', makes: '1.3', taken: ['1.1', '1.2'], source: { files: 1 } });
  });

  test('gives no number that was deleted, nor one that a run in progress will use', async () => {
    await train('import time; time.sleep(0 if os.path.exists(os.path.join(d, "go")) else 600)');
    await writeFile(join(folder, 'data', 'go'), '');
    await runToEnd();
    await runner.delete(['digits@1.1'], { force: true });
    expect(await runner.plan(request({ from: '1.0' }))).toMatchObject({ makes: '1.2', taken: ['1.1'] });
    await rm(join(folder, 'data', 'go'));
    const started = new Promise<void>((resolve) => {
      const onRun = ({ state }: { readonly state: string }): void => (state === 'Running' ? resolve() : undefined);
      void runner.start(request(), { onRun }).then((run) => (driven = run));
    });
    await started;
    expect(await runner.reserved(driven?.id ?? '')).toBe('1.2');
    expect(await runner.plan(request({ from: '1.0' }))).toMatchObject({ makes: '1.3', taken: ['1.1', '1.2'] });
    await driven?.stop(true);
    await driven?.ended;
    expect(await runner.plan(request({ from: '1.0' }))).toMatchObject({ makes: '1.2' });
  });

  test('calls the run of an edited pipeline by its name', async () => {
    await train('pass');
    const run = await (await runner.start(request({ title: 'nightly' }))).ended;
    expect(run.pipeline).toBe('nightly');
    expect(run.results?.parameters.pipeline).toBe('nightly');
  });
});

describe('a dataset', () => {
  const data = (...path: string[]): string => join(folder, 'data', ...path);

  test('has nothing to be compared with before its first run', async () => {
    expect(await runner.datasetChanges('data')).toBeNull();
  });

  test('is compared with the last run: added, changed and removed files, not touched ones', async () => {
    await train('pass');
    await writeFile(data('b.txt'), 'bbb');
    await writeFile(data('c.txt'), 'ccc');
    const run = await runToEnd();
    expect(await runner.datasetChanges('data')).toMatchObject({ run: run.id, added: 0, changed: 0, removed: 0 });
    await writeFile(data('sub', 'new.txt'), 'n');
    await writeFile(data('b.txt'), 'BBB');
    await utimes(data('sub', 'a.txt'), new Date(), new Date());
    await rm(data('c.txt'));
    expect(await runner.datasetChanges('data')).toEqual({
      run: run.id,
      version: run.version,
      added: 1,
      changed: 1,
      removed: 1,
      paths: [
        { path: 'b.txt', change: 'M' },
        { path: 'c.txt', change: 'D' },
        { path: 'sub/new.txt', change: 'A' },
      ],
    });
  });

  test('shows small pictures, one of each folder first, ten at most', async () => {
    for (const name of ['x', 'y']) {
      await mkdir(data(name));
      for (let i = 0; i < 8; i++) await writeFile(data(name, `${i}.png`), 'p');
    }
    await writeFile(data('x', '!large.png'), Buffer.alloc(40_000));
    const { pictures } = await peekDataset(folder, 'data');
    expect(pictures).toHaveLength(10);
    expect(pictures.slice(0, 3).map(({ name }) => name)).toEqual(['y/0.png', 'x/0.png', 'y/1.png']);
    expect(pictures[0]?.source).toBe(`data:image/png;base64,${Buffer.from('p').toString('base64')}`);
  });

  test('that takes long to count is told so far, and counted to the end', async () => {
    for (let i = 0; i < 50; i++) await writeFile(data(`${i}.txt`), 'x');
    const told: DatasetPeek[] = [];
    const whole = new Promise<DatasetPeek>((resolve) => {
      const onCounted = (peek: DatasetPeek): void => {
        told.push(peek);
        if (!peek.partial) resolve(peek);
      };
      void peekDataset(folder, 'data', { budgetMilliseconds: 0, onCounted }).then((peek) => told.push(peek));
    });
    expect(await whole).toMatchObject({ files: 51, folders: 1, bytes: 53 });
    expect(told[0]).toMatchObject({ partial: true, files: 0 });
  });
});

test('the tail of a run holds its last line and the newest value of each metric', async () => {
  await train(
    `print("begin"); print('{"metric": "loss", "value": 2, "step": 1}'); print('{"metric": "acc", "value": 0.5}'); print('{"metric": "loss", "value": 1, "step": 2}'); print("end")`,
  );
  const run = await runToEnd();
  const tails = new RunTails(runner);
  expect(await tails.tail(run.id)).toMatchObject({
    line: 'end',
    metrics: [
      { metric: 'loss', value: 1, step: 2 },
      { metric: 'acc', value: 0.5, step: null },
    ],
  });
  tails.dispose();
});
