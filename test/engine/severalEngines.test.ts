/** A run that names several engines, two of them here: one with GPUs that are stand-ins, and one of a second kind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorSchema } from '../../runner/src/domain/documents';
import { runSchema, runsSchema, type Run } from '../../runner/src/domain/run';
import { CommandLine, train } from '../support/commandLine';
import { standInCards, startEngine, testImage, type TestEngine } from '../support/engine.mjs';

let one: TestEngine;
let two: TestEngine;
let home: string;
let cli: CommandLine;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'several-'));
  [one, two] = await Promise.all([startEngine({ gpu: true }), startEngine({ gpu: true })]);
  for (const engine of [one, two]) standInCards(engine.folder ?? '');
  cli = await CommandLine.make({
    DOCKER_HOST: one.host,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
  });
  await cli.write({
    'slow/train.py': train('print("training", flush=True)\ntime.sleep(120)'),
    'digits/train.py': train('pass', 'open("m.txt", "w").write("m")'),
    'data/a.txt': 'a',
  });
}, 600_000);
afterAll(async () => {
  await cli.remove();
  await Promise.all([one.stop(), two.stop()]);
  await rm(home, { recursive: true, force: true });
});

const run = (name: string, engine: string, gpu: string): string[] =>
  `run ${name} --dataset data --image ${testImage} --engine ${engine} --gpu ${gpu}`.split(' ');
const runs = async (): Promise<readonly Run[]> => runsSchema.parse((await cli.json('runs')).document).runs;
const started = async (engine: string, gpu: string) => {
  const driven = cli.start(...run('slow', engine, gpu));
  await driven.until('training\n');
  const id = (await runs())[0]?.id ?? '';
  return { id, end: async () => void (await cli.run('stop', id), await driven.answer) };
};

test('takes the first that is free, and where none is, goes where room comes first', async () => {
  const both = `docker,${two.host}`;
  const first = runSchema.parse((await cli.json(...run('digits', both, 'all'))).document);
  expect([first.state, first.engine]).toEqual(['Successful', 'docker']);
  const holder = await started('docker', '1,');
  const second = runSchema.parse((await cli.json(...run('digits', both, 'all'))).document);
  expect([second.state, second.engine]).toEqual(['Successful', two.host]);
  const other = await started(two.host, '1,');
  const waiting = cli.start(...run('digits', both, 'all'));
  await waiting.until('Waiting for all GPUs: GPU 1 is held by slow');
  expect((await runs())[0]).toMatchObject({ state: 'Waiting for resources', engine: 'docker' });
  await other.end();
  expect((await waiting.answer).code).toBe(0);
  const third = (await runs())[0] as Run;
  expect(third).toMatchObject({ state: 'Successful', engine: two.host, version: '1.3', problem: null });
  expect(third.gpu.got).toHaveLength(2);
  await holder.end();
});

test('passes over what cannot run it with a warning, and refuses a name that is none', async () => {
  const made = runSchema.parse((await cli.json(...run('digits', 'process,docker', '2'))).document);
  expect(made).toMatchObject({ state: 'Successful', engine: 'docker', warnings: [{ code: 'engine-fallback' }] });
  const { code, document } = await cli.json(...run('digits', 'docker,nowhere', 'none'));
  expect([code, errorSchema.parse(document).error.code]).toEqual([2, 'usage']);
});
