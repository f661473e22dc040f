/**
 * Starts a local run so that it outlives whoever started it. The folder is laid out under another name and appears by
 * one rename, whole; which of several harnesses is the run is decided by the harness itself, by making `control/started`.
 * So a crash at any point leaves nothing, a whole folder to start from, or a started run.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError, messageOf } from '../../domain/errors';
import type { Warning } from '../../domain/run';
import type { OnProgress, RunSpec } from '../engine';
import { packageFolder, type HarnessSpec } from '../harnessSpec';
import { withClaim } from './claim';
import { runPaths, type RunPaths } from './runPaths';
import { exists, inspectRun } from './supervisorState';

export interface Starter {
  /** The folder of the harness's files. */
  readonly harnessFolder: string;
  /** The environment that the run inherits. */
  readonly environment: Readonly<Record<string, string>>;
  readonly extract: (
    zip: string,
    root: string,
    destination: string,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<unknown>;
}

const graceSeconds = 10;
const startMilliseconds = 60_000;

export async function startRun(
  starter: Starter,
  spec: RunSpec,
  secrets: Readonly<Record<string, string>>,
  options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly warnings: readonly Warning[] }> {
  const paths = runPaths(spec.ref);
  if (await wasStarted(paths)) return { warnings: [] };
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  await withClaim(paths.claim, options.signal, async () => {
    if (await wasStarted(paths)) return;
    if (!(await exists(paths.base))) await layOut(starter, spec, paths, secrets, options);
    options.signal?.throwIfAborted();
    await launch(starter, spec, paths, options.signal);
    await copyFile(paths.started, paths.startedCopy).catch(() => undefined);
  });
  return { warnings: [] };
}

const wasStarted = async (paths: RunPaths): Promise<boolean> =>
  (await inspectRun(paths)).kind !== 'created' && exists(paths.base);

async function layOut(
  starter: Starter,
  spec: RunSpec,
  paths: RunPaths,
  secrets: Readonly<Record<string, string>>,
  options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  for (const name of await readdir(paths.folder)) {
    if (name.startsWith('base.')) await rm(join(paths.folder, name), { recursive: true, force: true });
  }
  const draft = join(paths.folder, `base.${randomBytes(4).toString('hex')}`);
  const control = join(draft, 'control');
  await mkdir(control, { recursive: true, mode: 0o700 });
  options.onProgress({ text: `laying out ${spec.package}` });
  await starter.extract(spec.zip, spec.package, join(draft, packageFolder(spec.package)), { signal: options.signal });
  const harness = (await readdir(starter.harnessFolder)).filter((name) => name.endsWith('.py'));
  for (const name of harness) await copyFile(join(starter.harnessFolder, name), join(control, name));
  await writeFile(join(control, 'spec.json'), JSON.stringify(harnessSpec(spec, paths)), { mode: 0o600 });
  if (spec.secretNames.length > 0) {
    const given = Object.fromEntries(spec.secretNames.map((name) => [name, secrets[name] ?? '']));
    await writeFile(join(control, 'secrets.json'), JSON.stringify(given), { mode: 0o600 });
  }
  await rename(draft, paths.base);
}

export function harnessSpec(spec: RunSpec, paths: RunPaths): HarnessSpec {
  return {
    schema: 1,
    run: spec.ref.runId,
    nonce: spec.ref.nonce,
    package: packageFolder(spec.package),
    base: paths.base,
    data: spec.dataset.mountName,
    dataset: { kind: 'local', path: spec.dataset.path, access: spec.dataset.access },
    artifacts: spec.artifactsDirectory,
    parameters: { ...spec.parameters },
    secretNames: [...spec.secretNames],
    timeoutSeconds: spec.limits.timeoutSeconds,
    graceSeconds,
    gpu: {
      requested: spec.gpu.kind !== 'none',
      count: spec.gpu.kind === 'count' ? spec.gpu.count : spec.gpu.kind === 'ids' ? spec.gpu.ids.length : null,
    },
    log: paths.log,
    ownsAllProcesses: false,
  };
}

/** Which of the machine's GPUs CUDA shows to the run. Undefined leaves it to the caller's environment. */
export function visibleDevices(gpu: RunSpec['gpu']): string | undefined {
  switch (gpu.kind) {
    case 'all':
      return undefined;
    case 'none':
      return '';
    case 'count':
      return Array.from({ length: gpu.count }, (_, index) => index).join(',');
    default:
      return gpu.ids.join(',');
  }
}

async function launch(starter: Starter, spec: RunSpec, paths: RunPaths, signal?: AbortSignal): Promise<void> {
  const complaints = await open(paths.complaints, 'a', 0o600);
  const devices = visibleDevices(spec.gpu);
  const environment = { ...starter.environment, ...(devices === undefined ? {} : { CUDA_VISIBLE_DEVICES: devices }) };
  const args = ['-I', '-S', join(paths.control, 'harness.py'), join(paths.control, 'spec.json')];
  const gone = new AbortController();
  try {
    const child = spawn(spec.environment.target, args, {
      cwd: paths.base,
      env: environment,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'ignore', complaints.fd],
    });
    const failure = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(messageOf(error)));
      child.once('exit', (code, by) => resolve(`it ended at once with ${by ?? `exit code ${code}`}`));
    }).then((text) => {
      gone.abort();
      return text;
    });
    child.unref();
    await untilStarted(paths, spec, failure, gone.signal, signal);
  } finally {
    await complaints.close();
  }
}

function notStarted(python: string, why: string): ExpectedError {
  const missing = /ENOENT|EACCES/.test(why);
  const hint = 'Is that a working Python? See `training-pipelines engines`.';
  return new ExpectedError(
    missing ? 'python-missing' : 'engine-failed',
    `${python} could not be started: ${why}.`,
    hint,
  );
}

async function untilStarted(
  paths: RunPaths,
  spec: RunSpec,
  failure: Promise<string>,
  gone: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + startMilliseconds;
  while (!(await exists(paths.started))) {
    signal?.throwIfAborted();
    if (gone.aborted) {
      if (await exists(paths.started)) return;
      throw notStarted(spec.environment.target, await failure);
    }
    if (performance.now() > deadline) {
      throw new ExpectedError(
        'engine-failed',
        `${spec.environment.target} did not start the run in time.`,
        'Run again.',
      );
    }
    await delay(5);
  }
}
