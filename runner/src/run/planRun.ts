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
  const [numbers, given] = await Promise.all([versions.numbers(name), versions.taken(name)]);
  const source =
    request.from === null && folder !== null
      ? await workingFolder(versions, name, folder, { numbers, given }, signal)
      : { ...(await fixedVersion(versions, name, request.from ?? '')), publishes: false, changedSince: null };
  const [major] = source.from.split('.');
  return {
    package: name,
    folder: folder === null ? '' : shownPath(workspace, folder),
    ...source,
    makes: nextMinor(source.from, given),
    engine,
    dataset: { path: shownPath(workspace, request.dataset.path) },
    gpu: showGpuRequest(request.gpu),
    taken: given.filter((one) => one.startsWith(`${major ?? ''}.`) && !one.endsWith('.0')).toReversed(),
  };
}

async function fixedVersion(
  versions: VersionStore,
  name: string,
  from: string,
): Promise<Pick<RunPlan, 'from' | 'source'>> {
  const known = await versions.read(name, from).catch(() => undefined);
  return { from, source: sizeOf(known?.sealed.files ?? []) };
}

const sizeOf = (entries: readonly FileEntry[]): RunPlan['source'] => {
  const files = entries.filter(({ mode }) => mode !== 'dir');
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
};

async function workingFolder(
  versions: VersionStore,
  name: string,
  folder: string,
  { numbers, given }: { readonly numbers: readonly string[]; readonly given: readonly string[] },
  signal?: AbortSignal,
): Promise<Pick<RunPlan, 'from' | 'publishes' | 'changedSince' | 'source'>> {
  const scanned = await scanWorkingFolder(folder, signal);
  const { tree, files } = await hashTree(scanned.entries, { signal });
  const same = await versions.findIdentical(name, tree);
  const source = sizeOf(files);
  if (same !== undefined) return { from: same, publishes: false, changedSince: null, source };
  const changedSince = await nearest(versions, name, numbers, files);
  return { from: nextMajor(given), publishes: true, source, changedSince };
}

/** The newest version, or the newest that was published: what training added is no change that the user made. */
async function nearest(
  versions: VersionStore,
  name: string,
  numbers: readonly string[],
  files: readonly FileEntry[],
): Promise<RunPlan['changedSince']> {
  const candidates = [numbers[0], numbers.find((one) => one.endsWith('.0'))].filter((one) => one !== undefined);
  const known = await Promise.all(
    [...new Set(candidates)].map((one) => versions.read(name, one).catch(() => undefined)),
  );
  const changes = known
    .filter((one) => one !== undefined)
    .map(({ version, sealed }) => ({ version, paths: changedPaths(sealed.files, files) }));
  return changes.sort((one, other) => one.paths.length - other.paths.length)[0] ?? null;
}

/** Paths that were added, removed or changed, in the order of the trees. */
export function changedPaths(before: readonly FileEntry[], after: readonly FileEntry[]): string[] {
  const key = (entry: FileEntry): string => `${entry.mode} ${entry.sha256} ${entry.bytes}`;
  const old = new Map(before.map((entry) => [entry.path, key(entry)]));
  const fresh = new Map(after.map((entry) => [entry.path, key(entry)]));
  return [...new Set([...old.keys(), ...fresh.keys()])].filter((path) => old.get(path) !== fresh.get(path)).sort();
}
