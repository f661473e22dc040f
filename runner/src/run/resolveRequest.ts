/** Turns a request and its pipeline into what a run needs, refusing what is wrong before anything is written. */
import { resolve } from 'node:path';
import { ExpectedError, isExpected } from '../domain/errors';
import { parseGpuRequest, type GpuRequest } from '../domain/gpuRequest';
import { isImageName } from '../domain/imageName';
import { resolveParameters, type Parameters, type ResolvedParameters } from '../domain/parameters';
import { configurationPath, type DatasetAccess, type Network, type Pipeline } from '../domain/pipeline';
import type { Warning } from '../domain/run';
import { isVersionNumber } from '../domain/versionNumber';
import type { ResourceLimits } from '../engine/engine';
import type { VersionStore } from '../store/store';
import type { RunRequest } from '../runner';
import { guardEngineDataset, isOnEngine } from './engineDataset';
import { guardDataset, type DatasetGuard } from './guardDataset';
import { locatePackage, type LocatedPackage } from './locatePackage';
import { isInside, shownPath } from './paths';
import { parseLimits } from './quantities';
import { pipelineNamed, type ReadConfiguration } from './workspaceConfiguration';

export interface ResolvedRequest {
  readonly package: LocatedPackage;
  /** The pipeline's name, or else the package's. */
  readonly pipeline: string;
  readonly name: string | null;
  /** The version to start from, or null for the working folder. */
  readonly from: string | null;
  readonly dataset: { readonly path: string; readonly access: DatasetAccess };
  readonly engine: string | undefined;
  readonly gpu: GpuRequest;
  readonly image: string;
  readonly python: string;
  readonly network: Network;
  readonly limits: ResourceLimits;
  /** Without the secrets' values. */
  readonly parameters: Parameters;
  readonly resolved: ResolvedParameters;
  readonly secrets: Parameters;
  readonly warnings: readonly Warning[];
}

export interface ResolveContext {
  readonly guard: DatasetGuard;
  readonly configuration: ReadConfiguration;
  readonly versions: VersionStore;
  readonly discover: () => Promise<readonly string[]>;
  /** True: whatever is wrong with the dataset is passed over; its path is "" then. */
  readonly withoutDataset?: boolean;
}

export async function resolveRequest(context: ResolveContext, request: RunRequest): Promise<ResolvedRequest> {
  const pipeline = request.pipeline === undefined ? undefined : pipelineNamed(context.configuration, request.pipeline);
  const parameters = parametersOf(pipeline, request);
  const options = optionsOf(pipeline, request);
  const located = await locate(context, pipeline, request);
  const dataset = await datasetOf(context.guard, pipeline, request).catch((error: unknown) => {
    if (context.withoutDataset === true && isExpected(error)) return '';
    throw error;
  });
  const { python = '' } = located.settings;
  return {
    package: located,
    pipeline: pipeline?.name ?? request.title ?? located.name,
    name: request.name ?? null,
    from: await startVersion(context.versions, located, options.from),
    engine: options.engine,
    gpu: parseGpuRequest(String(options.gpu)),
    network: options.network,
    limits: parseLimits({ ...pipeline?.limits, ...withoutUndefined(request.limits ?? {}) }),
    dataset: { path: dataset, access: options.datasetAccess },
    image: options.image === '' ? defaultImage(python) : imageNamed(options.image),
    python,
    ...parameters,
    warnings: warningsOf(parameters.resolved.aliasUsed, dataset, located, context.guard.workspace),
  };
}

/** Where to connect is the user's to say: a file of the workspace could send a run, its data and its secrets anywhere. */
function refuseAddress(engine: string | undefined): void {
  if (engine === undefined || !engine.includes('://')) return;
  const message = `${configurationPath} defines the engine ${engine}; a workspace can only name one.`;
  const hint = 'Define it in your own engines.json and name it here, or give the address with --engine.';
  throw new ExpectedError('usage', message, hint);
}

const defaultOptions = { gpu: 'none', image: '', network: 'bridge', datasetAccess: 'read-only' } as const;

/** What the request says, else the pipeline, else the defaults. */
function optionsOf(pipeline: Partial<Pipeline> = {}, request: RunRequest) {
  const { engine, gpu, image, network, datasetAccess, from } = request;
  const asked = withoutUndefined({ engine, gpu, image, network, datasetAccess, from });
  const options: Pick<Pipeline, 'engine' | 'from'> & Required<Pick<Pipeline, keyof typeof defaultOptions>> = {
    ...defaultOptions,
    ...withoutUndefined({ engine: request.defaultEngine }),
    ...withoutUndefined(pipeline),
    ...asked,
  };
  if (engine === undefined) refuseAddress(options.engine);
  return options;
}

