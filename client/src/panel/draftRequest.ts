/** Between the form, the saved pipeline and the request of a run. */
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import type { RunRequest } from '../../../runner/src/protocol';
import { emptyDraft, type Draft } from '../../../webview/src/protocol';

const own = ['artifacts_directory', 'save_training_data'];

export function draftOf(pipeline: Pipeline, stored: ReadonlySet<string>): Draft {
  const { name, from, dataset, engine, image, network, datasetAccess, parameters = {} } = pipeline;
  const known = Object.fromEntries(
    Object.entries({ from, dataset, engine, image, network, datasetAccess }).filter(([, value]) => value !== undefined),
  ) as Partial<Draft>;
  return {
    ...emptyDraft,
    ...known,
    ...limitsOf(pipeline),
    ...gpuOf(String(pipeline.gpu ?? 'none')),
    name,
    package: pipeline.package,
    parameters: rowsOf(pipeline, stored),
    saveTrainingData: parameters['save_training_data']?.toLowerCase() === 'true',
    artifactsDirectory: parameters['artifacts_directory'] ?? '',
  };
}

function limitsOf({ limits = {} }: Pipeline): Pick<Draft, 'memory' | 'cpus' | 'shm' | 'timeout'> {
  const { memory = '', cpus = '', shm = '', timeout = '' } = limits;
  return { memory, cpus: String(cpus), shm, timeout };
}

function rowsOf({ parameters = {}, secrets = [] }: Pipeline, stored: ReadonlySet<string>): Draft['parameters'] {
  const plain = Object.entries(parameters).filter(([name]) => !own.includes(name) && !secrets.includes(name));
  return [
    ...plain.map(([name, value]) => ({ name, value, secret: false, stored: false })),
    ...secrets.map((name) => ({ name, value: '', secret: true, stored: stored.has(name) })),
  ];
}

function gpuOf(gpu: string): Pick<Draft, 'gpuKind' | 'gpuCount' | 'gpuIds'> {
  if (gpu === 'none' || gpu === 'all') return { gpuKind: gpu, gpuCount: '1', gpuIds: [] };
  if (/^\d+$/.test(gpu)) return { gpuKind: 'count', gpuCount: gpu, gpuIds: [] };
  return { gpuKind: 'ids', gpuCount: '1', gpuIds: gpu.split(',') };
}

export const gpuText = (draft: Draft): string => {
  if (draft.gpuKind === 'count') return draft.gpuCount.trim();
  return draft.gpuKind === 'ids' ? draft.gpuIds.join(',') : draft.gpuKind;
};

const filled = <T extends Readonly<Record<string, string>>>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, text]) => text.trim() !== '')) as Partial<T>;

function parametersOf(draft: Draft): Record<string, string> {
  const rows = draft.parameters.filter((row) => !row.secret && row.name !== '').map((row) => [row.name, row.value]);
  return {
    ...Object.fromEntries(rows),
    ...(draft.saveTrainingData ? { save_training_data: 'true' } : {}),
    ...(draft.artifactsDirectory === '' ? {} : { artifacts_directory: draft.artifactsDirectory }),
  };
}

export const datasetOf = (draft: Draft): string =>
  draft.subFolder === '' ? draft.dataset : `${draft.dataset.replace(/\/$/, '')}/${draft.subFolder}`;

export function pipelineOf(draft: Draft, name: string): Pipeline {
  const { memory, cpus, shm, timeout } = draft;
  const secrets = draft.parameters.filter((row) => row.secret && row.name !== '').map((row) => row.name);
  const limits = filled({ memory, cpus, shm, timeout });
  const gpu = gpuText(draft);
  return {
    name,
    package: draft.package,
    ...filled({ from: draft.from, dataset: datasetOf(draft), engine: draft.engine, image: draft.image }),
    ...(gpu === 'none' ? {} : { gpu }),
    ...(draft.datasetAccess === 'copy' ? { datasetAccess: 'copy' as const } : {}),
    ...(draft.network === 'none' ? { network: 'none' as const } : {}),
    parameters: parametersOf(draft),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

/** Run uses what is on the screen, saved or not. */
export function requestOf(draft: Draft, secrets: Readonly<Record<string, string>>, workspace: string): RunRequest {
  const { memory, cpus, shm, timeout } = draft;
  return {
    package: draft.package,
    ...filled({ from: draft.from, dataset: datasetOf(draft), engine: draft.engine, image: draft.image }),
    gpu: gpuText(draft),
    datasetAccess: draft.datasetAccess,
    network: draft.network,
    parameters: parametersOf(draft),
    secrets,
    limits: filled({ memory, cpus, shm, timeout }),
    currentFolder: workspace,
  };
}
