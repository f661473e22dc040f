/** The `process` engine: runs with the local Python, in a process group of its own, with nothing isolated. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { EngineFacts } from '../../domain/engineFacts';
import { isExpected, messageOf } from '../../domain/errors';
import type { Warning } from '../../domain/run';
import type { Engine, RunDemand, RunRef } from '../engine';
import { harnessSpecSchema } from '../harnessSpec';
import { collectOutput, skippedByHarness } from './collectOutput';
import { planEnvironment, prepareEnvironment } from './prepareEnvironment';
import { followLog } from './followLog';
import { hostEnvironment } from './hostEnvironment';
import { findInterpreter } from './interpreter';
import { killLeftovers } from './leftovers';
import { checkGpus, localGpus } from './nvidia';
import { removeFolder } from './removeFolder';
import { runPaths } from './runPaths';
import { startRun, type Starter } from './startRun';
import { stopRun } from './stopRun';
import { exists, inspectRun, readRecord } from './supervisorState';

export interface ProcessEngineOptions {
  /** The folder of the harness's files (`dist/harness`). */
  readonly harnessFolder: string;
  /** The caller's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly extract: Starter['extract'];
  /** Interpreter where a run names none: a version, a path, or "". */
  readonly python?: string;
}

export const noIsolation: Warning = {
  code: 'no-isolation',
  message: 'The run uses the local Python: nothing is isolated, and the training code can reach whatever you can.',
};

export function createProcessEngine(options: ProcessEngineOptions): Engine {
  const environment = hostEnvironment(options.environment);
  const starter: Starter = { harnessFolder: options.harnessFolder, environment, extract: options.extract };
  const wanted = (python: string): string => python || (options.python ?? '');
  const paths = (ref: RunRef) => runPaths(ref);

  const demand = async (demand: RunDemand, signal?: AbortSignal): Promise<readonly Warning[]> => {
    await findInterpreter(wanted(demand.python), environment, signal);
    if (demand.gpu.kind !== 'none') checkGpus(demand.gpu, await localGpus(environment, signal));
    return [noIsolation, ...notEnforced(demand)];
  };

  return {
    name: 'process',
    kind: 'process',
    probe: (signal) => probe(environment, wanted(''), signal),
    demand,
    prepare: (request, events, signal) =>
      prepareEnvironment(
        { ...request, python: wanted(request.python) },
        { environment, extract: options.extract, ...events },
        signal,
      ),
    planEnvironment: (request, signal) =>
      planEnvironment({ ...request, python: wanted(request.python) }, environment, signal),
    start: async (spec, secrets, how) => ({ ...(await startRun(starter, spec, secrets, how)), isRunning: true }),
    inspect: (ref) => inspectRun(paths(ref)),
    follow: (ref, how) =>
      followLog(paths(ref), how, async () => {
        const { kind } = await inspectRun(paths(ref));
        return kind !== 'running';
      }),
    stop: (ref, how) => stopRun(paths(ref), how),
    collect: async (ref, staging, how) => {
      const { record, problem } = await readRecord(paths(ref), ref.nonce);
      // A supervisor that got as far as its record has ended everything itself.
      if (!(await exists(paths(ref).record))) await killLeftovers(paths(ref));
      const warnings = await collectOutput(paths(ref).out, await packageFolder(ref), staging, how);
      return { record, recordProblem: problem, warnings: [...skippedByHarness(record), ...warnings] };
    },
    remove: async (ref, signal) => {
      await stopRun(paths(ref), { graceSeconds: 0, ...(signal === undefined ? {} : { signal }) });
      await removeFolder(ref.workFolder);
    },
  };
}

/** Where the package was during the run, by what the harness was told. */
async function packageFolder(ref: RunRef): Promise<string> {
  const text = await readFile(join(runPaths(ref).control, 'spec.json'), 'utf8').catch(() => '');
  try {
    const spec = harnessSpecSchema.parse(JSON.parse(text));
    return join(spec.base, spec.package);
  } catch {
    return join(runPaths(ref).base, 'package');
  }
}

async function probe(
  environment: Readonly<Record<string, string>>,
  python: string,
  signal: AbortSignal | undefined,
): Promise<EngineFacts> {
  const facts = {
    name: 'process',
    kind: 'process' as const,
    endpoint: '',
    version: '',
    platform: platformName(),
    cpus: availableParallelism(),
    memory: totalmem(),
  };
  try {
    const [{ path, version }, gpus] = await Promise.all([
      findInterpreter(python, environment, signal),
      localGpus(environment, signal),
    ]);
    const shown = (gpus ?? []).map(({ id, model, memory }) => ({ id, model, memory }));
    return { ...facts, endpoint: path, version, state: 'ready', gpus: shown, problem: null };
  } catch (error) {
    const problem = isExpected(error)
      ? { code: error.code, message: error.message, hint: error.hint }
      : { code: 'python-missing', message: messageOf(error), hint: '' };
    return { ...facts, state: 'unreachable', gpus: [], problem };
  }
}

function notEnforced({ limits, network }: RunDemand): Warning[] {
  const names = [
    limits.memory === null ? '' : 'memory',
    limits.cpus === null ? '' : 'CPUs',
    limits.shm === null ? '' : 'shared memory',
  ].filter((name) => name !== '');
  const warnings: Warning[] = [];
  if (names.length > 0) {
    const message = `The local Python is not held to limits: ${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} not enforced.`;
    warnings.push({ code: 'limit-not-enforced', message });
  }
  if (network === 'none') {
    warnings.push({ code: 'network-not-isolated', message: 'The local Python is not cut off the network.' });
  }
  return warnings;
}

const machines: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm: 'arm/v7' };

const platformName = (): string => {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}/${machines[process.arch] ?? process.arch}`;
};
