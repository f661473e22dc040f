/** Answers what views ask for: pages of the history, marks, and how things differ. */
import { hashTree } from '../archive/hashTree';
import { ExpectedError } from '../domain/errors';
import { noMarks, type Marks } from '../domain/marks';
import { hasEnded, type Run } from '../domain/run';
import { matchesFilter } from '../domain/runFilter';
import type { FileEntry } from '../domain/treeHash';
import type { Version } from '../domain/version';
import type { RunnerViews, RunPage, RunQuery, WorkingFolder } from '../views';
import { checkRunData, compareRunData } from './compareData';
import { compareVersions } from './compareVersions';
import { fileChanges } from './fileChanges';
import type { PackageDesk } from './packageDesk';
import { shownPath } from './paths';
import { scanWorkingFolder } from './publishFolder';
import type { RunDesk } from './runDesk';
import { planTakeOver, restoreVersion, takeOver } from './takeOver';
import { parseVersionId, readVersion, shownVersion, type VersionContext } from './versionOperations';

/** Runs that a quick look considers beyond what it shows: among them the unfinished ones are found. */
const quickReserve = 50;

export class ViewDesk implements RunnerViews {
  constructor(
    private readonly context: VersionContext,
    private readonly runs: RunDesk,
    private readonly packages: PackageDesk,
  ) {}

  async page({ filter, limit, quick }: RunQuery): Promise<RunPage> {
    const { store } = this.context;
    const [all, ids] = await Promise.all([
      quick ? this.runs.newest(limit + quickReserve) : this.runs.list(),
      store.runs.ids(),
    ]);
    const marks = await store.runs.marks(all.map((run) => run.id));
    const matching = all.filter((run) => matchesFilter(run, marks.get(run.id) ?? noMarks, filter));
    const sorted = [
      ...matching.filter((run) => !hasEnded(run.state)),
      ...matching.filter((run) => hasEnded(run.state)),
    ];
    const isWhole = all.length === ids.length;
    return {
      runs: sorted.slice(0, limit),
      marks: Object.fromEntries(marks),
      matching: isWhole || matching.length < all.length ? matching.length : ids.length,
      total: ids.length,
      facets: {
        packages: distinct(all, (run) => run.package),
        pipelines: distinct(all, (run) => run.pipeline),
        engines: distinct(all, (run) => run.engine),
      },
    };
  }

  async marks(runId: string): Promise<Marks> {
    const { id } = await this.runs.find(runId);
    return (await this.context.store.runs.marks([id])).get(id) ?? noMarks;
  }

  async mark(runId: string, change: Partial<Marks>): Promise<Marks> {
    const { id } = await this.runs.find(runId);
    const marks = { ...((await this.context.store.runs.marks([id])).get(id) ?? noMarks), ...change };
    await this.context.store.runs.writeMarks(id, marks);
    return marks;
  }

  async versions(ids: readonly string[]): Promise<Version[]> {
    const files = await Promise.all(ids.map((id) => readVersion(this.context, id).catch(() => undefined)));
    return Promise.all(files.filter((file) => file !== undefined).map((file) => shownVersion(this.context, file)));
  }

  async working(packageName: string, signal?: AbortSignal): Promise<WorkingFolder> {
    const { store, workspace } = this.context;
    const folder = await this.folderOf(packageName);
    if (folder === null)
      throw new ExpectedError('package-invalid', `${packageName} has no working folder in this workspace.`);
    const { tree, files } = await hashTree((await scanWorkingFolder(folder, signal)).entries, { signal });
    const shown = { package: packageName, folder: shownPath(workspace, folder) };
    const sameAs = await store.versions.findIdentical(packageName, tree);
    if (sameAs !== undefined) return { ...shown, sameAs, since: sameAs, changes: [] };
    return { ...shown, sameAs: null, ...(await this.nearest(packageName, files)) };
  }

  /** Against the newest version or the newest published one, whichever is nearer. */
  private async nearest(name: string, files: readonly FileEntry[]): Promise<Pick<WorkingFolder, 'since' | 'changes'>> {
    const { versions } = this.context.store;
    const numbers = await versions.numbers(name);
    const candidates = [numbers[0], numbers.find((number) => number.endsWith('.0'))];
    const found = await Promise.all(
      candidates.map((number) =>
        number === undefined ? undefined : versions.read(name, number).catch(() => undefined),
      ),
    );
    const told = found
      .filter((file) => file !== undefined)
      .map((file) => ({ since: file.version, changes: fileChanges(file.sealed.files, files) }))
      .sort((a, b) => a.changes.length - b.changes.length);
    return told[0] ?? { since: null, changes: [] };
  }

  compareVersions = (left: string, right: string) => compareVersions(this.context, left, right);
  restore = (id: string, folder: string) => restoreVersion(this.context, id, folder);
  planTakeOver = async (id: string) => planTakeOver(this.context, id, await this.folderOfVersion(id));
  takeOver = async (id: string) => takeOver(this.context, id, await this.folderOfVersion(id));

  async compareData(leftRun: string, rightRun: string) {
    const [left, right] = await Promise.all([this.runs.find(leftRun), this.runs.find(rightRun)]);
    return compareRunData(this.context.store, left, right);
  }

  async checkData(runId: string) {
    const { store, workspace } = this.context;
    return checkRunData(store, workspace, await this.runs.find(runId));
  }

  private folderOfVersion(id: string): Promise<string | null> {
    return this.folderOf(parseVersionId(id)?.name ?? id);
  }

  private folderOf(packageName: string): Promise<string | null> {
    return this.packages.folderOf(packageName);
  }
}

const distinct = (runs: readonly Run[], of: (run: Run) => string): string[] =>
  [...new Set(runs.map(of))].filter((value) => value !== '').sort((a, b) => a.localeCompare(b, 'en'));
