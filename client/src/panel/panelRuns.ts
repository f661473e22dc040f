/** What is known of the runs of one pipeline beyond their documents: last line, numbers, progress, silence. */
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type * as vscode from 'vscode';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { runTailRequest, type RunTail } from '../../../runner/src/protocol';
import type { LiveRun } from '../../../webview/src/protocol';
import type { RunnerClient } from '../runnerClient';

const askMilliseconds = 1_000;
/** Live means heard of within this. */
const heardMilliseconds = 5_000;
/** Ended runs whose numbers are shown: the last one, those of the rail, and the success before. */
const endedRuns = 5;

export interface RunsOptions {
  readonly runner: RunnerClient;
  readonly storeFolder: () => string;
  /** In progress first, then newest first. */
  readonly runs: () => readonly Run[];
  readonly isVisible: () => boolean;
  readonly onChange: () => void;
}

export class PanelRuns implements vscode.Disposable {
  private readonly tails = new Map<string, RunTail>();
  private readonly artifacts = new Map<string, LiveRun['artifacts']>();
  private readonly progress = new Map<string, LiveRun['progress']>();
  private readonly silent = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly subscription: vscode.Disposable;
  private asking = false;

  constructor(private readonly options: RunsOptions) {
    this.timer = setInterval(() => void this.ask(), askMilliseconds);
    this.subscription = options.runner.onProgress(({ id, progress }) => {
      this.progress.set(id, progress);
      if (options.isVisible()) options.onChange();
    });
  }

  get live(): readonly LiveRun[] {
    return this.options
      .runs()
      .slice(0, 50)
      .flatMap((run) => this.liveOf(run) ?? []);
  }

  dispose(): void {
    clearInterval(this.timer);
    this.subscription.dispose();
  }

  private liveOf(run: Run): LiveRun | undefined {
    const tail = this.tails.get(run.id);
    const silentSince = hasEnded(run.state) ? undefined : this.silent.get(run.id);
    const progress = isWorkedOn(run) ? this.progress.get(run.id) : undefined;
    if ([tail, silentSince, progress].every((one) => one === undefined)) return undefined;
    const nothing = { line: '', metrics: [], progress: null, silentSince: null, artifacts: null };
    const found = { ...tail, progress, silentSince, artifacts: this.artifacts.get(run.id) };
    const known = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
    return { ...nothing, ...(known as Partial<LiveRun>), id: run.id };
  }

  private async ask(): Promise<void> {
    if (this.asking || !this.options.isVisible()) return;
    this.asking = true;
    try {
      const runs = this.options.runs();
      const active = runs.filter((run) => !hasEnded(run.state)).slice(0, 3);
      for (const run of active) this.noteSilence(run);
      const ended = runs.filter((run) => hasEnded(run.state)).slice(0, endedRuns);
      const fresh = ended.filter((run) => !this.artifacts.has(run.id));
      const changes = await Promise.all([...active, ...fresh].map((run) => this.askOne(run)));
      if (changes.some(Boolean)) this.options.onChange();
    } finally {
      this.asking = false;
    }
  }

  /** True where something is new. */
  private async askOne(run: Run): Promise<boolean> {
    const before = this.tails.get(run.id);
    const tail = await this.options.runner.request(runTailRequest, { id: run.id }).catch(() => undefined);
    if (tail !== undefined) this.tails.set(run.id, tail);
    if (hasEnded(run.state)) {
      this.artifacts.set(run.id, await this.countArtifacts(run));
      this.progress.delete(run.id);
      this.silent.delete(run.id);
    }
    return JSON.stringify(before) !== JSON.stringify(tail) || hasEnded(run.state);
  }

  /** A problem that comes and goes within seconds is no silence. */
  private noteSilence(run: Run): void {
    const isQuiet = run.problem !== null && run.problem.code.startsWith('engine-');
    if (!isQuiet) this.silent.delete(run.id);
    else if (!this.silent.has(run.id)) this.silent.set(run.id, Date.now() - heardMilliseconds);
  }

  private async countArtifacts(run: Run): Promise<LiveRun['artifacts']> {
    const place = run.results?.run_summary.outputs.artifacts_data ?? '';
    if (place === '') return { pictures: 0, others: 0 };
    const folder = join(this.options.storeFolder(), 'runs', run.id, place);
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile());
    const pictures = files.filter(({ name }) => /^\.(png|jpe?g|gif|svg|webp)$/i.test(extname(name))).length;
    return { pictures, others: files.length - pictures };
  }
}

/** States in which the runner tells its progress. */
const isWorkedOn = ({ state }: Run): boolean => state === 'Packaging' || state === 'Finalizing';
