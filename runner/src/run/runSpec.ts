/** What a packaged run needs of its engine, from the run and its intent. */
import { parseGpuRequest } from '../domain/gpuRequest';
import type { Engine, RunRef, RunSpec } from '../engine/engine';
import { isOnEngine, pathOnEngine } from './engineDataset';
import type { Packaged } from './intent';
import type { RunContext } from './runContext';
import type { RunDraft } from './runDocument';

export function runSpec(context: RunContext, engine: Engine, { run, intent }: RunDraft, ref: RunRef): RunSpec {
  const packaged = intent.packaged as Packaged;
  const { mountName, environment } = packaged;
  const { path } = intent.dataset;
  const isThere = isOnEngine(path);
  const copy = engine.send === undefined || isThere ? {} : { tree: run.dataset.tree };
  return {
    ref,
    package: run.package,
    zip: context.store.versions.zipPath(run.package, packaged.version),
    dataset: { ...intent.dataset, path: isThere ? pathOnEngine(path) : path, mountName, ...copy },
    environment,
    parameters: intent.parameters,
    secretNames: intent.secretNames,
    artifactsDirectory: intent.artifactsDirectory,
    gpu: parseGpuRequest(intent.gpu),
    network: intent.network,
    limits: intent.limits,
    title: run.name ?? run.pipeline,
  };
}
