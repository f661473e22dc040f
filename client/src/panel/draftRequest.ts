/** Between the form, the saved pipeline and the request of a run. */
import { isDeepStrictEqual } from 'node:util';
import { parseGpuRequest } from '../../../runner/src/domain/gpuRequest';
import type { Limits, Pipeline } from '../../../runner/src/domain/pipeline';
import { normalTime } from '../../../runner/src/domain/quantities';
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
  return { gpuKind: 'ids', gpuCount: '1', gpuIds: gpu.split(',').filter((id) => id !== '') };
}

export const gpuText = (draft: Draft): string => {
  if (draft.gpuKind === 'count') return draft.gpuCount.trim();
  if (draft.gpuKind !== 'ids') return draft.gpuKind;
  const [only] = draft.gpuIds;
  // A number alone would be a count.
  return draft.gpuIds.length === 1 && /^\d+$/.test(only ?? '') ? `${only ?? ''},` : draft.gpuIds.join(',');
};

const limitsIn = ({ memory, cpus, shm, timeout }: Draft): Limits =>
  filled({ memory, cpus, shm, timeout: normalTime(timeout) });

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
  const secrets = draft.parameters.filter((row) => row.secret && row.name !== '').map((row) => row.name);
  const limits = limitsIn(draft);
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
  return {
    package: draft.package,
    ...filled({ from: draft.from, dataset: datasetOf(draft), engine: draft.engine, image: draft.image }),
    gpu: gpuText(draft),
    datasetAccess: draft.datasetAccess,
    network: draft.network,
    parameters: parametersOf(draft),
    secrets,
    limits: limitsIn(draft),
    ...(draft.name === '' ? {} : { title: draft.name }),
    currentFolder: workspace,
  };
}

/** What plan and checks rest on: nothing that the page checks by itself, so that a half-typed name spoils neither. */
export function lookRequest(draft: Draft, workspace: string): RunRequest {
  const { parameters, artifactsDirectory, memory, cpus, shm, timeout } = emptyDraft;
  const gpu = gpuText(draft);
  const request = requestOf({ ...draft, parameters, artifactsDirectory, memory, cpus, shm, timeout }, {}, workspace);
  return { ...request, gpu: isGpuText(gpu) ? gpu : 'none' };
}

function isGpuText(text: string): boolean {
  try {
    parseGpuRequest(text);
    return text !== '';
  } catch {
    return false;
  }
}

/** Whether the form says what the saved pipeline says, whatever words the file uses for it. */
export function isSameAs(draft: Draft, saved: Pipeline | undefined): boolean {
  if (saved === undefined || draft.name !== saved.name) return false;
  if (draft.parameters.some((row) => (row.secret && row.value !== '') || row.name === '')) return false;
  return isDeepStrictEqual(pipelineOf(draft, saved.name), pipelineOf(draftOf(saved, new Set()), saved.name));
}
