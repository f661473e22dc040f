import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractZip } from '../../runner/src/archive/extractZip';
import { scanPackage } from '../../runner/src/archive/scanPackage';
import { writeZip } from '../../runner/src/archive/writeZip';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';
import type { PreparedEnvironment, RunDemand } from '../../runner/src/engine/engine';
import { harnessFolder, localRun, main, makeFiles, standIn } from '../support/localRun';

/** A wheel that needs no index: `tiny` with the text of its version. */
const wheelMaker = `
import sys, zipfile
folder, version = sys.argv[1:]
info = "tiny-%s.dist-info" % version
with zipfile.ZipFile("%s/tiny-%s-py3-none-any.whl" % (folder, version), "w") as wheel:
    wheel.writestr("tiny.py", "version = %r\\n" % version)
    wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: %s\\n" % version)
    wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "/RECORD", "")
`;

let folder = '';
let wheels = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'process-environment-'));
  wheels = join(folder, 'wheels');
  await makeFiles(wheels, {});
  for (const version of ['1.0', '2.0']) execFileSync('python3', ['-c', wheelMaker, wheels, version]);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Prepared {
  readonly environment: PreparedEnvironment;
  readonly output: string;
  readonly progress: readonly string[];
}

const offline = { PIP_NO_INDEX: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' };

async function prepare(
  requirements: Readonly<Record<string, string>>,
  options: {
    readonly zip?: string;
    readonly signal?: AbortSignal;
    readonly cache?: string;
    readonly links?: string;
  } = {},
): Promise<Prepared> {
  const environment = { ...process.env, ...offline, PIP_FIND_LINKS: options.links ?? wheels };
  const engine = createProcessEngine({ harnessFolder, environment, extract: extractZip });
  let output = '';
  const progress: string[] = [];
  const prepared = await engine.prepare(
    {
      runId: 'r1',
      installation: 'test',
      image: '',
      python: '',
      files: Object.entries(requirements).map(([name, text]) => ({ name, text })),
      zip: options.zip ?? '',
      package: 'digits',
      network: 'bridge',
      cacheFolder: join(folder, options.cache ?? 'cache'),
    },
    { onProgress: ({ text }) => progress.push(text), onOutput: (text) => (output += text) },
    options.signal,
  );
  return { environment: prepared, output, progress };
}

const versionIn = ({ target }: PreparedEnvironment): string =>
  execFileSync(target, ['-I', '-c', 'import tiny; print(tiny.version)']).toString().trim();

describe('the environment from requirements', () => {
  it('is the interpreter itself where nothing is required', async () => {
    const { environment } = await prepare({ 'requirements.txt': '# nothing yet\n\n' });
    expect(environment).toMatchObject({ built: false, image: null });
    expect(environment.summary).toContain('no requirements');
  });

  it('is built once, tells its steps, and is reused with a reason', async () => {
    const first = await prepare({ 'requirements.txt': 'tiny==1.0' });
    expect(first.environment.built).toBe(true);
    expect(versionIn(first.environment)).toBe('1.0');
    expect(first.progress).toContain('installing tiny, 1 of 1');
    expect(first.output).toContain('Successfully installed tiny-1.0');
    const second = await prepare({ 'requirements.txt': 'tiny==1.0' });
    expect(second).toMatchObject({ output: '', environment: { built: false, target: first.environment.target } });
    expect(second.environment.summary).toContain('requirements unchanged');
  });

  it('is the one that the training code runs in, and is listed in the record', async () => {
    const { environment } = await prepare({ 'requirements.txt': 'tiny==1.0' });
    const run = await localRun(
      main('import tiny\nassert sys.prefix != sys.base_prefix\nassert tiny.version == "1.0"'),
      {
        target: environment.target,
      },
    );
    const record = await run.record();
    expect(record).toMatchObject({ outcome: 'completed' });
    expect(record.distributions).toContain('tiny==1.0');
    await run.dispose();
  });

  it('is another one for other requirements, and takes train_requirements.txt too', async () => {
    const { environment } = await prepare({ 'train_requirements.txt': 'tiny==2.0' });
    expect(versionIn(environment)).toBe('2.0');
  });

  it('is built once by two at a time', async () => {
    const both = await Promise.all([
      prepare({ 'requirements.txt': 'tiny' }, { cache: 'shared' }),
      prepare({ 'requirements.txt': 'tiny' }, { cache: 'shared' }),
    ]);
    expect(both.map(({ environment }) => environment.built).sort()).toEqual([false, true]);
  });

  it('is built anew after a try that did not end', async () => {
    const { environment } = await prepare({ 'requirements.txt': 'tiny<9' });
    await rm(join(environment.target, '../../training-pipelines.json'));
    const again = await prepare({ 'requirements.txt': 'tiny<9' });
    expect(again.environment.built).toBe(true);
    expect(again.environment.summary).toContain('an earlier try was not finished');
  });

  it('reads files of the package that a requirement leads to', async () => {
    const source = join(folder, 'source');
    await makeFiles(source, { 'train.py': '', 'more.txt': 'tiny==1.0\n', 'requirements.txt': '-r more.txt\n' });
    const zip = join(folder, 'digits.zip');
    await writeZip({ entries: (await scanPackage(source)).entries, root: 'digits', target: zip });
    const { environment } = await prepare({ 'requirements.txt': '-r more.txt\n' }, { zip });
    expect(versionIn(environment)).toBe('1.0');
  });

  it('names the requirement that cannot be had', async () => {
    await expect(prepare({ 'requirements.txt': 'tiny==1.0\nno-such-thing==3.1' })).rejects.toMatchObject({
      code: 'requirements',
      message: 'The requirement no-such-thing==3.1 was not found for this Python.',
    });
  });

  it('names the line that is no requirement', async () => {
    await expect(prepare({ 'requirements.txt': 'tiny\nfoo bar baz' })).rejects.toMatchObject({
      code: 'requirements',
      message: '"foo bar baz" is no requirement (line 2 of requirements.txt).',
    });
  });

  it('can be cancelled, and leaves nothing half-built', async () => {
    const abort = new AbortController();
    const slow = join(folder, 'slow');
    await makeFiles(slow, {});
    await makeFiles(join(slow, 'slow-1.0'), {
      'setup.py': `import time\nprint("building")\ntime.sleep(60)`,
      'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      'backend.py': 'import time\ntime.sleep(60)',
      'PKG-INFO': 'Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n',
    });
    execFileSync('tar', ['-C', slow, '-czf', join(slow, 'slow-1.0.tar.gz'), 'slow-1.0']);
    const building = prepare({ 'requirements.txt': 'slow' }, { links: slow, signal: abort.signal });
    setTimeout(() => abort.abort(), 1500);
    await expect(building).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('what the local Python is asked for', () => {
  const demand: RunDemand = {
    gpu: { kind: 'none' },
    image: '',
    python: '',
    datasetAccess: 'read-only',
    network: 'bridge',
    limits: { memory: null, cpus: null, shm: null, timeoutSeconds: null },
    hasDockerfile: false,
  };
  const engine = (path?: string) =>
    createProcessEngine({
      harnessFolder,
      environment: { ...process.env, ...(path === undefined ? {} : { PATH: `${path}:${process.env.PATH}` }) },
      extract: extractZip,
    });

  it('always says that nothing is isolated', async () => {
    expect((await engine().demand(demand)).map(({ code }) => code)).toEqual(['no-isolation']);
  });

  it('says which limits it cannot keep', async () => {
    const limits = { memory: 1e9, cpus: 2, shm: null, timeoutSeconds: 5 };
    const warnings = await engine().demand({ ...demand, limits, network: 'none' });
    expect(warnings.map(({ code }) => code)).toEqual(['no-isolation', 'limit-not-enforced', 'network-not-isolated']);
  });

  it('has no GPU without nvidia-smi', async () => {
    await expect(engine().demand({ ...demand, gpu: { kind: 'all' } })).rejects.toMatchObject({
      code: 'gpu-unavailable',
    });
  });

  it('counts the GPUs that nvidia-smi lists', async () => {
    const tool = await standIn(
      join(folder, 'smi'),
      'nvidia-smi',
      '#!/bin/sh\necho "0, GPU-aaaa, NVIDIA A100, 40960"\necho "1, GPU-bbbb, NVIDIA GB10, [N/A]"\n',
    );
    expect((await engine(tool).probe()).gpus).toEqual([
      { id: '0', model: 'NVIDIA A100', memory: 40960 * 1024 * 1024 },
      { id: '1', model: 'NVIDIA GB10', memory: null },
    ]);
    await engine(tool).demand({ ...demand, gpu: { kind: 'count', count: 2 } });
    await engine(tool).demand({ ...demand, gpu: { kind: 'ids', ids: ['1', 'GPU-aaaa'] } });
    const refused = { code: 'gpu-unavailable' };
    await expect(engine(tool).demand({ ...demand, gpu: { kind: 'count', count: 3 } })).rejects.toMatchObject(refused);
    await expect(engine(tool).demand({ ...demand, gpu: { kind: 'ids', ids: ['7'] } })).rejects.toMatchObject(refused);
  });

  it('is missing where no Python is, or none new enough', async () => {
    const empty = await standIn(
      join(folder, 'old'),
      'python3',
      '#!/bin/sh\necho \'{"path": "/old/python3", "version": "3.7.1"}\'\n',
    );
    const alone = createProcessEngine({ harnessFolder, environment: { PATH: empty }, extract: extractZip });
    await expect(alone.demand(demand)).rejects.toMatchObject({
      code: 'python-missing',
      message: 'No Python from version 3.8 on was found. There is Python 3.7.1 at /old/python3.',
    });
    expect(await alone.probe()).toMatchObject({ state: 'unreachable', problem: { code: 'python-missing' } });
  });

  it('refuses a path that is no Python', async () => {
    await writeFile(join(folder, 'nothing'), '');
    await expect(engine().demand({ ...demand, python: join(folder, 'nothing') })).rejects.toMatchObject({
      code: 'python-missing',
    });
  });
});
