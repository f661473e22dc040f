/** Runs of several installations that want the same GPUs of one engine. The GPUs are stand-ins. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runSchema, runsSchema, type Run } from '../../runner/src/domain/run';
import { CommandLine, train } from '../support/commandLine';
import { expectOk } from '../support/engine/api.mjs';
import { standInCards, startEngine, testImage, type TestEngine } from '../support/engine.mjs';

let engine: TestEngine;
let cache: string;
const places: CommandLine[] = [];
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'gpu-cache-'));
  engine = await startEngine({ gpu: true, images: [testImage] });
  standInCards(engine.folder ?? '');
}, 600_000);
afterEach(async () => {
  for (const cli of places.splice(0)) {
    for (const { id, state } of await runsOf(cli)) if (state === 'Running') await cli.run('stop', id);
    await cli.remove();
  }
  expect(await tickets()).toEqual([]);
});
afterAll(async () => {
  await engine.stop();
  await rm(cache, { recursive: true, force: true });
});

const sleeping = train('print("training", flush=True)\ntime.sleep(120)');
const short = train('print("span", time.time(), flush=True)\ntime.sleep(1)\nprint("span", time.time())');

const place = async (name: string, trainPy: string): Promise<CommandLine> => {
  const cli = await CommandLine.make({ DOCKER_HOST: engine.host, XDG_CACHE_HOME: cache });
  await cli.write({ [`${name}/train.py`]: trainPy, 'data/a.txt': 'a' });
  places.push(cli);
  return cli;
};
const args = (name: string, gpu: string): string[] =>
  `run ${name} --dataset data --engine docker --image ${testImage} --gpu ${gpu}`.split(' ');
const runsOf = async (cli: CommandLine): Promise<readonly Run[]> =>
  runsSchema.parse((await cli.json('runs')).document).runs;
const newest = async (cli: CommandLine): Promise<Run> => (await runsOf(cli))[0] as Run;
const tickets = () => {
  const filters = encodeURIComponent(JSON.stringify({ label: ['training-pipelines.kind=ticket'] }));
  return expectOk(engine.host, 'GET', `/containers/json?all=1&filters=${filters}`);
};

test('a run says who has its GPU, starts when that ends, and delays no run on another', async () => {
  const holder = await place('wine-sweep', sleeping);
  const held = holder.start(...args('wine-sweep', '1,'));
  await held.until('training');
  const cli = await place('digits', short);
  const waiting = cli.start(...args('digits', 'GPU-stand-in-1'));
  await waiting.until('Waiting for GPU 1, held by wine-sweep');
  expect(await newest(cli)).toMatchObject({
    state: 'Waiting for resources',
    problem: { code: 'gpu-busy', message: 'Waiting for GPU 1, held by wine-sweep' },
  });
  const other = await place('other', short);
  const { code, document } = await other.json(...args('other', '1'));
  expect([code, runSchema.parse(document).gpu.got[0]?.uuid]).toEqual([0, 'GPU-stand-in-0']);
  await holder.run('stop', (await newest(holder)).id);
  expect((await waiting.answer).code).toBe(0);
  expect(await newest(cli)).toMatchObject({
    state: 'Successful',
    problem: null,
    gpu: { requested: 'GPU-stand-in-1', got: [{ uuid: 'GPU-stand-in-1', model: 'Stand-in GPU', driver: '555.42.01' }] },
  });
  await held.answer;
});

test('who wants two is not passed by who came later and wants one', async () => {
  const holder = await place('wine-sweep', sleeping);
  const held = holder.start(...args('wine-sweep', '0,'));
  await held.until('training');
  const both = await place('both', short);
  const first = both.start(...args('both', '2'));
  await first.until('Waiting for 2 GPUs');
  const late = await place('late', short);
  const second = late.start(...args('late', '1,'));
  await second.until('Waiting for GPU 1, next after both');
  await holder.run('stop', (await newest(holder)).id);
  expect([(await first.answer).code, (await second.answer).code]).toEqual([0, 0]);
  const [one, other] = [await newest(both), await newest(late)];
  expect(Date.parse(one.endedAt ?? '')).toBeLessThan(Date.parse(other.endedAt ?? ''));
  expect(one.gpu.got.map(({ uuid }) => uuid)).toEqual(['GPU-stand-in-0', 'GPU-stand-in-1']);
  await held.answer;
});

test('a waiting run can be stopped, and its number is given back', async () => {
  const holder = await place('wine-sweep', sleeping);
  const held = holder.start(...args('wine-sweep', 'all'));
  await held.until('training');
  const cli = await place('digits', short);
  const waiting = cli.start(...args('digits', '0,'));
  await waiting.until('held by wine-sweep');
  const { code, document } = await cli.json('stop', (await newest(cli)).id);
  expect([code, runSchema.parse(document)]).toMatchObject([
    0,
    { state: 'Killed', version: '', cause: { kind: 'killed' } },
  ]);
  expect((await waiting.answer).code).toBe(130);
  expect((await cli.run(...args('digits', 'none'))).code).toBe(0);
  expect((await newest(cli)).version).toBe('1.1');
  await holder.run('stop', (await newest(holder)).id);
  await held.answer;
});

test('a waiting run whose starter dies goes on, in its place of the line', async () => {
  const holder = await place('wine-sweep', sleeping);
  const held = holder.start(...args('wine-sweep', 'all'));
  await held.until('training');
  const cli = await place('digits', short);
  const waiting = cli.start(...args('digits', '0,'));
  await waiting.until('held by wine-sweep');
  waiting.child.kill('SIGKILL');
  const late = await place('late', short);
  const second = late.start(...args('late', '0,'));
  await second.until('after digits');
  const back = cli.start('attach');
  await back.until('held by wine-sweep');
  await holder.run('stop', (await newest(holder)).id);
  expect([(await back.answer).code, (await second.answer).code]).toEqual([0, 0]);
  const [one, other] = [await newest(cli), await newest(late)];
  expect(Date.parse(one.endedAt ?? '')).toBeLessThan(Date.parse(other.endedAt ?? ''));
  await held.answer;
});

test('of many that want one GPU at the same moment, never two have the same', async () => {
  const many = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => place(name, short)));
  const answers = await Promise.all(many.map((cli, i) => cli.json(...args('abcde'[i] as string, '1'))));
  const spans = await Promise.all(
    answers.map(async ({ document }, i) => {
      const run = runSchema.parse(document);
      expect(run.state).toBe('Successful');
      const { out } = await (many[i] as CommandLine).run('logs', run.id);
      const [from = 0, to = 0] = [...out.matchAll(/span ([\d.]+)/g)].map(([, time]) => Number(time));
      return { uuid: run.gpu.got[0]?.uuid, from, to };
    }),
  );
  for (const one of spans) {
    const others = spans.filter((other) => other !== one && other.uuid === one.uuid);
    for (const { from, to } of others) expect(from >= one.to || to <= one.from).toBe(true);
  }
});
