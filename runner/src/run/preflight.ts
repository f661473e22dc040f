/** Tries everything that a run needs before there is one: package, engine, GPU, image, disk. Nothing is made or sent. */
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isExpected, messageOf } from '../domain/errors';
import type { Finding } from '../domain/finding';
import type { GpuFacts, GpuTrouble } from '../domain/gpuFacts';
import type { Problem, Warning } from '../domain/run';
import { versionId } from '../domain/version';
import type { Engine, EnvironmentPlan } from '../engine/engine';
import type { RunPreflight } from '../runner';
import type { Store } from '../store/store';
import { planEnvironment, type PlannedEnvironment } from './planEnvironment';
import type { ResolvedRequest } from './resolveRequest';
import type { PackageCheck } from './runnerOptions';
import type { Clock } from './runDocument';
import { verifyVersions } from './versionOperations';
import { scanWorkingFolder } from './publishFolder';

export interface PreflightContext {
  readonly workspace: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly check: PackageCheck;
  /** Throws where no engine answers. */
  readonly engine: (name: string | undefined) => Promise<{ readonly engine: Engine }>;
}

export async function preflight(
  context: PreflightContext,
  request: ResolvedRequest,
  signal?: AbortSignal,
): Promise<RunPreflight> {
  const [code, machine, disk] = await Promise.all([
    lookAtCode(context, request, signal),
    lookAtEngine(context, request, signal),
    freeBytes(context.store.folder),
  ]);
  return { ...code, ...machine, disk: { free: disk } };
}

async function lookAtCode(context: PreflightContext, request: ResolvedRequest, signal?: AbortSignal) {
  const { from } = request;
  const { name, folder } = request.package;
  if (from !== null) {
    const verified = await verifyVersions(context, versionId(name, from), () => undefined, signal);
    return { findings: null, blocking: 0, seal: verified.ok, reads: [], packageProblem: null };
  }
  if (folder === null) return { findings: null, blocking: 0, seal: null, reads: [], packageProblem: null };
  const { check, workspace } = context;
  const [findings, blocking, reads, packageProblem] = await Promise.all([
    check.findings(workspace, folder).catch((): Finding[] => []),
    check.blocking(workspace, folder).catch((): Finding[] => []),
    check.reads(workspace, folder).catch(() => []),
    problemOf(scanWorkingFolder(folder, signal)),
  ]);
  return { findings, blocking: blocking.length, seal: null, reads, packageProblem };
}

interface Machine {
  readonly engine: RunPreflight['engine'];
  readonly gpuProblem: Problem | null;
  readonly gpuTrouble: GpuTrouble | null;
  readonly warnings: readonly Warning[];
  readonly environment: PlannedEnvironment | null;
  readonly environmentProblem: Problem | null;
}

async function lookAtEngine(
  context: PreflightContext,
  request: ResolvedRequest,
  signal?: AbortSignal,
): Promise<Machine> {
  const nothing = { gpuProblem: null, gpuTrouble: null, warnings: [], environment: null, environmentProblem: null };
  let engine: Engine;
  try {
    ({ engine } = await context.engine(request.engine));
  } catch (error) {
    return { ...nothing, engine: { name: request.engine ?? '', milliseconds: 0, problem: asProblem(error) } };
  }
  const began = performance.now();
  const facts = await engine.probe(signal);
  const milliseconds = performance.now() - began;
  const head = { name: engine.name, milliseconds, problem: facts.problem };
  if (facts.problem !== null) return { ...nothing, engine: head };
  const [demand, environment, gpus] = await Promise.all([
    settled(engine.demand({ ...demandOf(request), hasDockerfile: true }, signal)),
    settled<EnvironmentPlan | null>(planEnvironment(context, engine, request, signal)),
    gpusOf(engine, signal),
  ]);
  return {
    ...demandFacts(head, demand.problem),
    gpuTrouble: gpus?.trouble ?? null,
    warnings: demand.value ?? [],
    environment: environment.value as PlannedEnvironment | null,
    environmentProblem: environment.problem,
  };
}

const gpusOf = async (engine: Engine, signal?: AbortSignal): Promise<GpuFacts | undefined> =>
  engine.gpus?.(signal).catch(() => undefined);

/** What is demanded in vain is a matter of the GPU, or else of the engine. */
function demandFacts(engine: RunPreflight['engine'], problem: Problem | null): Pick<Machine, 'engine' | 'gpuProblem'> {
  if (problem?.code === 'gpu-unavailable') return { engine, gpuProblem: problem };
  return { engine: { ...engine, problem }, gpuProblem: null };
}

/** The image is looked at by `planEnvironment`, without asking a registry. */
const demandOf = (request: ResolvedRequest) => ({
  gpu: request.gpu,
  image: request.image,
  python: request.python,
  datasetAccess: request.dataset.access,
  network: request.network,
  limits: request.limits,
});

async function settled<T>(work: Promise<T>): Promise<{ readonly value: T | null; readonly problem: Problem | null }> {
  try {
    return { value: await work, problem: null };
  } catch (error) {
    return { value: null, problem: asProblem(error) };
  }
}

const problemOf = async (work: Promise<unknown>): Promise<Problem | null> => (await settled(work)).problem;

const asProblem = (error: unknown): Problem => ({
  code: isExpected(error) ? error.code : 'engine-failed',
  message: messageOf(error),
  hint: isExpected(error) ? error.hint : '',
});

/** Of the disk that holds the store, or will; null where the system does not tell. */
async function freeBytes(folder: string): Promise<number | null> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await statfs(join(at)).catch(() => undefined);
    if (found !== undefined) return Number(found.bavail) * Number(found.bsize);
    if (at === dirname(at)) return null;
  }
}
