/**
 * What the views show: the newest runs and the packages of the open folder, kept current by the runner's notifications. A
 * history may hold thousands of runs; only its newest are here, any other is fetched when it is asked for.
 */
import * as vscode from 'vscode';
import { messageOf } from '../../runner/src/domain/errors';
import type { Log } from '../../runner/src/domain/log';
import { noMarks, type Marks } from '../../runner/src/domain/marks';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import { versionId, type Version } from '../../runner/src/domain/version';
import {
  getRunRequest,
  markRunRequest,
  packagesRequest,
  runPageRequest,
  someVersionsRequest,
  type PackageSummary,
  type RunPage,
} from '../../runner/src/protocol';
import type { RunnerClient } from './runnerClient';

/** What the first sight of the history holds, and what is kept of it. */
const firstRuns = 50;
const keptRuns = 200;
/** Details of versions that are read without being asked for, for each package. */
const firstVersions = 50;

const emptyPage: RunPage = {
  runs: [],
  marks: {},
  matching: 0,
  total: 0,
  facets: { packages: [], pipelines: [], engines: [] },
};

export class WorkspaceModel implements vscode.Disposable {
  private byId = new Map<string, Run>();
  private readonly marksById = new Map<string, Marks>();
  private page = emptyPage;
  private loadedPackages: readonly PackageSummary[] = [];
  private readonly loadedVersions = new Map<string, Version>();
  private loading: Promise<void> | undefined;
  private again = false;
  private loaded = false;

  private readonly runsEmitter = new vscode.EventEmitter<Run | undefined>();
  private readonly packagesEmitter = new vscode.EventEmitter<void>();
  private readonly endedEmitter = new vscode.EventEmitter<Run>();
  /** A run that changed, or undefined where the list did. */
  readonly onRuns = this.runsEmitter.event;
  readonly onPackages = this.packagesEmitter.event;
  /** A run that was seen unfinished by this window and has ended. */
  readonly onEnded = this.endedEmitter.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly runner: RunnerClient,
    private readonly log: Log,
  ) {
    this.subscriptions = [
      runner.onRun((run) => this.take(run)),
      runner.onStore(() => void this.refresh()),
      this.runsEmitter,
      this.packagesEmitter,
      this.endedEmitter,
    ];
  }

  get isLoaded(): boolean {
    return this.loaded;
  }

  /** The newest: in progress first, then newest first. */
  get runs(): readonly Run[] {
    const all = [...this.byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    return [...all.filter((run) => !hasEnded(run.state)), ...all.filter((run) => hasEnded(run.state))];
  }

  get active(): readonly Run[] {
    return this.runs.filter((run) => !hasEnded(run.state));
  }

  /** How many runs there are, loaded or not. */
  get totalRuns(): number {
    return Math.max(this.page.total, this.byId.size);
  }

  get facets(): RunPage['facets'] {
    return this.page.facets;
  }

  get packages(): readonly PackageSummary[] {
    return this.loadedPackages;
  }

  run(id: string): Run | undefined {
    return this.byId.get(id);
  }

  marks(id: string): Marks {
    return this.marksById.get(id) ?? noMarks;
  }

  /** Also runs that are older than what is kept here. */
  async fetchRun(id: string): Promise<Run | undefined> {
    return this.byId.get(id) ?? this.runner.request(getRunRequest, { id }).catch(() => undefined);
  }

  async mark(id: string, change: Partial<Marks>): Promise<void> {
    this.marksById.set(id, await this.runner.request(markRunRequest, { id, change }));
    this.runsEmitter.fire(undefined);
  }

  /** What another list of runs brought along. */
  learnMarks(marks: Readonly<Record<string, Marks>>, runs: readonly Run[]): void {
    for (const { id } of runs) {
      const found = marks[id];
      if (found === undefined) this.marksById.delete(id);
      else this.marksById.set(id, found);
    }
  }

  /** Highest first; those whose details are loaded. */
  versionsOf(name: string): readonly Version[] {
    const numbers = this.loadedPackages.find((one) => one.name === name)?.versions ?? [];
    return numbers.map((number) => this.version(name, number)).filter((version) => version !== undefined);
  }

  version(name: string, number: string): Version | undefined {
    return this.loadedVersions.get(versionId(name, number));
  }

  /** Details of versions, read once: a version never changes. */
  async loadVersions(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.loadedVersions.has(id));
    if (missing.length === 0) return;
    const found = await this.runner.request(someVersionsRequest, { ids: missing });
    for (const version of found) this.loadedVersions.set(versionId(version.package, version.version), version);
  }

  /** Reads everything again; calls while one is under way are answered by one more. */
  async refresh(): Promise<void> {
    if (this.loading !== undefined) {
      this.again = true;
      return this.loading;
    }
    this.loading = this.load();
    try {
      await this.loading;
    } finally {
      this.loading = undefined;
    }
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async load(): Promise<void> {
    try {
      // A long history shows its beginning at once and is read as a whole after that.
      if (!this.loaded)
        this.takePage(await this.runner.request(runPageRequest, { filter: {}, limit: firstRuns, quick: true }));
      const [page, packages] = await Promise.all([
        this.runner.request(runPageRequest, { filter: {}, limit: keptRuns, quick: false }),
        this.runner.request0(packagesRequest),
      ]);
      await this.takePackages(packages);
      this.takePage(page);
    } catch (error) {
      this.log.warn(`reading runs and packages: ${messageOf(error)}`);
    }
  }

  private async takePackages(packages: readonly PackageSummary[]): Promise<void> {
    const ids = packages.flatMap(({ name, versions }) => versions.map((number) => versionId(name, number)));
    const there = new Set(ids);
    for (const id of this.loadedVersions.keys()) if (!there.has(id)) this.loadedVersions.delete(id);
    await this.loadVersions(
      packages.flatMap(({ name, versions }) =>
        versions.slice(0, firstVersions).map((number) => versionId(name, number)),
      ),
    );
    this.loadedPackages = packages;
    this.packagesEmitter.fire();
  }

  private takePage(page: RunPage): void {
    const before = this.byId;
    this.page = page;
    this.byId = new Map(page.runs.map((run) => [run.id, run]));
    this.learnMarks(page.marks, page.runs);
    this.loaded = true;
    for (const run of page.runs) this.tellEnd(before.get(run.id), run);
    this.runsEmitter.fire(undefined);
  }

  private take(run: Run): void {
    const before = this.byId.get(run.id);
    this.byId.set(run.id, run);
    this.runsEmitter.fire(before === undefined || before.state !== run.state ? undefined : run);
    this.tellEnd(before, run);
  }

  private tellEnd(before: Run | undefined, run: Run): void {
    if (before !== undefined && !hasEnded(before.state) && hasEnded(run.state)) this.endedEmitter.fire(run);
  }
}
