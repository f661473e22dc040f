/** Whole runs on an engine of a second machine, from the command line: what is sent, shared, listed and cleared. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSchema, runsSchema, type Run } from '../../runner/src/domain/run';
import {
  clearedDatasetsSchema,
  storedDatasetsSchema,
  type StoredDataset,
} from '../../runner/src/domain/storedDatasets';
import { versionFileSchema } from '../../runner/src/domain/version';
import { CommandLine, train } from '../support/commandLine';
import { overSsh } from '../support/dockerPlace';
import { startFarEngine, testImage, type FarEngine } from '../support/engine.mjs';

let far: FarEngine;
let cli: CommandLine;
let home: string;
let host: string;
beforeAll(async () => {
  far = await startFarEngine();
  host = `ssh://root@${far.address}`;
  home = await mkdtemp(join(tmpdir(), 'far-home-'));
  cli = await CommandLine.make({
    TRAINING_PIPELINES_SSH: far.client.command,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
  });
  const body = 'print(sorted(os.listdir(data_directory)), os.path.getsize(data_directory + "/big.bin"), flush=True)';
  await cli.write({
    'digits/train.py': train(body, 'open("m.txt", "w").write("m")'),
    'slow/train.py': train('print("training", flush=True)\ntime.sleep(120)'),
    'data/d/a.csv': '1,2\n',
    'data/d/big.bin': randomBytes(6_000_000),
  });
}, 600_000);
afterAll(async () => {
  await cli.remove();
  await far.stop();
  await rm(home, { recursive: true, force: true });
});

const run = (name: string): string[] => `run ${name} --dataset data/d --engine ${host} --image ${testImage}`.split(' ');
const stored = async (): Promise<StoredDataset[]> =>
  storedDatasetsSchema.parse((await cli.json('datasets', '--engine', host)).document).datasets;
const newest = async (): Promise<Run> => runsSchema.parse((await cli.json('runs')).document).runs[0] as Run;

test('a dataset goes there with the first run, says how far it is, and the seal names it', async () => {
  const { code, err, document } = await cli.json(...run('digits'));
  const made = runSchema.parse(document);
  expect([code, made.state]).toEqual([0, 'Successful']);
  expect(err).toContain('2 of 2 files sent');
  expect((await cli.run('logs', made.id)).out).toBe("['a.csv', 'big.bin'] 6000000\n");
  const shown = (await cli.json('show', `digits@${made.version}`)).document as { path: string };
  const file = join(cli.folder, shown.path, '..', 'version.json');
  const { madeFrom } = versionFileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  expect(madeFrom?.dataset).toMatchObject({ tree: made.dataset.tree, files: 2, changed: false });
  expect(await stored()).toMatchObject([{ name: 'd', tree: made.dataset.tree, files: 2, bytes: 6_000_004, users: [] }]);
});

test('the next run sends nothing, and one with a changed file that file', async () => {
  const again = await cli.json(...run('digits'));
  expect([again.code, again.err.includes('files sent')]).toEqual([0, false]);
  await writeFile(join(cli.folder, 'data/d/new.csv'), 'new');
  const changed = await cli.json(...run('digits'));
  expect([changed.code, changed.err]).toMatchObject([0, expect.stringContaining('1 of 1 files sent')]);
  expect(await stored()).toHaveLength(2);
});

test('what a run has stays, what none has is cleared, and it comes back when it is needed', async () => {
  const started = cli.start(...run('slow'));
  await started.until('training\n');
  const { id, dataset } = await newest();
  const first = clearedDatasetsSchema.parse((await cli.json('datasets', '--clear')).document);
  expect(first.cleared).toHaveLength(1);
  expect(first.kept).toMatchObject([{ tree: dataset.tree, users: [id] }]);
  await cli.run('stop', id);
  await started.answer;
  const young = clearedDatasetsSchema.parse((await cli.json('datasets', '--clear', '--unused-for', '1d')).document);
  expect(young).toMatchObject({ cleared: [], kept: [] });
  const second = clearedDatasetsSchema.parse((await cli.json('datasets', 'd', '--clear')).document);
  expect(second).toMatchObject({ bytes: 6_000_007, kept: [], cleared: [{ name: 'd', tree: dataset.tree }] });
  expect(await stored()).toEqual([]);
  expect((await cli.run(...run('digits'))).code).toBe(0);
});

test('a run that is stopped while its dataset is sent ends as killed, and leaves no helper behind', async () => {
  await writeFile(join(cli.folder, 'data/d/huge.bin'), randomBytes(150_000_000));
  const started = cli.start(...run('digits'));
  await started.until('files sent');
  const { code } = await cli.run('stop', (await newest()).id);
  expect([code, (await started.answer).code, (await newest()).state]).toEqual([0, 130, 'Killed']);
  const installation = (await readFile(join(cli.folder, '.training-pipelines/installation'), 'utf8')).trim();
  expect(await overSsh(far).containersOf(installation)).toEqual([]);
});

test('a run whose starter is killed while its dataset is sent goes on from there', async () => {
  const started = cli.start(...run('digits'));
  await started.until('files sent');
  started.child.kill('SIGKILL');
  await started.answer;
  expect((await newest()).state).toBe('Packaging');
  const { code, document } = await cli.json('attach', (await newest()).id);
  expect([code, runSchema.parse(document).state]).toEqual([0, 'Successful']);
});
