/** Deleting versions and runs: all or nothing, never what is in use. */
import { ExpectedError } from '../domain/errors';
import { packageKey } from '../domain/packageName';
import { hasEnded, type Run } from '../domain/run';
import { versionId, type Deleted } from '../domain/version';
import { everyVersion, parseVersionId, readVersion, type VersionContext } from './versionOperations';

interface Targets {
  readonly versions: readonly { readonly name: string; readonly version: string }[];
  readonly runs: readonly string[];
}

export interface DeletionContext extends VersionContext {
  /** As shown, newest first. */
  readonly shownRuns: () => Promise<readonly Run[]>;
  readonly findRun: (idOrPrefix: string) => Promise<Run>;
}

export async function deleteNamed(context: DeletionContext, ids: readonly string[], force: boolean): Promise<Deleted> {
  const versions = new Map<string, Targets['versions'][number]>();
  const runs = new Map<string, Run>();
  for (const id of ids) {
    if (parseVersionId(id) === undefined) {
      const run = await context.findRun(id);
      runs.set(run.id, run);
    } else {
      const file = await readVersion(context, id);
      versions.set(versionId(file.package, file.version), { name: file.package, version: file.version });
    }
  }
  for (const run of runs.values()) refuseRunning(run);
  await refuseVersionsInUse(context, versions, force);
  return deleteAll(context, { versions: [...versions.values()], runs: [...runs.keys()] });
}

function refuseRunning(run: Run): void {
  if (hasEnded(run.state)) return;
  throw new ExpectedError('run-in-use', `The run ${run.id} has not ended.`, `\`stop ${run.id}\` ends it.`);
}

async function refuseVersionsInUse(
  context: DeletionContext,
  targets: ReadonlyMap<string, unknown>,
  force: boolean,
): Promise<void> {
  if (targets.size === 0) return;
  const runs = await context.shownRuns();
  const user = runs.find((run) => !hasEnded(run.state) && targets.has(versionId(run.package, run.from)));
  if (user !== undefined) {
    const message = `${versionId(user.package, user.from)} can't be deleted: the run ${user.id} is training from it.`;
    throw new ExpectedError('version-in-use', message, 'Stop the run first, or wait for it.');
  }
  if (!force) await refuseParents(context, targets);
}

async function refuseParents(context: DeletionContext, targets: ReadonlyMap<string, unknown>): Promise<void> {
  for (const [own, source] of await parentsOf(context, await everyVersion(context))) {
    if (targets.has(own) || !targets.has(source)) continue;
    const message = `${source} can't be deleted: ${own} came from it.`;
    throw new ExpectedError('version-in-use', message, 'Delete that too, or use --force.');
  }
}

/** From the id of each version to that of the version which it came from. */
async function parentsOf(context: DeletionContext, all: Targets['versions']): Promise<Map<string, string>> {
  const parents = new Map<string, string>();
  for (const { name, version } of all) {
    const from = (await context.store.versions.read(name, version).catch(() => undefined))?.from ?? '';
    if (from !== '') parents.set(versionId(name, version), versionId(name, from));
  }
  return parents;
}

async function deleteAll(context: DeletionContext, targets: Targets): Promise<Deleted> {
  let bytes = 0;
  const deleted: string[] = [];
  for (const { name, version } of targets.versions) {
    bytes += await context.store.versions.delete(name, version);
    deleted.push(versionId(name, version));
  }
  for (const id of targets.runs) {
    bytes += await context.store.runs.delete(id);
    deleted.push(id);
  }
  return { deleted, bytes };
}

/** Keeps per package the `keep` highest versions, the `keep` newest runs, whatever is in use, and what all these came from. */
export async function pruneStore(context: DeletionContext, keep: number): Promise<Deleted> {
  const runs = await context.shownRuns();
  const keptRuns = newestOfEach(runs, keep);
  const all = await everyVersion(context);
  const keptVersions = new Set(highestOfEach(all, keep));
  for (const run of keptRuns) if (run.from !== '') keptVersions.add(versionId(run.package, run.from));
  await addAncestors(context, all, keptVersions);
  const kept = new Set(keptRuns.map((run) => run.id));
  return deleteAll(context, {
    versions: all.filter(({ name, version }) => !keptVersions.has(versionId(name, version))),
    runs: runs.filter((run) => !kept.has(run.id)).map((run) => run.id),
  });
}

function newestOfEach(runs: readonly Run[], keep: number): Run[] {
  const counts = new Map<string, number>();
  return runs.filter((run) => {
    const key = packageKey(run.package);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count < keep || !hasEnded(run.state);
  });
}

function highestOfEach(all: Targets['versions'], keep: number): string[] {
  const counts = new Map<string, number>();
  return all
    .filter(({ name }) => {
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return count < keep;
    })
    .map(({ name, version }) => versionId(name, version));
}

async function addAncestors(context: DeletionContext, all: Targets['versions'], kept: Set<string>): Promise<void> {
  const parents = await parentsOf(context, all);
  for (const id of kept) {
    const parent = parents.get(id);
    if (parent !== undefined) kept.add(parent);
  }
}
