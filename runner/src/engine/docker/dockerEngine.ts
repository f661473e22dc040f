/** The `docker` engine: whatever speaks the Docker API. */
import { join } from 'node:path';
import * as z from 'zod';
import type { EngineFacts } from '../../domain/engineFacts';
import { ExpectedError, isExpected, messageOf } from '../../domain/errors';
import type { GpuFacts } from '../../domain/gpuFacts';
import type { Warning } from '../../domain/run';
import type { Engine, EngineDatasets, EngineState, HostTrust, RunDemand, RunRef, RunSpec } from '../engine';
import { clearDatasets, datasetsOf } from './clearDatasets';
import { collectContainer } from './collectContainer';
import { agentFor } from './dial';
import { DockerClient, DockerRefusal } from './dockerClient';
import { isLocal, showEndpoint, type Endpoint } from './endpoint';
import { escapeWarnings, unjudged } from './knownEscapes';
import { labels } from './labels';
import { formatNumber } from '../../domain/format';
import { greetEngine, readEngineInfo, type EngineInfo } from './engineInfo';
import { checkLimits } from './checkLimits';
import { checkImage, prepareImage, type ImageOptions } from './environmentImage';
import { GpuMemory } from './gpuMemory';
import { isFree, waitForGpus, type QueueOptions } from './gpuQueue';
import { checkGpus } from './gpus';
import { removeTickets } from './gpuTickets';
import { hashFolder } from './hashFolder';
import { followContainer } from './followContainer';
import {
  containerPath,
  copyVolumeName,
  ignoring,
  inspectContainer,
  notStarted,
  removeContainer,
  removeHelper,
  removeVolume,
  scratchName,
  type Inspected,
} from './runObjects';
import { planImage } from './planImage';
import { OutputsInLog } from './outputsInLog';
import { removeSenders, sendDataset } from './sendDataset';
import { userRegistries } from './registries';
import { readHostKey, trustHostKey } from './sshHostKey';
import { sshProgram } from './sshProgram';
import { startContainer } from './startContainer';

export interface DockerEngineOptions {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly harnessFolder: string;
  /** The caller's environment: pip's settings are taken from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether it reads this machine's files; by default what its address says. */
  readonly isLocal?: boolean;
  /** Tests shorten all deadlines by it; 1 by default. */
  readonly deadlineScale?: number;
}

export function createDockerEngine(options: DockerEngineOptions): Engine {
  const { name, endpoint, environment, deadlineScale } = options;
  const agent = agentFor(name, endpoint, sshProgram(environment));
  const client = new DockerClient(name, endpoint, agent, deadlineScale, userRegistries(environment));
  const outputs = new OutputsInLog();
  const gpus = new GpuMemory(client, environment);
  let info: Promise<EngineInfo> | undefined;
  let told: readonly string[] = [];
  /** Asked once; an engine that did not answer is asked again. */
  const known = (signal?: AbortSignal): Promise<EngineInfo> => {
    info ??= readEngineInfo(client, signal).catch((error: unknown) => {
      info = undefined;
      throw mapped(error, client);
    });
    return info;
  };
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw mapped(error, client);
    }
  };
  const imageOptions: ImageOptions = {
    environment: options.environment,
    installer: join(options.harnessFolder, 'install.py'),
  };

  const isHere = options.isLocal ?? isLocal(options.endpoint);
  const send: Engine['send'] = async (request, signal) => {
    const { harnessFolder } = options;
    await explained(async () => sendDataset(client, await known(signal), request, { harnessFolder, signal }));
  };

  const datasets: EngineDatasets = {
    list: (installation, signal) => explained(() => datasetsOf(client, installation, signal)),
    clear: (installation, trees, signal) =>
      explained(async () => {
        const { harnessFolder } = options;
        return clearDatasets(client, await known(signal), { installation, trees, harnessFolder, signal });
      }),
  };

  return {
    name: options.name,
    endpoint: showEndpoint(endpoint),
    kind: 'docker',
    ...hostTrustOf(options),
    probe: async (signal) => {
      const { facts, notes } = await probe(client, options, signal);
      told = notes;
      return facts;
    },
    notes: () => told,
    demand: (demand, signal) =>
      explained(() => checkDemand(client, demand, { known: () => known(signal), gpus }, signal)),
    gpus: (signal) => explained(async () => gpus.facts(await known(signal), signal)),
    hashFolder: (request, signal) =>
      explained(async () => hashFolder(client, await known(signal), request, options.harnessFolder, signal)),
    isFree: (gpu, signal) =>
      explained(async () =>
        isFree(client, gpu, gpu.kind === 'none' ? [] : (await gpus.facts(await known(signal), signal)).gpus, signal),
      ),
    waitForGpus: (spec, wait) =>
      explained(async () => takeTurn(client, spec, await gpus.facts(await known(wait.signal), wait.signal), wait)),
    prepare: async (request, events, signal) => {
      try {
        return await prepareImage(client, await known(signal), request, imageOptions, events, signal);
      } catch (error) {
        if (signal?.aborted === true)
          throw new ExpectedError('cancelled', 'Making the environment was cancelled.', '', { cause: error });
        throw mapped(error, client);
      }
    },
    planEnvironment: (request, signal) =>
      explained(async () => planImage(client, await known(signal), request, signal)),
    ...(isHere ? {} : { send, datasets }),
    start: async (spec, secrets, { onProgress, signal }) => {
      const asked = await known(signal);
      const style = spec.gpu.kind === 'none' ? {} : { gpuStyle: (await gpus.facts(asked, signal)).style };
      const info = { ...asked, ...style };
      const start = { harnessFolder: options.harnessFolder, info, secrets, onProgress, signal };
      await explained(() => startContainer(client, spec, start));
      return { warnings: escapeWarnings(name, asked.versions), isRunning: true };
    },
    inspect: (ref, signal) => inspect(client, ref, signal),
    async *follow(ref, follow) {
      try {
        yield* followContainer(client, ref, follow, outputs);
      } catch (error) {
        throw mapped(error, client);
      }
    },
    stop: (ref, { graceSeconds, signal }) => explained(() => stop(client, ref, graceSeconds, signal)),
    collect: (ref, staging, collect) =>
      explained(() => collectContainer(client, ref, staging, { ...collect, outputs })),
    remove: (ref, signal) => {
      outputs.forget(ref.runId);
      return explained(() => remove(client, ref, signal));
    },
  };
}

