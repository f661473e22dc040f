import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { isExpected } from '../../runner/src/domain/errors';
import { containerName } from '../../runner/src/engine/docker/containerSpec';
import { labels } from '../../runner/src/engine/docker/labels';
import type { RunDemand } from '../../runner/src/engine/engine';
import { dockerPlace, inImage, type DockerPlace } from '../support/dockerPlace';
import { gpuImage, startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { engineRun, type EngineRun, type EngineRunOptions } from '../support/engineRun';
import { main, textIn, treeOf } from '../support/localRun';

let engine: TestEngine;
let place: DockerPlace;
const runs: EngineRun[] = [];
const make = async (train: string, options?: EngineRunOptions): Promise<EngineRun> => {
  const run = await engineRun(place, train, options);
  runs.push(run);
  return run;
};
beforeAll(async () => {
  engine = await startEngine({ gpu: true });
  place = dockerPlace(engine.host);
});
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});
afterAll(() => engine.stop());

const anything = z.record(z.string(), z.unknown());
const details = async (run: EngineRun) =>
  anything.parse(await place.client.get(`/containers/${containerName(run.spec.ref.runId)}/json`, anything));

const versionSchema = z.object({ Components: z.array(z.object({ Name: z.string() })) });
const isPodman = async (): Promise<boolean> =>
  (await place.client.get('/version', versionSchema)).Components.some(({ Name }) => /podman/i.test(Name));

describe('the container of a run', () => {
  it('is hardened, and shows no secret', async () => {
    const run = await make(main('pass'), {
      parameters: { rate: 'a-parameter' },
      secrets: { TOKEN: 'a-secret-value' },
      limits: { memory: 256 << 20, cpus: 1.5, shm: 64 << 20 },
      network: 'none',
    });
    await run.record();
    const found = await details(run);
    expect(found['HostConfig']).toMatchObject({
      Init: true,
      Privileged: false,
      AutoRemove: false,
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: 'none',
      Memory: 256 << 20,
      MemorySwap: 256 << 20,
      NanoCpus: 1.5e9,
      ShmSize: 64 << 20,
      PidsLimit: expect.any(Number),
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: {} },
    });
    // Podman spells them out; what is left of them is looked up inside, below.
    expect(JSON.stringify(found['HostConfig'])).toMatch(/"CapDrop":\["(ALL|CHOWN)"/);
    expect(found['Config']).toMatchObject({
      Tty: false,
      OpenStdin: false,
      StopSignal: expect.stringMatching(/^(SIGTERM|15)$/),
    });
    expect(found['Mounts']).toMatchObject([{ Type: 'bind', Destination: '/training/digits/data', RW: false }]);
    expect(JSON.stringify(found)).not.toContain('a-secret-value');
    expect(JSON.stringify(found)).not.toContain('a-parameter');
  });

  it('runs as the user, without capabilities, with a /dev/shm for data loaders', async () => {
    const code = [
      'print(os.getuid(), os.getgid())',
      'print([line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")][0])',
      'from multiprocessing import shared_memory',
      'big = shared_memory.SharedMemory(create=True, size=200 << 20)',
      'big.buf[:] = bytes(200 << 20)',
      'big.close(); big.unlink()',
    ].join('\n');
    const run = await make(main(code));
    expect(await run.record()).toMatchObject({ outcome: 'completed' });
    expect(await run.text('stdout')).toBe(`${process.getuid?.()} ${process.getgid?.()}\n${'0'.repeat(16)}\n`);
  });

  it('cannot write into the dataset, and the record says so', async () => {
    const run = await make(main('open(data + "/new", "w")'));
    expect(await run.record()).toMatchObject({ outcome: 'failed', datasetReadOnlyError: true });
    expect(await treeOf(join(run.folder, 'dataset'))).toEqual(['a.csv']);
  });

  it('reaches nothing where the network is none', async () => {
    const run = await make(main('import socket\nprint([name for _, name in socket.if_nameindex()])'), {
      network: 'none',
    });
    await run.record();
    expect(await run.text('stdout')).toBe("['lo']\n");
  });

  it('that takes more memory than it may ends for that reason', async () => {
    const run = await make(main('x = bytearray(1 << 30)\nx[:] = b"1" * (1 << 30)'), { limits: { memory: 128 << 20 } });
    expect(await run.record()).toMatchObject({ outcome: 'failed', kind: 'out-of-memory' });
  });

  it('gives its output though the dataset is gone by then', async () => {
    const run = await make(main('open("artifacts/a", "w").write("a")'));
    await run.start();
    await run.ended();
    await rm(join(run.folder, 'dataset'), { recursive: true });
    const { record, staging } = await run.collect();
    expect(record?.outcome).toBe('completed');
    expect(await textIn(join(staging, 'artifacts/a'))).toBe('a');
  });

  it('of a private view leaves no volume or helper behind, whatever the path', async () => {
    // Podman cannot mount a path with a comma at all.
    for (const name of ['plain', (await isPodman()) ? 'with space' : 'with,comma:and space']) {
      const run = await make(main('open(data + "/new", "w").write("x")\nprint(sorted(os.listdir(data)))'), {
        access: 'copy',
      });
      const path = join(run.folder, name);
      await mkdir(path);
      const spec = { ...run.spec, dataset: { ...run.spec.dataset, path } };
      await run.engine.start(spec, {}, { onProgress: () => undefined });
      await run.ended();
      expect(await run.text('stdout')).toBe("['new']\n");
      expect(await treeOf(path)).toEqual([]);
      await run.engine.remove(run.spec.ref);
      const filters = { label: [`${labels.run}=${run.spec.ref.runId}`] };
      const volumes = await place.client.get('/volumes', anything, { query: { filters } });
      expect(volumes['Volumes'] ?? []).toEqual([]);
      const left = await place.client.get('/containers/json', z.array(anything), { query: { all: true, filters } });
      expect(left).toEqual([]);
    }
  });

  it('that was made and never started is made anew, with all that belongs in it', async () => {
    const run = await make(main('print("trained")'));
    const own = { [labels.run]: run.spec.ref.runId, [labels.nonce]: run.spec.ref.nonce };
    await place.client.post('/containers/create', anything, {
      query: { name: containerName(run.spec.ref.runId) },
      body: { Image: testImage, Cmd: ['true'], Labels: own },
    });
    expect((await run.state()).kind).toBe('created');
    expect((await run.record()).outcome).toBe('completed');
  });

  it('of that name that belongs to someone else is left alone', async () => {
    const run = await make(main('pass'));
    const name = containerName(run.spec.ref.runId);
    await place.client.post('/containers/create', anything, {
      query: { name },
      body: { Image: testImage, Cmd: ['true'] },
    });
    await expect(run.start()).rejects.toSatisfy((error) => isExpected(error, 'engine-failed'));
    await expect(run.engine.remove(run.spec.ref)).rejects.toSatisfy((error) => isExpected(error, 'engine-failed'));
    expect(await place.client.get(`/containers/${name}/json`, anything)).toHaveProperty('Id');
    await place.client.delete(`/containers/${name}`, { force: true });
  });

  it('with a harness that was killed has no record, and that is no success', async () => {
    const run = await make(main('print("ready", flush=True)\nos.kill(os.getppid(), 9)\ntime.sleep(30)'));
    await run.start();
    expect(await run.ended()).toMatchObject({ kind: 'ended', exitCode: 137 });
    expect((await run.collect()).record).toBeUndefined();
  });

  it('says what Python said where the harness could not start', async () => {
    const run = await make(main('pass'));
    const name = containerName(run.spec.ref.runId);
    const own = { [labels.run]: run.spec.ref.runId, [labels.nonce]: run.spec.ref.nonce };
    const body = { Image: testImage, Cmd: ['python3', '-c', 'raise SystemExit("no such thing")'], Labels: own };
    await place.client.post('/containers/create', anything, { query: { name }, body });
    await place.client.post(`/containers/${name}/start`, z.unknown());
    await run.ended();
    expect(await run.collect()).toMatchObject({ record: undefined, recordProblem: 'no such thing' });
  });

  it('is refused by name where its image has no python3 or is not there', async () => {
    const gone = await make(main('pass'), { prepared: inImage('tp-test-nothing:1') });
    await expect(gone.start()).rejects.toSatisfy((error) => isExpected(error, 'image-missing'));
  });
});

