import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bareHarness, type BareOptions } from '../support/bareHarness';
import { main, standIn } from '../support/localRun';

/** A uid that the machine knows nothing of, where the tests may choose one. */
const stranger = process.getuid?.() === 0 ? 54321 : undefined;
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const run = async (train: string, options?: BareOptions) => {
  const ended = await bareHarness(train, options);
  folders.push(ended.folder);
  return ended;
};

const original = async (folder: string): Promise<string[]> => [
  await readFile(join(folder, 'dataset/a.csv'), 'utf8'),
  ...(await readdir(join(folder, 'dataset'))).sort(),
];
const untouched = ['a', 'a.csv', 'deep'];

describe('the dataset of a local run', () => {
  it('is read-only, and a write into it is told as such', async () => {
    const { record, folder } = await run(
      main('assert os.listdir(data + "/deep") == ["b.csv"]\nopen(data + "/new", "w")'),
      { user: stranger },
    );
    expect(record).toMatchObject({ outcome: 'failed', datasetReadOnlyError: true });
    expect(record.message).toContain('Read-only file system');
    expect(await original(folder)).toEqual(untouched);
  });

  it('is a private writable view with access "copy"', async () => {
    const write = main(
      'open(data + "/a.csv", "a").write("more")\nopen(data + "/new", "w")\nos.makedirs(data + "/deep/er")\nassert open(data + "/a.csv").read() == "amore"',
    );
    const { record, folder } = await run(write, { access: 'copy' });
    expect(record).toMatchObject({ outcome: 'completed', datasetReadOnlyError: false });
    expect(await original(folder)).toEqual(untouched);
    expect((await readdir(join(folder, 'base/out/package'))).sort()).toEqual(['model.txt', 'train.py']);
  });

  it('is writable as a copy where the files themselves are not', async () => {
    const write = main('open(data + "/a.csv", "a").write("more")\nos.remove(data + "/deep/b.csv")');
    const { record, folder } = await run(write, { access: 'copy', lock: true, user: stranger });
    expect(record).toMatchObject({ outcome: 'completed' });
    expect(await original(folder)).toEqual(untouched);
  });

  it('does not blame the dataset for files that cannot be read', async () => {
    const { record } = await run(main('open("/etc/no-such-folder/x", "w")'));
    expect(record).toMatchObject({ outcome: 'failed', datasetReadOnlyError: false });
  });
});

describe('a run that is stopped before it trains', () => {
  it('has a record, and none of the user’s code ran', async () => {
    const onStart = (_control: string, pid: number): void => {
      // Whether it comes before the handlers are there or after: either it is gone at once, or it writes a record.
      setTimeout(() => process.kill(pid, 'SIGTERM'), 400);
    };
    const slow = await standIn(
      await mkdtemp(join(tmpdir(), 'smi-')),
      'nvidia-smi',
      '#!/bin/sh\nsleep 1\necho "A, GPU-a, 1"\n',
    );
    folders.push(slow);
    const { record, folder } = await run(main('open("../../ran", "w")'), {
      spec: { gpu: { requested: true, count: null } },
      environment: { PATH: `${slow}:/usr/bin:/bin` },
      onStart,
    });
    expect(record).toMatchObject({ outcome: 'interrupted', step: 'start' });
    expect(await readdir(folder)).not.toContain('ran');
  });
});

describe('a user without a name or a home', () => {
  it('has a writable HOME and a name for getpass', async () => {
    const { record } = await run(
      main('import getpass\nassert getpass.getuser()\nopen(os.path.expanduser("~/x"), "w")'),
      { user: stranger },
    );
    expect(record).toMatchObject({ outcome: 'completed' });
  });
});

describe('the GPU of a run', () => {
  const requested = { gpu: { requested: true, count: 2 } };

  it('that is missing ends it before the user’s code', async () => {
    const { record, log, folder } = await run(main('open("../../ran", "w")'), { spec: requested });
    expect(record).toMatchObject({ outcome: 'gpu-missing', step: 'start', kind: null, gpu: { got: [] } });
    expect(record.gpu.problem).toContain('No GPU was found');
    expect(await readdir(folder)).not.toContain('ran');
    expect(log).toBe('');
  });

  it('is looked up, counted and measured', async () => {
    const tools = await mkdtemp(join(tmpdir(), 'smi-'));
    folders.push(tools);
    await writeFile(
      join(tools, 'nvidia-smi'),
      '#!/bin/sh\ncase "$*" in *--loop*) while :; do echo "0, 43, 1024"; echo "1, [N/A], [N/A]"; sleep 0.1; done;; esac\necho "NVIDIA A100, GPU-a, 550.1"\necho "NVIDIA A100, GPU-b, 550.1"\n',
    );
    await chmod(join(tools, 'nvidia-smi'), 0o755);
    const environment = { PATH: `${tools}:/usr/bin:/bin` };
    const { record, log } = await run(main('time.sleep(1.3)'), { spec: requested, environment });
    expect(record).toMatchObject({ outcome: 'completed' });
    expect(record.gpu.got).toEqual([
      { model: 'NVIDIA A100', uuid: 'GPU-a', driver: '550.1' },
      { model: 'NVIDIA A100', uuid: 'GPU-b', driver: '550.1' },
    ]);
    const gpu = '"gpu":[{"id":"0","utilization":0.43,"memory":1073741824},{"id":"1","utilization":null,"memory":null}]';
    expect(log).toContain(gpu);
    const fewer = await run(main('pass'), { spec: { gpu: { requested: true, count: 3 } }, environment });
    expect(fewer.record).toMatchObject({ outcome: 'gpu-missing', message: '3 GPUs were asked for, and 2 are there.' });
  });
});

describe('the events of a run', () => {
  it('tell its steps and its usage in the log', async () => {
    const { log, record } = await run(main('end = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass'));
    const events = log
      .split('\n')
      .filter((line) => / m /.test(line))
      .map(
        (line) =>
          JSON.parse(line.slice(line.indexOf('{'))) as { event: string; step?: string; cpu?: number; memory?: number },
      );
    expect(events.map(({ event, step }) => step ?? event)).toEqual([
      'started',
      'import',
      'init',
      'train',
      'usage',
      'save',
      'ended',
    ]);
    expect(events.find(({ event }) => event === 'usage')?.memory).toBeGreaterThan(1e6);
    expect(record.seconds).toBeGreaterThan(1.1);
    expect(record.endedAt - record.startedAt).toBeGreaterThan(1.1);
    expect(record.resources.peakMemory).toBeGreaterThan(1e6);
  });
});
