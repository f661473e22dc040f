/** Starts a run: everything that can be refused is refused before the run exists; then the intent is made durable. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashTree } from '../archive/hashTree';
import type { ScannedTree } from '../archive/scanPackage';
import { engineWords } from '../domain/engineFacts';
import { ExpectedError } from '../domain/errors';
import type { Finding } from '../domain/finding';
import { showGpuRequest } from '../domain/gpuRequest';
import { maskedSecret } from '../domain/results';
import type { Run, Warning } from '../domain/run';
import type { Engine, RunDemand } from '../engine/engine';
import type { ChosenEngine } from './chooseEngine';
import { isOnEngine } from './engineDataset';
import { firstFree } from './firstFree';
import { refuseArtifactsFolder } from './artifactsFolder';
import type { Intent } from './intent';
import { shownPath } from './paths';
import { scanWorkingFolder } from './publishFolder';
import type { ResolvedRequest } from './resolveRequest';
import type { RunContext } from './runContext';
import { isoTime, type RunDraft } from './runDocument';

export interface StartChecks {
  /** Findings that are sure to keep the package from running. */
  readonly blocking: (folder: string) => Promise<readonly Finding[]>;
  /** The chosen engine, or the first that answers, with a warning where that is not what one would expect. */
  readonly chooseEngine: (name: string | undefined) => Promise<ChosenEngine>;
}

/** Throws ExpectedError where the run is refused. The run's folder exists when this resolves. */
export async function createRun(
  context: RunContext,
  checks: StartChecks,
  request: ResolvedRequest,
  options: {
    readonly noCheck: boolean;
    /** Milliseconds since the epoch: the run counts from when it was asked for. */
    readonly requestedAt: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<RunDraft> {
  const { folder } = request.package;
  const source = request.from === null ? folder : null;
  const [chosen] = await Promise.all([
    engineFor(checks, request, source, options.signal),
    refuseContent(context, checks, request, source, options),
  ]);
  if (folder !== null) await context.store.versions.claim(request.package.name, shownPath(context.workspace, folder));
  const warnings = [...request.warnings, ...chosen.warnings];
  const draft = await draftOf(context, request, chosen, source, { warnings, now: options.requestedAt });
  await context.store.runs.create(draft);
  return draft;
}

async function engineFor(checks: StartChecks, request: ResolvedRequest, folder: string | null, signal?: AbortSignal) {
  const { engine, warnings, several = [] } = await checks.chooseEngine(request.engine);
  if (isOnEngine(request.dataset.path)) refuseHere(several.length > 0 ? several : [engine]);
  const hasDockerfile = folder !== null && (await isFile(join(folder, 'Dockerfile')));
  const demand: RunDemand = {
    gpu: request.gpu,
    image: request.image,
    python: request.python,
    datasetAccess: request.dataset.access,
    network: request.network,
    limits: request.limits,
    hasDockerfile,
  };
  if (several.length > 1) return { ...(await firstFree(several, demand, signal)), several };
  return { engine, warnings: [...warnings, ...(await engine.demand(demand, signal))], several };
}

function refuseHere(engines: readonly Engine[]): void {
  const here = engines.find(({ hashFolder }) => hashFolder === undefined);
  if (here === undefined) return;
  const message = `${engineWords(here.name)} has no machine of its own.`;
  throw new ExpectedError('usage', message, 'Give the folder itself with --dataset DIR.');
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** What must not be in a package, then what the contract check is sure of. A version was let in before. */
async function refuseContent(
  context: RunContext,
  checks: StartChecks,
  request: ResolvedRequest,
  folder: string | null,
  options: { readonly noCheck: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { artifactsDirectory } = request.resolved;
  if (folder === null) return refuseArtifactsFolder(await filesOfVersion(context, request), artifactsDirectory);
  const scanned = await scanWorkingFolder(folder, options.signal);
  refuseArtifactsFolder(scanned.entries, artifactsDirectory);
  if (options.noCheck) return;
  const known = await knownGood(context, request, scanned, options.signal);
  if (known !== undefined && (await isFile(known))) return;
  await refuseInvalid(checks, folder);
  if (known !== undefined) await remember(known);
}

/** The check's verdict rests on the package's content and the Python alone, so what was found good once is not read again. */
async function knownGood(context: RunContext, request: ResolvedRequest, scanned: ScannedTree, signal?: AbortSignal) {
  const bytes = scanned.entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (bytes > largestRemembered) return undefined;
  const { tree } = await hashTree(scanned.entries, { signal });
  const key = createHash('sha256')
    .update(JSON.stringify([checkVersion, tree, request.python]))
    .digest('hex');
  return join(context.store.cacheFolder, 'checks', key);
}

/** Raised when the check learns something new. */
const checkVersion = 1;
const largestRemembered = 16 * 1024 * 1024;

/** Only a cache: without it the package is checked again. */
async function remember(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  } catch {
    return;
  }
}

async function refuseInvalid(checks: StartChecks, folder: string): Promise<void> {
  const [first, ...rest] = await checks.blocking(folder);
  if (first === undefined) return;
  const more = rest.length === 0 ? '' : ` ${rest.length} more: see \`check\`.`;
  const place = `${first.file}:${first.range.start.line + 1}`;
  throw new ExpectedError(
    'package-invalid',
    `${place}: ${first.message}`,
    `Correct it, or run all the same with --no-check.${more}`,
  );
}

async function filesOfVersion({ store }: RunContext, { package: located, from }: ResolvedRequest) {
  const file = from === null ? undefined : await store.versions.read(located.name, from);
  return file?.sealed.files ?? [];
}

async function draftOf(
  context: RunContext,
  request: ResolvedRequest,
  { engine, several = [] }: ChosenEngine,
  source: string | null,
  { warnings, now }: { readonly warnings: readonly Warning[]; readonly now: number },
): Promise<RunDraft> {
  const id = context.store.runs.newId(new Date(now));
  const gpu = showGpuRequest(request.gpu);
  const secretNames = Object.keys(request.secrets);
  const masked = Object.fromEntries(secretNames.map((name) => [name, maskedSecret]));
  const run: Run = {
    id,
    name: request.name,
    pipeline: request.pipeline,
    package: request.package.name,
    from: request.from ?? '',
    version: '',
    state: 'Scheduled',
    cause: null,
    startedAt: isoTime(now),
    endedAt: null,
    phases: [],
    problem: null,
    engine: engine.name,
    image: null,
    gpu: { requested: gpu, got: [] },
    dataset: { path: shownPath(context.workspace, request.dataset.path), tree: '', files: 0, bytes: 0 },
    parameters: { ...request.parameters, ...masked },
    warnings: [...warnings],
    folder: shownPath(context.workspace, context.store.runs.folder(id)),
    results: null,
  };
  const intent: Intent = {
    schema: 1,
    nonce: randomBytes(16).toString('hex'),
    installation: await context.store.installation(),
    stage: 'packaging',
    folder: source,
    python: request.python,
    image: request.image,
    gpu,
    network: request.network,
    limits: request.limits,
    dataset: request.dataset,
    parameters: request.parameters,
    secretNames,
    artifactsDirectory: request.resolved.artifactsDirectory,
    saveTrainingData: request.resolved.saveTrainingData,
    packaged: null,
    phase: { name: 'Scheduled', at: now },
    verdict: null,
    sealedAt: null,
    engines: several.length > 1 ? several.map(({ name }) => name) : [],
  };
  return { run, intent };
}
