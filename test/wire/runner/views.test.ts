/** What views ask of the runner, through the library with a real store and the local Python. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../runner/src/domain/log';
import { runSchema } from '../../../runner/src/domain/run';
import { openRunner } from '../../../runner/src/openRunner';
import type { Runner } from '../../../runner/src/runner';
import { aSuccess } from '../../support/fakeRunner';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const train = (body = 'pass'): string =>
  `class Main:\n    def train(self, d):\n        ${body}\n    def save(self):\n        open("model.json", "w").write("{}")\n`;
let folder: string;
let runner: Runner;

const put = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
const openHere = async (): Promise<Runner> => {
  const environment = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  return (await openRunner({ workspace: folder, environment, distFolder: join(root, 'runner'), log: silentLog }))
    .runner;
};
const publish = () => runner.publish({ package: 'digits', currentFolder: folder });
const run = async (parameters = {}) => {
  const request = { package: 'digits', dataset: 'data', engine: 'process', parameters, currentFolder: folder };
  return (await runner.start(request)).ended;
};

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tp-views-')));
  await mkdir(join(folder, 'digits', 'parts'), { recursive: true });
  await mkdir(join(folder, 'data'));
  await put('data/a.txt', 'abc');
  await put('digits/train.py', train());
  await put('digits/parts/a.py', 'x = 1\n');
  runner = await openHere();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('marks of a run', () => {
  it('are kept beside it, leave its document exact, and give it its name', async () => {
    const { id } = await run();
    const before = await read(`.training-pipelines/runs/${id}/run.json`);
    await runner.views.mark(id, { name: 'the good one', note: 'keep it' });
    await runner.views.mark(id, { starred: true });
    expect(await read(`.training-pipelines/runs/${id}/run.json`)).toBe(before);
    const again = await openHere();
    expect(await again.views.marks(id)).toEqual({ name: 'the good one', starred: true, note: 'keep it' });
    expect((await again.runs())[0]?.name).toBe('the good one');
    expect((await again.run(id)).name).toBe('the good one');
    const page = await again.views.page({ filter: { starred: true }, limit: 10, quick: false });
    expect(page).toMatchObject({ matching: 1, total: 1, marks: { [id]: { starred: true } } });
  });

  it('that cannot be read are none', async () => {
    const { id } = await run();
    await put(`.training-pipelines/runs/${id}/marks.json`, '{"name": 3');
    expect(await runner.views.marks(id)).toEqual({ name: null, starred: false, note: '' });
  });
});

describe('a page of the history', () => {
  it('holds what the filter lets through, and says how many there are', async () => {
    await run();
    await put('digits/train.py', train('raise ValueError("no")'));
    await run();
    const page = await runner.views.page({ filter: { states: ['Failed'] }, limit: 10, quick: false });
    expect(page.runs.map((one) => one.state)).toEqual(['Failed']);
    expect(page).toMatchObject({ matching: 1, total: 2, facets: { packages: ['digits'], engines: ['process'] } });
    const quick = await runner.views.page({ filter: {}, limit: 1, quick: true });
    expect(quick.runs.map((one) => one.state)).toEqual(['Failed']);
    expect(quick).toMatchObject({ matching: 2, total: 2 });
  });
});

describe('a long history', () => {
  it('shows its newest page, and is searched as a whole', async () => {
    for (let i = 0; i < 500; i += 1) {
      const id = `20260102-${String(i).padStart(6, '0')}-000-abc123`;
      const place = join(folder, '.training-pipelines', 'runs', id);
      mkdirSync(place, { recursive: true });
      const run = aSuccess({ id, parameters: { epochs: String(i) }, folder: `.training-pipelines/runs/${id}` });
      writeFileSync(join(place, 'run.json'), JSON.stringify({ ...runSchema.parse(run), intent: {} }));
    }
    const page = await (await openHere()).views.page({ filter: {}, limit: 50, quick: true });
    expect(page).toMatchObject({ total: 500, matching: 500 });
    expect(page.runs.map(({ parameters }) => parameters['epochs'])).toEqual(
      Array.from({ length: 50 }, (_, i) => String(499 - i)),
    );
    const found = await runner.views.page({ filter: { text: 'epochs=471' }, limit: 50, quick: false });
    expect(found).toMatchObject({ matching: 1, total: 500 });
  });
});

describe('the working folder', () => {
  it('is the same as a version, or changed since the nearest', async () => {
    expect(await runner.views.working('digits')).toMatchObject({ sameAs: null, since: null });
    await run();
    expect(await runner.views.working('digits')).toMatchObject({ sameAs: '1.0', changes: [] });
    await put('digits/parts/a.py', 'x = 2\n');
    expect(await runner.views.working('digits')).toMatchObject({
      sameAs: null,
      since: '1.0',
      changes: [{ path: 'parts/a.py', letter: 'M' }],
    });
  });
});

describe('two versions', () => {
  it('differ file by file, with lines and what training made', async () => {
    await run();
    const found = await runner.views.compareVersions('digits@1.0', 'digits@1.1');
    expect(found).toMatchObject({
      same: 2,
      changes: [{ path: 'model.json', letter: 'A', lines: { added: 1, removed: 0 }, madeByTraining: true }],
    });
  });
});

describe('a version laid out as a new folder', () => {
  it('has all files with their modes, and is never laid over anything', async () => {
    await put('digits/go.sh', '#!/bin/sh\n');
    await chmod(join(folder, 'digits/go.sh'), 0o755);
    await publish();
    const target = join(folder, 'copy');
    expect(await runner.views.restore('digits@1.0', target)).toEqual({ path: target, files: 3 });
    expect((await stat(join(target, 'go.sh'))).mode & 0o111).not.toBe(0);
    expect(await read('copy/parts/a.py')).toBe('x = 1\n');
    await expect(runner.views.restore('digits@1.0', target)).rejects.toMatchObject({ code: 'file-exists' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('taking a version over', () => {
  it('first says what would change, then makes the folder hold it and keeps what was there', async () => {
    await publish();
    await put('digits/train.py', train('x = 1'));
    await put('digits/extra.py', 'y = 1\n');
    await rm(join(folder, 'digits/parts'), { recursive: true });
    const plan = await runner.views.planTakeOver('digits@1.0');
    expect(plan).toMatchObject({ kept: null, folder: 'digits' });
    expect(plan.changes.map(({ letter, path }) => `${letter} ${path}`)).toEqual([
      'D extra.py',
      'A parts/a.py',
      'M train.py',
    ]);
    expect(await read('digits/extra.py')).toBe('y = 1\n');
    const taken = await runner.views.takeOver('digits@1.0');
    expect(taken.kept).toBe('2.0');
    expect((await readdir(join(folder, 'digits'))).sort()).toEqual(['parts', 'train.py']);
    expect(await runner.views.working('digits')).toMatchObject({ sameAs: '1.0' });
    await runner.views.takeOver('digits@2.0');
    expect(await read('digits/extra.py')).toBe('y = 1\n');
    expect(await runner.views.working('digits')).toMatchObject({ sameAs: '2.0' });
  });

  it('never writes over what is in no version', async () => {
    await run();
    await put('digits/.pipelineignore', 'model.json\n');
    await put('digits/model.json', 'mine');
    await expect(runner.views.takeOver('digits@1.1')).rejects.toMatchObject({ code: 'file-exists' });
    expect(await read('digits/model.json')).toBe('mine');
    expect(await read('digits/.pipelineignore')).toBe('model.json\n');
  });

  it('never writes through a link', async () => {
    await publish();
    await rm(join(folder, 'digits/parts'), { recursive: true });
    await mkdir(join(folder, 'digits/elsewhere'));
    await put('digits/elsewhere/a.py', 'mine\n');
    await symlink('elsewhere', join(folder, 'digits/parts'));
    await expect(runner.views.takeOver('digits@1.0')).rejects.toMatchObject({ code: 'package-invalid' });
    expect(await read('digits/elsewhere/a.py')).toBe('mine\n');
  });

  it('turns a file into a folder and a folder into a file', async () => {
    await publish();
    await rm(join(folder, 'digits/parts'), { recursive: true });
    await put('digits/parts', 'a file now\n');
    await publish();
    await runner.views.takeOver('digits@1.0');
    expect(await read('digits/parts/a.py')).toBe('x = 1\n');
    await runner.views.takeOver('digits@2.0');
    expect(await read('digits/parts')).toBe('a file now\n');
  });
});

describe('the data of two runs', () => {
  it('is compared by what was recorded, also after the folder changed', async () => {
    const first = await run();
    await put('data/a.txt', 'changed');
    await put('data/b.txt', 'new');
    const second = await run();
    await rm(join(folder, 'data/b.txt'));
    expect(await runner.views.compareData(first.id, second.id)).toMatchObject({
      known: true,
      same: false,
      added: 1,
      changed: 1,
      removed: 0,
    });
    expect(await runner.views.compareData(first.id, first.id)).toMatchObject({ same: true });
    expect(await runner.views.checkData(second.id)).toMatchObject({ same: false, removed: 1 });
  });
});