const demand: RunDemand = {
  gpu: { kind: 'all' },
  image: testImage,
  python: '',
  datasetAccess: 'read-only',
  network: 'bridge',
  limits: { memory: null, cpus: null, shm: null, timeoutSeconds: null },
  hasDockerfile: false,
};

test.each([
  ['CPUs that the engine does not have', { cpus: 100_000 }],
  ['too few CPUs', { cpus: 0.001 }],
  ['too little memory', { memory: 1_000_000 }],
])('%s are refused before there is a run', async (_, limits) => {
  const asked = { ...demand, gpu: { kind: 'none' }, limits: { ...demand.limits, ...limits } } as const;
  await expect(place.engine.demand(asked)).rejects.toSatisfy((error) => isExpected(error, 'usage'));
});

describe('GPUs of a run', () => {
  beforeEach((context) => {
    const isNamed = process.env.TRAINING_PIPELINES_TEST_DOCKER_HOST !== undefined;
    context.skip(isNamed, 'the engine named by TRAINING_PIPELINES_TEST_DOCKER_HOST has no stand-in for GPUs');
  });

  it('are given by count and by id', async () => {
    expect(await place.engine.demand(demand)).toEqual([]);
    for (const [gpu, ids] of [
      [{ kind: 'ids', ids: ['1'] }, ['1']],
      [{ kind: 'all' }, ['0', '1']],
    ] as const) {
      const run = await make(main('pass'), { gpu, prepared: inImage(gpuImage) });
      const record = await run.record();
      expect(record.outcome).toBe('completed');
      expect(record.gpu.got.map(({ uuid }) => uuid.at(-1))).toEqual(ids);
    }
  });

  it('that are not there inside end it', async () => {
    const run = await make(main('pass'), { gpu: { kind: 'all' } });
    expect((await run.record()).outcome).toBe('gpu-missing');
  });
});
