/** Datasets that lie on the engine's own machine already: `engine:/absolute/path`. */
import { posix } from 'node:path';
import { ExpectedError } from '../domain/errors';

const prefix = 'engine:';

export const isOnEngine = (path: string): boolean => path.startsWith(prefix);
export const pathOnEngine = (path: string): string => path.slice(prefix.length);

/**
 * As it is kept. Only a user says what of another machine is mounted, never a workspace alone; the folder itself is looked at on
 * that machine.
 */
export function guardEngineDataset(
  text: string,
  isAsked: { readonly dataset: boolean; readonly engine: boolean },
): string {
  const path = pathOnEngine(text);
  if (!posix.isAbsolute(path) || path.includes('\0'))
    throw new ExpectedError('usage', `${text} is no path on an engine.`, 'Write engine:/absolute/path.');
  if (!isAsked.dataset || !isAsked.engine) {
    const message = `${text} lies on another machine, and the workspace alone can't say that it is mounted.`;
    throw new ExpectedError('dataset-refused', message, `Give --engine NAME and --dataset ${text} yourself.`);
  }
  const normal = posix.normalize(path).replace(/(.)\/$/, '$1');
  const problem = sensitivePlace(normal);
  if (problem === undefined) return `${prefix}${normal}`;
  throw new ExpectedError(
    'dataset-refused',
    `${text} can't be the dataset: it ${problem}.`,
    'Give a folder that holds only the data.',
  );
}

const trees = [
  '/proc',
  '/sys',
  '/dev',
  '/etc',
  '/boot',
  '/run',
  '/var/run',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
];
const folders = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/var',
  '/var/lib',
  '/home',
  '/root',
  '/opt',
  '/srv',
  '/tmp',
  '/mnt',
  '/media',
];
const names: ReadonlySet<string> = new Set(['.ssh', '.gnupg', '.aws', '.kube', '.docker']);

/** What is wrong with a folder of a Linux machine as a dataset, by its real path; undefined: nothing. */
export function sensitivePlace(path: string): string | undefined {
  if (path === '/') return 'is the root of the file system';
  const inside = trees.find((tree) => path === tree || path.startsWith(`${tree}/`));
  if (inside !== undefined) return `lies in ${inside}, a sensitive place`;
  const name = path.split('/').find((part) => names.has(part));
  if (name !== undefined) return `lies in ${name}, a sensitive place`;
  if (/^\/home\/[^/]+$/.test(path)) return 'is a home folder';
  return folders.includes(path) ? 'is a folder of the system' : undefined;
}
