import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { RunSpec } from '../../../runner/src/engine/engine';
import { containerSpec, shmSize, type ContainerPlace } from '../../../runner/src/engine/docker/containerSpec';
import { demux } from '../../../runner/src/engine/docker/demux';
import { parseEndpoint } from '../../../runner/src/engine/docker/endpoint';
import { findLocalDocker, socketCandidates } from '../../../runner/src/engine/docker/localDocker';
import { containerUser } from '../../../runner/src/engine/docker/engineInfo';
import { placeOf } from '../../../runner/src/engine/docker/installImage';
import { parseConfig } from '../../../runner/src/engine/docker/pipFiles';
import { engineLines } from '../../../runner/src/engine/docker/pullImage';
import { harnessSpec } from '../../../runner/src/engine/docker/startContainer';

const gibibyte = 1024 ** 3;

const spec: RunSpec = {
  ref: { runId: '20261124-101010-abcd', nonce: 'ab'.repeat(16), installation: 'inst', workFolder: '/w' },
  package: 'digits',
  zip: '/z.zip',
  dataset: { path: '/home/u/my data', access: 'read-only', mountName: 'data' },
  environment: { target: 'sha256:1', image: null, summary: '', built: false, warnings: [] },
  parameters: { rate: '0.1' },
  secretNames: ['TOKEN'],
  artifactsDirectory: 'artifacts',
  gpu: { kind: 'none' },
  network: 'bridge',
  limits: { memory: null, cpus: null, shm: null, timeoutSeconds: null },
};
const place: ContainerPlace = { user: '1000:1000', gpuStyle: 'nvidia', memory: 16 * gibibyte };
const host = (change: Partial<RunSpec> = {}, where: Partial<ContainerPlace> = {}) =>
  containerSpec({ ...spec, ...change }, { ...place, ...where }).HostConfig;