function warningsOf(aliasUsed: boolean, dataset: string, located: LocatedPackage, workspace: string): Warning[] {
  const inside = dataset !== '' && located.folder !== null && isInside(dataset, located.folder);
  return [...(aliasUsed ? [aliasWarning] : []), ...(inside ? [insideWarning(shownPath(workspace, dataset))] : [])];
}

const withoutUndefined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<T>;

/** A pipeline's parameters, then the request's, then the secrets, which need a value for every name that the pipeline lists. */
function parametersOf(pipeline: Pipeline | undefined, request: RunRequest) {
  const secrets = request.secrets ?? {};
  const plain = { ...pipeline?.parameters, ...request.parameters };
  const missing = (pipeline?.secrets ?? []).find((name) => !(name in secrets) && !(name in (request.parameters ?? {})));
  if (missing !== undefined) {
    const hint = `Give it with --secret ${missing} (the value is taken from the environment), or store it in the panel.`;
    throw new ExpectedError('parameter-invalid', `The secret ${missing} has no value.`, hint);
  }
  for (const name of Object.keys(secrets)) delete plain[name];
  const resolved = resolveParameters({ ...plain, ...secrets });
  const parameters = Object.fromEntries(Object.entries(resolved.values).filter(([name]) => !(name in secrets)));
  return { parameters, resolved, secrets };
}

async function locate(context: ResolveContext, pipeline: Pipeline | undefined, request: RunRequest) {
  const { versions, configuration, discover, guard } = context;
  const { workspace } = guard;
  const place = { workspace, currentFolder: request.currentFolder, configuration, versions, discover };
  if (request.package !== undefined || pipeline === undefined) return locatePackage(place, request.package);
  return locatePackage({ ...place, currentFolder: workspace }, pipeline.package);
}

async function datasetOf(guard: DatasetGuard, pipeline: Pipeline | undefined, request: RunRequest): Promise<string> {
  const text = request.dataset ?? pipeline?.dataset ?? '';
  if (isOnEngine(text))
    return guardEngineDataset(text, { dataset: request.dataset !== undefined, engine: request.engine !== undefined });
  if (request.dataset !== undefined) {
    return guardDataset(guard, resolve(request.currentFolder, request.dataset), request.dataset);
  }
  if (pipeline?.dataset !== undefined) {
    return guardDataset(guard, resolve(guard.workspace, pipeline.dataset), pipeline.dataset);
  }
  throw new ExpectedError(
    'usage',
    'A run needs a dataset.',
    'Give it with --dataset DIR, or name a pipeline that has one.',
  );
}

async function startVersion(
  versions: VersionStore,
  located: LocatedPackage,
  wanted: string | undefined,
): Promise<string | null> {
  if (wanted === undefined) return located.folder === null ? newestOf(versions, located.name) : null;
  if (isVersionNumber(wanted) && (await versions.numbers(located.name)).includes(wanted)) return wanted;
  const message = `${located.name} has no version ${wanted}.`;
  throw new ExpectedError('version-missing', message, `\`versions ${located.name}\` lists what there is.`);
}

/** A package without a working folder starts from its newest version. */
async function newestOf(versions: VersionStore, name: string): Promise<string> {
  const [newest] = await versions.numbers(name);
  if (newest !== undefined) return newest;
  throw new ExpectedError(
    'version-missing',
    `${name} has no version and no working folder.`,
    'Publish or import it first.',
  );
}

function imageNamed(image: string): string {
  if (isImageName(image)) return image;
  throw new ExpectedError('usage', `"${image}" is no name of an image.`, 'Use a name like python:3.12-slim.');
}

/** A configured Python chooses the official slim image of that version; otherwise the engine's default. */
const defaultImage = (python: string): string => (/^3\.\d+$/.test(python) ? `python:${python}-slim` : '');

const aliasWarning: Warning = {
  code: 'parameter-alias',
  message: 'save_data is an older name; use save_training_data.',
};

const insideWarning = (dataset: string): Warning => ({
  code: 'dataset-inside-package',
  message: `${dataset} lies inside the package, so its files are published with every version. A line in .pipelineignore keeps it out.`,
});
