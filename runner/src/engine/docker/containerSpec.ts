/** The container of a run, described as a value: what is sent to `POST /containers/create`. */
import { packageFolder } from '../harnessSpec';
import type { RunSpec } from '../engine';
import { datasetVolumeName } from './datasetNames';
import { deviceRequest } from './deviceRequest';
import { gpuLabels, labels } from './labels';

export const base = '/training';
export const controlFolder = `${base}/control`;

export const containerName = (runId: string): string => `training-pipelines-${runId}`;

/** What of the engine and of the user decides how a container is made. */
export interface ContainerPlace {
  /** `uid:gid` of the user as the engine sees it. */
  readonly user: string;
  /** How GPUs are asked for. */
  readonly gpuStyle: 'nvidia' | 'cdi';
  /** Bytes of the engine's machine. */
  readonly memory: number;
  /** Where SELinux confines containers, a dataset without their label could not be read; relabelling would change it. */
  readonly isLabelled?: boolean;
  /** Where the engine maps all users to others, the run would not be the user. */
  readonly isRemapped?: boolean;
  /** Volume that gives the private writable view of the dataset, where one is wanted. */
  readonly copyVolume?: string;
}

const mebibyte = 1024 * 1024;
const leastShm = 1024 * mebibyte;

/** Training code may use many threads and worker processes; this only stops a fork bomb. */
const pidsLimit = 16_384;

/** Half of the memory that the run may use, at least 1 GiB: PyTorch's DataLoader passes batches through it. */
export function shmSize(spec: RunSpec, place: ContainerPlace): number {
  return spec.limits.shm ?? Math.max(leastShm, Math.floor((spec.limits.memory ?? place.memory) / 2));
}

export function containerSpec(spec: RunSpec, place: ContainerPlace) {
  const { ref, limits } = spec;
  return {
    Image: spec.environment.target,
    Entrypoint: ['python3', '-I', '-S', `${controlFolder}/harness.py`],
    Cmd: [`${controlFolder}/spec.json`],
    WorkingDir: base,
    // The base image may have others.
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['NONE'] },
    User: place.user,
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    // The harness reads none of these; they are for the interpreter that runs it.
    Env: ['HOME=/tmp', 'PYTHONIOENCODING=utf-8', 'LANG=C.UTF-8'],
    Labels: {
      [labels.kind]: 'run',
      [labels.run]: ref.runId,
      [labels.nonce]: ref.nonce,
      [labels.installation]: ref.installation,
      ...gpuSeat(spec),
    },
    HostConfig: {
      Init: true,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', ...(place.isLabelled === true ? ['label=disable'] : [])],
      ...(place.isRemapped === true ? { UsernsMode: 'host' } : {}),
      Privileged: false,
      PidsLimit: pidsLimit,
      NetworkMode: spec.network,
      IpcMode: 'private',
      ShmSize: shmSize(spec, place),
      // No rotation: the log is complete until it was read.
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: datasetMounts(spec, place),
      ...memoryLimit(limits.memory),
      ...(limits.cpus === null ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
      ...gpuRequest(spec, place),
    },
  };
}

/** No swap beyond the limit, so that reaching it has an end. */
const memoryLimit = (memory: number | null) => (memory === null ? {} : { Memory: memory, MemorySwap: memory });

function datasetMounts(spec: RunSpec, place: ContainerPlace) {
  const target = `${base}/${packageFolder(spec.package)}/${spec.dataset.mountName}`;
  const { path, tree } = spec.dataset;
  const sent = (where: string) => ({
    Type: 'volume',
    Source: datasetVolumeName(spec.ref.installation, tree ?? ''),
    Target: where,
    ReadOnly: true,
    VolumeOptions: { NoCopy: true },
  });
  if (place.copyVolume !== undefined) {
    const copy = { Type: 'volume', Source: place.copyVolume, Target: target, ReadOnly: false };
    // What a private view lies over is kept from being cleared by being referred to.
    return tree === undefined ? [copy] : [copy, sent(`${controlFolder}/dataset`)];
  }
  if (tree !== undefined) return [sent(target)];
  const options = { Propagation: 'rprivate' };
  return [{ Type: 'bind', Source: path, Target: target, ReadOnly: true, BindOptions: options }];
}

function gpuRequest(spec: RunSpec, place: ContainerPlace) {
  return spec.gpu.kind === 'none' ? {} : { DeviceRequests: [deviceRequest(spec.gpu, place.gpuStyle)] };
}

/** So that others see what the run has. */
const gpuSeat = ({ gpu, title = '' }: RunSpec) =>
  gpu.kind === 'none'
    ? {}
    : { [gpuLabels.gpus]: gpu.kind === 'ids' ? gpu.ids.join(',') : '', [gpuLabels.title]: title };