/** A cut connection, or a refusal that nobody expected, becomes an error with words. */
function mapped(cause: unknown, client: DockerClient): unknown {
  const error = client.mapError(cause);
  const { engine } = client;
  if (!(error instanceof DockerRefusal)) return error;
  if (/no space left/i.test(error.message)) {
    return new ExpectedError('disk-full', `The disk of ${engine} is full.`, 'Free some room there and try again.', {
      cause: error,
    });
  }
  return new ExpectedError('engine-failed', `${engine} refused: ${error.message}`, '', { cause: error });
}

async function remove(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<void> {
  if (!(await removeContainer(client, ref, signal))) return;
  await removeHelper(client, ref, signal);
  await removeSenders(client, ref, signal);
  await removeTickets(client, ref, signal);
  for (const name of [copyVolumeName(ref), scratchName(ref)])
    await removeVolume(client, name, ref.installation, signal);
}

function hostTrustOf({ name, endpoint, environment }: DockerEngineOptions): { hostTrust?: HostTrust } {
  if (endpoint.kind !== 'ssh') return {};
  const question = { engine: name, target: endpoint.target, program: sshProgram(environment) };
  return {
    hostTrust: {
      read: () => readHostKey(question),
      accept: (fingerprint) => trustHostKey(question, fingerprint),
    },
  };
}

const nothingToWaitFor = () => Promise.resolve();

/** In numbers from now on: what was asked for as a count or `all` is what the run has got of the line. */
async function takeTurn(client: DockerClient, spec: RunSpec, facts: GpuFacts, wait: QueueOptions) {
  const asked = { gpu: spec.gpu, done: nothingToWaitFor };
  if (spec.gpu.kind === 'none' || facts.gpus.length === 0) return asked;
  const found = await inspectContainer(client, spec.ref, { signal: wait.signal });
  if (found !== undefined && !notStarted.has(found.State.Status)) return asked;
  const { gpus, done } = await waitForGpus(client, spec, facts.gpus, wait);
  return { gpu: { kind: 'ids' as const, ids: gpus }, done };
}

interface Probed {
  readonly facts: EngineFacts;
  readonly notes: readonly string[];
}

async function probe(client: DockerClient, options: DockerEngineOptions, signal?: AbortSignal): Promise<Probed> {
  const head = { name: options.name, kind: 'docker', endpoint: showEndpoint(options.endpoint) } as const;
  const nothing = { version: '', platform: '', cpus: null, memory: null, gpus: [] };
  try {
    const [info, notes] = await Promise.all([readEngineInfo(client, signal), runsOn(client, signal)]);
    const { version, platform, cpus, memory, versions } = info;
    const ready = { state: 'ready', version, platform, cpus, memory, problem: null } as const;
    const facts: EngineFacts = { ...head, ...ready, gpus: [] };
    const flaws = [...escapeWarnings(options.name, versions).map(({ message }) => message), unjudged(versions) ?? ''];
    return { facts, notes: [...notes, ...flaws].filter((note) => note !== '') };
  } catch (caught) {
    const error = signal?.aborted === true ? client.late() : caught;
    const code = isExpected(error) ? error.code : 'engine-unreachable';
    const state =
      code === 'engine-permission' ? 'permission' : code === 'engine-unsupported' ? 'unsupported' : 'unreachable';
    const hint = isExpected(error) ? error.hint : '';
    const facts: EngineFacts = { ...head, ...nothing, state, problem: { code, message: messageOf(error), hint } };
    return { facts, notes: [] };
  }
}

const listedSchema = z.array(z.unknown());

/** What goes on there, of whomever; only counted. */
async function runsOn(client: DockerClient, signal?: AbortSignal): Promise<string[]> {
  const filters = JSON.stringify({ label: [`${labels.kind}=run`], status: ['running'] });
  const found = await client.get('/containers/json', listedSchema, { query: { filters }, signal });
  return found.length === 0 ? [] : [`${formatNumber(found.length, 'run')} in progress there`];
}

async function checkDemand(
  client: DockerClient,
  demand: RunDemand,
  { known, gpus }: { readonly known: () => Promise<EngineInfo>; readonly gpus: GpuMemory },
  signal?: AbortSignal,
): Promise<readonly Warning[]> {
  // What else is to be known of the engine arrives while the package is made ready.
  const info = known();
  info.catch(() => undefined);
  if (!(await greetEngine(client, signal))) await info;
  if (demand.gpu.kind !== 'none') checkGpus(client.engine, await gpus.facts(await info, signal), demand.gpu);
  const { limits } = demand;
  if (limits.cpus !== null || limits.memory !== null) {
    const { cpus, isPodman } = await info;
    checkLimits(client.engine, limits, isPodman ? 0 : cpus);
  }
  await checkImage(client, () => info, demand, signal);
  return demand.limits.memory === null ? [] : tooMuchMemory(client.engine, demand, await info);
}

function tooMuchMemory(engine: string, demand: RunDemand, info: EngineInfo): Warning[] {
  const { memory } = demand.limits;
  if (memory === null || info.memory === 0 || memory <= info.memory) return [];
  return [{ code: 'limit-too-high', message: `The memory limit is more than ${engine} has.` }];
}

async function inspect(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<EngineState> {
  try {
    const found = await inspectContainer(client, ref, { signal, timeoutMilliseconds: 10_000 });
    return found === undefined ? { kind: 'forgotten' } : stateOf(found.State, client.engine);
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'unknown', why: messageOf(error) };
  }
}

/** Docker's words, and one that Podman adds. */
const over = new Set(['exited', 'dead', 'stopped']);

function stateOf(state: Inspected['State'], where: string): EngineState {
  if (notStarted.has(state.Status)) return { kind: 'created' };
  if (state.Status === 'removing') return { kind: 'unknown', why: `${where} is removing its container` };
  if (!over.has(state.Status)) return { kind: 'running', where };
  return {
    kind: 'ended',
    exitCode: state.ExitCode ?? null,
    signal: null,
    outOfMemory: state.OOMKilled === true,
    error: state.Error ?? '',
  };
}

/** The harness ends the user's code within the grace; the engine's own kill comes only after that. */
async function stop(client: DockerClient, ref: RunRef, graceSeconds: number, signal?: AbortSignal): Promise<void> {
  const path = containerPath(ref);
  if (graceSeconds === 0) {
    await ignoring([404, 409], () => client.post(`${path}/kill`, z.unknown(), {}, { signal }));
    return;
  }
  const wait = graceSeconds + 5;
  const options = { signal, timeoutMilliseconds: (wait + 15) * 1000 };
  await ignoring([404, 304], () => client.post(`${path}/stop`, z.unknown(), { query: { t: wait } }, options));
}
