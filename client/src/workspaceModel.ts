/** What the views show: the runs and packages of the open folder, kept current by the runner's notifications. */
import * as vscode from 'vscode';
import type { Log } from '../../runner/src/domain/log';
import { messageOf } from '../../runner/src/domain/errors';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import type { Version } from '../../runner/src/domain/version';
import { listRunsRequest, listVersionsRequest, packagesRequest, type PackageSummary } from '../../runner/src/protocol';
import type { RunnerClient } from './runnerClient';

export class WorkspaceModel implements vscode.Disposable {
  private byId = new Map<string, Run>();
  private loadedPackages: readonly PackageSummary[] = [];
  private loadedVersions: readonly Version[] = [];
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

  /** In progress first, then newest first. */
  get runs(): readonly Run[] {
    const all = [...this.byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    return [...all.filter((run) => !hasEnded(run.state)), ...all.filter((run) => hasEnded(run.state))];
  }

  get active(): readonly Run[] {
    return this.runs.filter((run) => !hasEnded(run.state));
  }

  get packages(): readonly PackageSummary[] {
    return this.loadedPackages;
  }

  run(id: string): Run | undefined {
    return this.byId.get(id);
  }

  versionsOf(name: string): readonly Version[] {
    return this.loadedVersions.filter((version) => version.package === name);
  }

  version(name: string, number: string): Version | undefined {
    return this.loadedVersions.find((version) => version.package === name && version.version === number);
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
      const [runs, packages, versions] = await Promise.all([
        this.runner.request0(listRunsRequest),
        this.runner.request0(packagesRequest),
        this.runner.request(listVersionsRequest, {}),
      ]);
      const before = this.byId;
      this.byId = new Map(runs.map((run) => [run.id, run]));
      this.loadedPackages = packages;
      this.loadedVersions = versions;
      this.loaded = true;
      for (const run of runs) this.tellEnd(before.get(run.id), run);
      this.runsEmitter.fire(undefined);
      this.packagesEmitter.fire();
    } catch (error) {
      this.log.warn(`reading runs and packages: ${messageOf(error)}`);
    }
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
