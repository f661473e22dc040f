/** What engines say of their GPUs. The machine has none: the hook, the CDI description and nvidia-smi are stand-ins. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseGpuRequest } from '../../runner/src/domain/gpuRequest';
import type { RunDemand } from '../../runner/src/engine/engine';
import { dockerPlace, type DockerPlace } from '../support/dockerPlace';
import { standInCards, standInRefusal, startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { engineRun, type EngineRun, type EngineRunOptions } from '../support/engineRun';
import { main } from '../support/localRun';

const demand = (gpu: string): RunDemand => ({
  gpu: parseGpuRequest(gpu),
  image: testImage,
  python: '',
  datasetAccess: 'read-only',
  network: 'bridge',
  limits: { memory: null, cpus: null, shm: null, timeoutSeconds: null },
  hasDockerfile: false,
});

const two = [
  { id: '0', uuid: 'GPU-stand-in-0', model: 'Stand-in GPU', driver: '555.42.01', memory: 16384 * 1024 * 1024 },
  { id: '1', uuid: 'GPU-stand-in-1', model: 'Stand-in GPU', driver: '555.42.01', memory: 16384 * 1024 * 1024 },
];

let cache: string;
let engine: TestEngine;
let place: DockerPlace;
const runs: EngineRun[] = [];
/** Another process that asks, with or without what others found. */
const another = (name = 'gpu-box'): DockerPlace =>
  dockerPlace(engine.host, name, { environment: { ...process.env, XDG_CACHE_HOME: cache } });
const make = async (train: string, options?: EngineRunOptions): Promise<EngineRun> => {
  const run = await engineRun(place, train, options);
  runs.push(run);
  return run;
};
const begin = (options: Parameters<typeof startEngine>[0]) => async () => {
  cache = await mkdtemp(join(tmpdir(), 'gpu-cache-'));
  engine = await startEngine({ images: [testImage], ...options });
  place = another();
};
const end = async () => {
  await engine.stop();
  await rm(cache, { recursive: true, force: true });
};
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});

describe('an engine with the NVIDIA hook', () => {
  beforeAll(begin({ kind: 'docker-20', gpu: true }));
  afterAll(end);
  const forget = () => rm(join(cache, 'training-pipelines'), { recursive: true, force: true });

  it('that accepts a request and gives nothing is caught', async () => {
    // Its image for GPUs has an nvidia-smi, the one of runs has none.
    await place.client.delete('/images/tp-test-gpu', { force: true });
    const facts = await place.engine.gpus?.();
    expect(facts?.gpus).toEqual([]);
    expect(facts?.trouble).toMatchObject({ kind: 'none', message: 'gpu-box reports no GPU.' });
    await expect(place.engine.demand(demand('all'))).rejects.toMatchObject({ code: 'gpu-unavailable' });
    const run = await make(main('pass'), { gpu: { kind: 'all' } });
    expect((await run.record()).outcome).toBe('gpu-missing');
  });

  it('tells model, memory, driver and UUID', async () => {
    standInCards(engine.folder ?? '');
    await forget();
    expect(await another().engine.gpus?.()).toEqual({ style: 'nvidia', gpus: two, trouble: null });
  });

  it('is asked once: others know what one found out, until the engine starts anew', async () => {
    standInCards(engine.folder ?? '', (text) => text.replaceAll('Stand-in GPU', 'Other GPU'));
    expect((await another().engine.gpus?.())?.gpus).toEqual(two);
    await engine.restart();
    expect((await another().engine.gpus?.())?.gpus.map(({ model }) => model)).toEqual(['Other GPU', 'Other GPU']);
  });

  it('of a machine with unified memory keeps the GPU and says that it has no memory of its own', async () => {
    standInCards(engine.folder ?? '', (text) => text.replace('value=16384', 'value="[N/A]"'));
    await forget();
    expect((await another().engine.gpus?.())?.gpus).toMatchObject([{ memory: null }, { memory: null }]);
  });

  it('refuses what it has not, by number and by id', async () => {
    standInCards(engine.folder ?? '');
    await forget();
    place = another();
    await expect(place.engine.demand(demand('3'))).rejects.toThrow('gpu-box has 2 GPUs; 3 are asked for.');
    await expect(place.engine.demand(demand('5,'))).rejects.toMatchObject({
      message: 'gpu-box has no GPU 5.',
      hint: 'It has 0 (Stand-in GPU), 1 (Stand-in GPU).',
    });
    for (const gpu of ['1', '2', 'all', '0,1', '1,', 'GPU-stand-in-1'])
      expect(await place.engine.demand(demand(gpu))).toEqual([]);
  });

  it.each([
    [
      'a driver that is too old',
      /too old/,
      'requirement error: unsatisfied condition: cuda>=12.4, please update your driver',
    ],
    ['no driver', /neither a GPU nor its driver/, 'initialization error: nvml error: driver not loaded'],
    [
      'a driver that was updated',
      /Restart|old one is still loaded/,
      'Failed to initialize NVML: Driver/library version mismatch',
    ],
  ])('says that there is %s', async (_, words, text) => {
    standInRefusal(engine.folder ?? '', `nvidia-container-cli: ${text}\n`);
    await forget();
    try {
      await expect(another().engine.demand(demand('all'))).rejects.toThrow(words);
    } finally {
      standInRefusal(engine.folder ?? '', undefined);
      await forget();
    }
  });

  it('gives each run the GPUs of its request, and the record names them', async () => {
    for (const [gpu, ids] of [
      ['1,', ['1']],
      ['GPU-stand-in-0', ['0']],
      ['all', ['0', '1']],
    ] as const) {
      const run = await make(main('pass'), { gpu: parseGpuRequest(gpu) });
      const { got } = (await run.record()).gpu;
      expect(got).toEqual(
        ids.map((id) => ({ model: 'Stand-in GPU', uuid: `GPU-stand-in-${id}`, driver: '555.42.01' })),
      );
    }
  });
});

describe.each(['docker-26', 'podman'] as const)('%s with GPUs by CDI', (kind) => {
  beforeAll(begin({ kind, cdi: true }));
  afterAll(end);

  it('tells its GPUs and gives one', async () => {
    expect(await place.engine.gpus?.()).toEqual({ style: 'cdi', gpus: two, trouble: null });
    const run = await make(main('pass'), { gpu: { kind: 'ids', ids: ['1'] } });
    expect((await run.record()).gpu.got.map(({ uuid }) => uuid)).toEqual(['GPU-stand-in-1']);
  });
});

describe('Podman without CDI', () => {
  beforeAll(begin({ kind: 'podman' }));
  afterAll(end);

  it('has none that it can give, though it takes the request without a word', async () => {
    expect(await place.engine.gpus?.()).toMatchObject({ gpus: [], trouble: { kind: 'none' } });
    await expect(place.engine.demand(demand('all'))).rejects.toMatchObject({ code: 'gpu-unavailable' });
  });
});
