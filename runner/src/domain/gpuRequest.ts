/** Which GPUs a run asks for: `none`, `all`, a count, or ids. */
import { ExpectedError } from './errors';

export type GpuRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

const idPattern = /^[A-Za-z0-9][A-Za-z0-9:._-]*$/;

/** An index, a UUID, or a part of a card; a fraction is none of them. */
const isId = (text: string): boolean => idPattern.test(text) && !/^\d*\.\d*$/.test(text);

/** Reads what a user wrote. A single number is a count; `0,` or `GPU-…` are ids. Throws `usage`. */
export function parseGpuRequest(text: string): GpuRequest {
  const value = text.trim();
  if (value === '' || value.toLowerCase() === 'none' || value === '0') return { kind: 'none' };
  if (value.toLowerCase() === 'all') return { kind: 'all' };
  if (/^[1-9]\d{0,3}$/.test(value)) return { kind: 'count', count: Number(value) };
  const ids = value.split(',').filter((id) => id !== '');
  if (ids.length > 0 && ids.every(isId) && !/^\d+$/.test(value)) return { kind: 'ids', ids };
  throw new ExpectedError(
    'usage',
    `"${text}" is no choice of GPUs.`,
    'Use none, all, a count like 2, or ids like 0,1.',
  );
}

/** `none`, `all`, `2`, or ids with commas: as it can be read again, so a number that is an id keeps a comma behind it. */
export function showGpuRequest(gpu: GpuRequest): string {
  switch (gpu.kind) {
    case 'none':
    case 'all':
      return gpu.kind;
    case 'count':
      return String(gpu.count);
    default:
      return gpu.ids.length === 1 && /^\d+$/.test(gpu.ids[0] ?? '') ? `${gpu.ids[0] ?? ''},` : gpu.ids.join(',');
  }
}
