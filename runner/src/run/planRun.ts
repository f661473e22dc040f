/** What a run would do, found out without publishing anything. */
import { hashTree } from '../archive/hashTree';
import { showGpuRequest } from '../domain/gpuRequest';
import type { FileEntry } from '../domain/treeHash';
import { nextMajor, nextMinor } from '../domain/versionNumber';
import type { RunPlan } from '../runner';
import type { VersionStore } from '../store/store';
import { shownPath } from './paths';
import { scanWorkingFolder } from './publishFolder';
import type { ResolvedRequest } from './resolveRequest';

export async function planRun(
  versions: VersionStore,
  workspace: string,
  request: ResolvedRequest,
  engine: string,
  signal?: AbortSignal,
): Promise<RunPlan> {
  const { name, folder } = request.package;
  const numbers = await versions.numbers(name);
  const source =
    request.from === null && folder !== null
      ? await workingFolder(versions, name, folder, numbers, signal)
      : { from: request.from ?? '', publishes: false, changedSince: null };
  return {
    package: name,
    folder: folder === null ? '' : shownPath(workspace, folder),
    ...source,
    makes: nextMinor(source.from, numbers),
    engine,
    dataset: { path: shownPath(workspace, request.dataset.path) },
    gpu: showGpuRequest(request.gpu),
  };
}

async function workingFolder(
  versions: VersionStore,
  name: string,
  folder: string,
  numbers: readonly string[],
  signal?: AbortSignal,
): Promise<Pick<RunPlan, 'from' | 'publishes' | 'changedSince'>> {
  const scanned = await scanWorkingFolder(folder, signal);
  const { tree, files } = await hashTree(scanned.entries, { signal });
  const same = await versions.findIdentical(name, tree);
  if (same !== undefined) return { from: same, publishes: false, changedSince: null };
  const [newest] = numbers;
  const known = newest === undefined ? undefined : await versions.read(name, newest).catch(() => undefined);
  return {
    from: nextMajor(numbers),
    publishes: true,
    changedSince:
      known === undefined ? null : { version: known.version, paths: changedPaths(known.sealed.files, files) },
  };
}

/** Paths that were added, removed or changed, in the order of the trees. */
export function changedPaths(before: readonly FileEntry[], after: readonly FileEntry[]): string[] {
  const key = (entry: FileEntry): string => `${entry.mode} ${entry.sha256} ${entry.bytes}`;
  const old = new Map(before.map((entry) => [entry.path, key(entry)]));
  const fresh = new Map(after.map((entry) => [entry.path, key(entry)]));
  return [...new Set([...old.keys(), ...fresh.keys()])].filter((path) => old.get(path) !== fresh.get(path)).sort();
}
