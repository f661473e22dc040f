/** Which runs the view lists: a filter, a page of what it lets through, and how they are grouped. */
import * as vscode from 'vscode';
import { formatCount, formatNumber } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { filterInWords, type RunFilter } from '../../../runner/src/domain/runFilter';
import { runPageRequest } from '../../../runner/src/protocol';
import type { RunnerClient } from '../runnerClient';
import type { WorkspaceModel } from '../workspaceModel';
import { dayGroup } from './words';

export const groupings = ['none', 'day', 'pipeline', 'package', 'state'] as const;
export type Grouping = (typeof groupings)[number];

export interface RunGroup {
  readonly label: string;
  readonly runs: readonly Run[];
}

const pageSize = 50;
const groupingKey = 'trainingPipelines.runs.grouping';

export class RunList implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onChange = this.changed.event;
  private readonly subscription: vscode.Disposable;
  private wanted: RunFilter = {};
  private limit = pageSize;
  private found: { readonly runs: readonly Run[]; readonly matching: number } | undefined;
  private asked = 0;

  constructor(
    private readonly model: WorkspaceModel,
    private readonly runner: RunnerClient,
    private readonly memory: vscode.Memento,
  ) {
    this.subscription = model.onRuns((run) => {
      if (run === undefined && this.needsOwnPage) void this.ask();
    });
  }

  get filter(): RunFilter {
    return this.wanted;
  }

  get isFiltered(): boolean {
    return filterInWords(this.wanted) !== '';
  }

  get grouping(): Grouping {
    const kept = this.memory.get<string>(groupingKey);
    return groupings.find((one) => one === kept) ?? 'none';
  }

  async group(by: Grouping): Promise<void> {
    await this.memory.update(groupingKey, by);
    this.changed.fire();
  }

  async setFilter(filter: RunFilter): Promise<void> {
    this.wanted = filter;
    this.limit = pageSize;
    this.found = undefined;
    if (this.needsOwnPage) await this.ask();
    this.changed.fire();
  }

  async more(): Promise<void> {
    this.limit += pageSize;
    if (this.needsOwnPage) await this.ask();
    this.changed.fire();
  }

  /** What is shown. A run that changed since the page was read is shown as it is now. */
  get runs(): readonly Run[] {
    if (!this.needsOwnPage) return this.model.runs.slice(0, this.limit);
    return (this.found?.runs ?? []).map((run) => this.model.run(run.id) ?? run);
  }

  /** How many more the filter lets through. */
  get left(): number {
    return Math.max(0, this.matching - this.runs.length);
  }

  private get matching(): number {
    return this.needsOwnPage ? (this.found?.matching ?? 0) : this.model.totalRuns;
  }

  run(id: string): Run | undefined {
    return this.model.run(id) ?? this.found?.runs.find((run) => run.id === id);
  }

  /** "failed, digits: 2 of 128 runs. Esc clears." */
  get message(): string | undefined {
    const words = filterInWords(this.wanted);
    if (words === '' || this.found === undefined) return undefined;
    if (this.matching === 0) return `No run matches "${words}". Esc clears.`;
    return `${words}: ${formatCount(this.matching)} of ${formatNumber(this.model.totalRuns, 'run')}. Esc clears.`;
  }

  get groups(): readonly RunGroup[] {
    const { grouping } = this;
    const now = new Date();
    const groups = new Map<string, Run[]>();
    for (const run of this.runs) {
      const label = groupOf(run, grouping, now);
      groups.set(label, [...(groups.get(label) ?? []), run]);
    }
    return [...groups].map(([label, runs]) => ({ label, runs }));
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  /** The model holds the newest only, unfiltered. */
  private get needsOwnPage(): boolean {
    const { runs, totalRuns } = this.model;
    return this.isFiltered || (this.limit > runs.length && runs.length < totalRuns);
  }

  private async ask(): Promise<void> {
    const number = (this.asked += 1);
    const page = await this.runner
      .request(runPageRequest, { filter: this.wanted, limit: this.limit, quick: false })
      .catch(() => undefined);
    // Another question was asked meanwhile.
    if (page === undefined || number !== this.asked) return;
    this.model.learnMarks(page.marks, page.runs);
    this.found = { runs: page.runs, matching: page.matching };
    this.changed.fire();
  }
}

function groupOf(run: Run, grouping: Grouping, now: Date): string {
  if (!hasEnded(run.state)) return 'In progress';
  switch (grouping) {
    case 'day':
      return dayGroup(new Date(run.startedAt), now);
    case 'pipeline':
      return run.pipeline;
    case 'package':
      return run.package;
    default:
      return run.state;
  }
}
