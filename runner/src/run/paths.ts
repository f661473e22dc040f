/** Paths as documents show them: relative to the workspace with `/`, absolute where they lie outside. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isOnEngine } from './engineDataset';

/** True where `inner` is `outer` or lies below it. Both absolute. */
export function isInside(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

export function shownPath(workspace: string, path: string): string {
  if (isOnEngine(path)) return path;
  const shown = isInside(path, workspace) ? relative(workspace, path) : path;
  return shown === '' ? '.' : shown.split(sep).join('/');
}

export function absolutePath(workspace: string, shown: string): string {
  return resolve(workspace, shown);
}
