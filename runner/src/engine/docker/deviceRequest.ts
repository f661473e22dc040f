/** How GPUs are asked for. */
import type { GpuFacts } from '../../domain/gpuFacts';
import type { GpuRequest } from '../../domain/gpuRequest';

type Style = GpuFacts['style'];

/** What is sent to the engine for a request. */
export function deviceRequest(gpu: Exclude<GpuRequest, { kind: 'none' }>, style: Style) {
  if (style === 'cdi') return { Driver: 'cdi', DeviceIDs: cdiNames(gpu) };
  const which = gpu.kind === 'ids' ? { DeviceIDs: [...gpu.ids] } : { Count: gpu.kind === 'all' ? -1 : gpu.count };
  return { Driver: '', ...which, Capabilities: [['gpu']] };
}

function cdiNames(gpu: Exclude<GpuRequest, { kind: 'none' }>): string[] {
  const name = (id: string | number): string => `nvidia.com/gpu=${id}`;
  if (gpu.kind === 'all') return [name('all')];
  if (gpu.kind === 'ids') return gpu.ids.map(name);
  return Array.from({ length: gpu.count }, (_, i) => name(i));
}