describe('the container as a value', () => {
  it('carries what proves it ours, and no parameter', () => {
    const made = containerSpec(spec, place);
    expect(made.Labels).toEqual({
      'training-pipelines.kind': 'run',
      'training-pipelines.run': spec.ref.runId,
      'training-pipelines.nonce': spec.ref.nonce,
      'training-pipelines.installation': 'inst',
    });
    expect(JSON.stringify(made)).not.toContain('0.1');
    expect(made.Tty).toBe(false);
  });

  it('has no limits but those that the user set', () => {
    expect(host()).not.toHaveProperty('Memory');
    expect(host()).not.toHaveProperty('NanoCpus');
    const limits = { memory: gibibyte, cpus: 0.5, shm: null, timeoutSeconds: null };
    expect(host({ limits })).toMatchObject({ Memory: gibibyte, MemorySwap: gibibyte, NanoCpus: 5e8 });
  });

  it('has half of the memory as /dev/shm, and never less than 1 GiB of its own accord', () => {
    const limits = (memory: number | null, shm: number | null) => ({ ...spec.limits, memory, shm });
    expect(shmSize(spec, place)).toBe(8 * gibibyte);
    expect(shmSize({ ...spec, limits: limits(4 * gibibyte, null) }, place)).toBe(2 * gibibyte);
    expect(shmSize({ ...spec, limits: limits(gibibyte / 4, null) }, place)).toBe(gibibyte);
    expect(shmSize({ ...spec, limits: limits(null, 7) }, place)).toBe(7);
  });

  it('mounts the dataset inside the package, read-only', () => {
    expect(host().Mounts).toMatchObject([
      { Type: 'bind', Source: '/home/u/my data', Target: '/training/digits/data', ReadOnly: true },
    ]);
    expect(host({}, { copyVolume: 'v' }).Mounts).toMatchObject([{ Type: 'volume', Source: 'v', ReadOnly: false }]);
  });

  it.each<[RunSpec['gpu'], ContainerPlace['gpuStyle'], object]>([
    [{ kind: 'all' }, 'nvidia', { Driver: '', Count: -1, Capabilities: [['gpu']] }],
    [{ kind: 'count', count: 2 }, 'nvidia', { Driver: '', Count: 2, Capabilities: [['gpu']] }],
    [
      { kind: 'ids', ids: ['0', 'GPU-1'] },
      'nvidia',
      { Driver: '', DeviceIDs: ['0', 'GPU-1'], Capabilities: [['gpu']] },
    ],
    [{ kind: 'all' }, 'cdi', { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] }],
    [{ kind: 'count', count: 2 }, 'cdi', { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'] }],
    [{ kind: 'ids', ids: ['1'] }, 'cdi', { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=1'] }],
  ])('asks for %j in the %s way', (gpu, gpuStyle, expected) => {
    expect(host({ gpu }, { gpuStyle })).toMatchObject({ DeviceRequests: [expected] });
  });

  it('asks for no device where none is wanted', () => {
    expect(host()).not.toHaveProperty('DeviceRequests');
  });

  it('can read the dataset where SELinux or a user mapping would keep it away', () => {
    expect(host().SecurityOpt).toEqual(['no-new-privileges']);
    expect(host({}, { isLabelled: true }).SecurityOpt).toEqual(['no-new-privileges', 'label=disable']);
    expect(host({}, { isRemapped: true })).toMatchObject({ UsernsMode: 'host' });
  });

  it('runs as the user, and as root only where that is the user of a rootless engine', () => {
    expect(containerUser({ isRootless: false }, 501, 20)).toBe('501:20');
    expect(containerUser({ isRootless: true }, 501, 20)).toBe('0:0');
  });

  it('tells the harness names of secrets, never values', () => {
    expect(harnessSpec(spec)).toMatchObject({ secretNames: ['TOKEN'], parameters: { rate: '0.1' }, log: 'stdout' });
  });
});

describe('where the local engine listens', () => {
  const nowhere = { HOME: '/nonexistent', DOCKER_CONFIG: '/nonexistent' };

  it('is what DOCKER_HOST says', async () => {
    expect(await findLocalDocker({ ...nowhere, DOCKER_HOST: 'unix:///run/a.sock' }, 'linux')).toEqual({
      kind: 'socket',
      path: '/run/a.sock',
    });
  });

  it('is a pipe on Windows', async () => {
    expect(await findLocalDocker(nowhere, 'win32')).toEqual({ kind: 'pipe', path: '\\\\.\\pipe\\docker_engine' });
    expect(parseEndpoint('npipe:////./pipe/other')).toEqual({ kind: 'pipe', path: '\\\\.\\pipe\\other' });
  });

  it('may be rootless or Podman', () => {
    const found = socketCandidates({ HOME: '/home/u', XDG_RUNTIME_DIR: '/run/user/7' }, 'linux').map(
      ({ path }) => path,
    );
    expect(found).toContain('/run/user/7/docker.sock');
    expect(found).toContain('/run/user/7/podman/podman.sock');
    expect(found).toContain('/home/u/.docker/desktop/docker.sock');
  });

  it.each(['tcp://h:2376', 'ssh://-oProxyCommand=x', 'nonsense', 'unix://relative'])('is never %s', (text) => {
    expect(parseEndpoint(text).kind).toBe('unsupported');
  });
});

describe("the engine's log stream", () => {
  const frame = (stream: number, text: string): Buffer => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  it.each([1, 3, 8, 9, 1000])('is taken apart in pieces of %i bytes', async (size) => {
    const all = Buffer.concat([frame(1, 'out'), frame(2, ''), frame(2, 'error é'), frame(1, 'end')]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) pieces.push(all.subarray(at, at + size));
    const seen = { stdout: '', stderr: '' };
    const text: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    for await (const { stream, data } of demux(Readable.from(pieces))) text[stream].push(Buffer.from(data));
    seen.stdout = Buffer.concat(text.stdout).toString();
    seen.stderr = Buffer.concat(text.stderr).toString();
    expect(seen).toEqual({ stdout: 'outend', stderr: 'error é' });
  });

  it('is refused where it is none', async () => {
    const read = async (): Promise<void> => {
      for await (const _ of demux(Readable.from([Buffer.from('HTTP/1.1 200')]))) continue;
    };
    await expect(read()).rejects.toThrow();
  });
});

describe('what the engine says while it works', () => {
  it('is read line by line, passing over what is no JSON', async () => {
    const text = '{"status":"é"}\nnonsense\n{"error":"no"}';
    const bytes = Buffer.from(text);
    const parts = [bytes.subarray(0, 12), bytes.subarray(12, 20), bytes.subarray(20)];
    const found = [];
    for await (const line of engineLines(Readable.from(parts))) found.push(line);
    expect(found).toEqual([{ status: 'é' }, { error: 'no' }]);
  });
});

describe('what pip is told', () => {
  it('comes from the sections global and install, with values over several lines', () => {
    const text =
      '[global]\nindex-url = https://u:p@h/simple\nextra_index_url =\n    https://a\n    https://b\n[freeze]\ntimeout = 1\n; c\n[install]\ntrusted-host: h\n';
    expect([...parseConfig(text)]).toEqual([
      ['index-url', 'https://u:p@h/simple'],
      ['extra-index-url', 'https://a\nhttps://b'],
      ['trusted-host', 'h'],
    ]);
  });
});

describe('the place of a failing requirement', () => {
  const files = [
    { name: 'requirements.txt', text: '# first\nnumpy>=1\nScikit_Learn==9.9\n' },
    { name: 'train_requirements.txt', text: 'torch==9.9\n' },
  ];

  it.each([
    ['The requirement torch==9.9 was not found for this Python.', 'train_requirements.txt:1. '],
    ['The requirement scikit-learn==9.9 was not found.', 'requirements.txt:3. '],
    ['The requirements could not be installed: something else', ''],
  ])('of "%s" is "%s"', (message, place) => {
    expect(placeOf(message, files)).toBe(place);
  });
});
