/** The harness on its own, without an engine: for what an engine would not ask for. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completionRecordSchema, type CompletionRecord } from '../../runner/src/domain/completionRecord';
import type { HarnessSpec } from '../../runner/src/engine/harnessSpec';
import { harnessFolder, makeFiles, type Files } from './localRun';

const portableStart = `
import os, sys
control = sys.argv[1]
sys.path.insert(0, control)
import harness, portable
signals = harness.Signals()
assert harness.claim(control)
spec = harness.read_spec(control + "/spec.json")
os._exit(portable.PortableSupervisor(spec, control, harness.read_secrets(control), signals).run())
`;

export interface Ended {
  readonly record: CompletionRecord;
  readonly folder: string;
  readonly log: string;
}

export interface BareOptions {
  readonly user?: number | undefined;
  readonly dataset?: Files;
  readonly access?: 'read-only' | 'copy';
  readonly lock?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly spec?: Partial<HarnessSpec>;
  /** Supervises as where there are neither fork nor signals. */
  readonly portable?: boolean;
  /** Called once the harness runs. */
  readonly onStart?: (control: string, pid: number) => void;
}

export async function bareHarness(train: string, how: BareOptions = {}): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'harness-'));
  await chmod(folder, 0o755);
  const base = join(folder, 'base');
  const control = join(base, 'control');
  await mkdir(control, { recursive: true });
  for (const name of await readdir(harnessFolder)) {
    if (name.endsWith('.py')) await copyFile(join(harnessFolder, name), join(control, name));
  }
  await makeFiles(join(base, 'digits'), { 'train.py': train });
  await makeFiles(join(folder, 'dataset'), how.dataset ?? { 'a.csv': 'a', 'deep/b.csv': 'b' });
  const spec: HarnessSpec = {
    schema: 1,
    run: 'r1',
    nonce: 'n',
    package: 'digits',
    base,
    data: 'data',
    dataset: { kind: 'local', path: join(folder, 'dataset'), access: how.access ?? 'read-only' },
    artifacts: 'artifacts',
    parameters: { artifacts_directory: 'artifacts' },
    secretNames: [],
    timeoutSeconds: null,
    graceSeconds: 2,
    gpu: { requested: false, count: null },
    log: join(base, 'log'),
    ownsAllProcesses: false,
    ...how.spec,
  };
  await writeFile(join(control, 'spec.json'), JSON.stringify(spec));
  const child = start(control, folder, how);
  how.onStart?.(control, child.pid ?? 0);
  await new Promise((resolve) => child.once('exit', resolve));
  const record = completionRecordSchema.parse(JSON.parse(await readFile(join(control, 'record.json'), 'utf8')));
  return { record, folder, log: await readFile(spec.log, 'utf8') };
}

function start(control: string, folder: string, how: BareOptions): ChildProcess {
  const { user } = how;
  if (user !== undefined) execFileSync('chown', ['-R', `${user}:${user}`, folder]);
  if (how.lock === true) execFileSync('chmod', ['-R', 'a-w', join(folder, 'dataset')]);
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)']).toString().trim();
  const interpreter = user === undefined ? python : '/usr/bin/python3';
  const command =
    how.portable === true ? ['-c', portableStart, control] : [join(control, 'harness.py'), join(control, 'spec.json')];
  return spawn(interpreter, ['-I', '-S', ...command], {
    env: { PATH: '/usr/bin:/bin', ...how.environment },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
}
