/** The machine's GPUs, by `nvidia-smi`. */
import type { EngineGpu } from '../../domain/engineFacts';
import { ExpectedError } from '../../domain/errors';
import type { GpuRequest } from '../../domain/gpuRequest';
import { runTool } from './runTool';

const query = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader,nounits'];
const answerMilliseconds = 20_000;

export interface LocalGpu extends EngineGpu {
  readonly uuid: string;
}

/** Undefined where there is no `nvidia-smi` or it fails. */
export async function localGpus(
  environment: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<readonly LocalGpu[] | undefined> {
  const { code, output } = await runTool('nvidia-smi', query, {
    environment,
    signal,
    timeoutMilliseconds: answerMilliseconds,
  });
  return code === 0 ? parseGpus(output) : undefined;
}

export function parseGpus(output: string): LocalGpu[] {
  return output.split('\n').flatMap((line) => {
    const fields = line.split(',').map((field) => field.trim());
    const [id, uuid] = fields;
    if (fields.length < 4 || id === undefined || uuid === undefined || !/^\d+$/.test(id)) return [];
    const memory = Number(fields.at(-1));
    // Machines with unified memory answer "[N/A]".
    return [
      {
        id,
        uuid,
        model: fields.slice(2, -1).join(', '),
        memory: Number.isFinite(memory) ? memory * 1024 * 1024 : null,
      },
    ];
  });
}

/** Throws `gpu-unavailable` where the machine does not have what is asked for. */
export function checkGpus(request: GpuRequest, found: readonly LocalGpu[] | undefined): void {
  if (request.kind === 'none') return;
  if (found === undefined || found.length === 0) {
    throw unavailable('A GPU was asked for, and this machine has none that nvidia-smi lists.');
  }
  if (request.kind === 'count' && request.count > found.length) {
    throw unavailable(`${request.count} GPUs were asked for, and this machine has ${found.length}.`);
  }
  if (request.kind !== 'ids') return;
  const unknown = request.ids.find((id) => !found.some((gpu) => gpu.id === id || gpu.uuid.startsWith(id)));
  if (unknown !== undefined) throw unavailable(`This machine has no GPU "${unknown}".`);
}

const unavailable = (message: string): ExpectedError =>
  new ExpectedError('gpu-unavailable', message, 'Run without a GPU, or choose an engine that has one.');
