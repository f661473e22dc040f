/** Ends a local run: SIGTERM to its supervisor, which ends the training code; SIGKILL to all where that is not enough. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError } from '../../domain/errors';
import type { StopOptions } from '../engine';
import type { RunPaths } from './runPaths';
import { exists, isAlive, readStarted, type Started } from './supervisorState';
import { killLeftovers } from './leftovers';

const pollMilliseconds = 25;
/** How long the supervisor may take for killing, draining and handing over, before it is taken for broken. */
const patienceMilliseconds = 45_000;

export async function stopRun(paths: RunPaths, options: StopOptions): Promise<void> {
  const started = await readStarted(paths);
  if (started === undefined || !(await isAlive(started))) {
    if (!(await exists(paths.record))) await killLeftovers(paths);
    return;
  }
  await ask(paths, started, 'stop');
  if (await ended(started, options.graceSeconds * 1000, options.signal)) return;
  // The second request kills at once.
  await ask(paths, started, 'kill');
  if (await ended(started, patienceMilliseconds, options.signal)) return;
  signal(started.pid, 'SIGKILL');
  await killLeftovers(paths);
  if (await ended(started, 5_000, options.signal)) return;
  throw new ExpectedError('engine-failed', `Process ${started.pid} of the run cannot be ended.`, 'End it by hand.');
}

async function ask(paths: RunPaths, started: Started, what: 'stop' | 'kill'): Promise<void> {
  if (process.platform === 'win32') await writeFile(paths.stop, what);
  else signal(started.pid, 'SIGTERM');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

async function ended(started: Started, milliseconds: number, abort: AbortSignal | undefined): Promise<boolean> {
  const deadline = performance.now() + Math.max(milliseconds, 100);
  while (await isAlive(started)) {
    if (performance.now() > deadline) return false;
    await delay(pollMilliseconds, undefined, { signal: abort });
  }
  return true;
}
