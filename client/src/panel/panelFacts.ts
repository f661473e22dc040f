/** What the form means: plan, checks, dataset and engines, found out by the runner a moment after the last key. */
import { dirname } from 'node:path/posix';
import type * as vscode from 'vscode';
import { isExpected } from '../../../runner/src/domain/errors';
import type { EngineFacts } from '../../../runner/src/domain/engineFacts';
import * as door from '../../../runner/src/protocol';
import type { DatasetView, Draft, FieldProblem, PanelState } from '../../../webview/src/protocol';
import type { RunnerClient } from '../runnerClient';
import { datasetOf, lookRequest } from './draftRequest';
import { checkProblems, nearestName, problemOf } from './panelProblems';

const thinkMilliseconds = 250;
/** An engine that was chosen and does not answer is asked again after this. */
const retryMilliseconds = 15_000;

export interface FactsOptions {
  readonly runner: RunnerClient;
  readonly workspace: string;
  /** False in an untrusted workspace: nothing is asked then that connects or reads more than the store. */
  readonly isTrusted: () => boolean;
  readonly isVisible: () => boolean;
  readonly onChange: () => void;
}

export class PanelFacts implements vscode.Disposable {
  private engines: readonly EngineFacts[] | undefined;
  private enginesAt = 0;
  private asking = false;
  private plan: door.RunPlan | undefined;
  private planProblem: FieldProblem | undefined;
  private checks: door.RunPreflight | undefined;
  private dataset: DatasetView | undefined;
  private changed: door.DatasetChanges | null | undefined;
  private planning = false;
  private draft: Draft | undefined;
  private thinking: NodeJS.Timeout | undefined;
  private retrying: NodeJS.Timeout | undefined;
  /** What plan, checks and dataset were asked for last; equal questions are not asked twice. */
  private asked = { plan: '', checks: '', dataset: '' };
  private readonly subscription: vscode.Disposable;

  constructor(private readonly options: FactsOptions) {
    this.subscription = options.runner.onDatasetCounted((peek) => this.takeCount(peek));
  }

  get state(): Pick<
    PanelState,
    'engines' | 'enginesAt' | 'asking' | 'plan' | 'planning' | 'problems' | 'checks' | 'dataset'
  > {
    const { engines, enginesAt, asking, plan, planning, checks } = this;
    const problems = this.planProblem === undefined ? [] : [this.planProblem];
    const found = checkProblems(checks).filter(({ field }) => !problems.some((one) => one.field === field));
    const dataset = this.dataset && { ...this.dataset, changes: this.changed ?? null };
    return { engines, enginesAt, asking, plan, planning, problems: [...problems, ...found], checks, dataset };
  }

  get currentPlan(): door.RunPlan | undefined {
    return this.plan;
  }

  get changedData(): door.DatasetChanges | null {
    return this.changed ?? null;
  }

  /** `again`: also what was asked before with the same words, since files may have changed. */
  think(draft: Draft, again = false): void {
    if (again) this.asked = { plan: '', checks: '', dataset: '' };
    this.draft = draft;
    clearTimeout(this.thinking);
    if (!this.options.isTrusted()) return this.options.onChange();
    this.planning = true;
    this.thinking = setTimeout(() => void this.look(draft), thinkMilliseconds);
    this.options.onChange();
  }

  async askEngines(): Promise<void> {
    if (!this.options.isTrusted() || this.asking) return;
    this.asking = true;
    this.options.onChange();
    try {
      this.engines = await this.withChosen(await this.options.runner.request0(door.enginesRequest));
      this.enginesAt = Date.now();
    } finally {
      this.asking = false;
      this.options.onChange();
    }
    this.retryLater();
  }

  /** A host that is only offered is asked once it is chosen. */
  private async withChosen(engines: readonly EngineFacts[]): Promise<readonly EngineFacts[]> {
    const chosen = engines.find(({ name }) => name === this.draft?.engine);
    if (chosen?.state !== 'offered') return engines;
    const [facts] = await this.options.runner.request(door.askEnginesRequest, { names: [chosen.name] });
    return facts === undefined ? engines : engines.map((one) => (one === chosen ? facts : one));
  }

  private async askOffered(): Promise<void> {
    const { engines } = this;
    if (engines === undefined) return;
    const known = await this.withChosen(engines).catch(() => engines);
    if (known === engines || this.engines !== engines) return;
    this.engines = known;
    this.options.onChange();
  }

  dispose(): void {
    clearTimeout(this.thinking);
    clearTimeout(this.retrying);
    this.subscription.dispose();
  }

  private retryLater(): void {
    clearTimeout(this.retrying);
    const chosen = this.engines?.find((engine) => engine.name === this.draft?.engine);
    if (chosen === undefined || chosen.problem === null) return;
    this.retrying = setTimeout(() => {
      if (this.options.isVisible()) void this.askEngines().catch(() => undefined);
      else this.retryLater();
    }, retryMilliseconds);
  }

  private async look(draft: Draft): Promise<void> {
    const looks = [this.lookAtPlan(draft), this.lookAtChecks(draft), this.lookAtDataset(draft), this.askOffered()];
    await Promise.all(looks);
    if (draft !== this.draft) return;
    this.planning = false;
    this.options.onChange();
  }

  private async lookAtPlan(draft: Draft): Promise<void> {
    if (draft.package === '' || draft.dataset === '') {
      this.plan = undefined;
      this.planProblem = undefined;
      this.asked.plan = '';
      return;
    }
    const request = lookRequest(draft, this.options.workspace);
    const key = JSON.stringify(request);
    if (key === this.asked.plan) return;
    this.asked.plan = key;
    const [plan] = await Promise.allSettled([this.options.runner.request(door.planRunRequest, request)]);
    if (this.asked.plan !== key) return;
    this.plan = plan.status === 'fulfilled' ? plan.value : undefined;
    this.planProblem = plan.status === 'rejected' ? await this.withFix(problemOf(plan.reason), draft) : undefined;
    this.options.onChange();
  }

  /** A dataset that is missing may only be mistyped. */
  private async withFix(problem: FieldProblem, draft: Draft): Promise<FieldProblem> {
    if (problem.field !== 'dataset' || draft.dataset === '') return problem;
    const parent = dirname(draft.dataset.replace(/\/+$/, ''));
    const name = draft.dataset.replace(/\/+$/, '').split('/').at(-1) ?? '';
    const found = await this.options.runner
      .request(door.peekDatasetRequest, { path: parent, namesOnly: true })
      .catch(() => undefined);
    const nearest = nearestName(name, found?.subFolders ?? []);
    if (nearest === undefined) return problem;
    const dataset = parent === '.' ? nearest : `${parent}/${nearest}`;
    return { ...problem, fix: { text: `Use ${dataset}`, edit: { dataset, subFolder: '' } } };
  }

  private async lookAtChecks(draft: Draft): Promise<void> {
    const { dataset: _, ...request } = lookRequest(draft, this.options.workspace);
    const key = JSON.stringify(request);
    if (draft.package === '' || key === this.asked.checks) return;
    this.asked.checks = key;
    // What is shown is of the form as it was: nothing of it may stand for the new one.
    this.checks = undefined;
    this.options.onChange();
    const [checks] = await Promise.allSettled([this.options.runner.request(door.preflightRequest, request)]);
    if (this.asked.checks !== key) return;
    this.checks = checks.status === 'fulfilled' ? checks.value : undefined;
    this.options.onChange();
  }

  private async lookAtDataset(draft: Draft): Promise<void> {
    const path = datasetOf(draft);
    const key = JSON.stringify([path, draft.dataset]);
    if (key === this.asked.dataset) return;
    this.asked.dataset = key;
    if (draft.dataset === '') {
      this.dataset = undefined;
      return;
    }
    const { runner } = this.options;
    const began = performance.now();
    try {
      const peek = await runner.request(door.peekDatasetRequest, { path });
      const milliseconds = performance.now() - began;
      const names =
        draft.subFolder === ''
          ? peek.subFolders
          : (await runner.request(door.peekDatasetRequest, { path: draft.dataset, namesOnly: true })).subFolders;
      if (this.asked.dataset !== key) return;
      this.dataset = { ...peek, subFolders: names, milliseconds };
      this.changed = undefined;
      this.options.onChange();
      if (!peek.partial) await this.compareDataset(path, key);
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (this.asked.dataset === key) this.dataset = undefined;
    }
  }

  private async compareDataset(path: string, key: string): Promise<void> {
    const changed = await this.options.runner.request(door.datasetChangesRequest, { path }).catch(() => null);
    if (this.asked.dataset !== key) return;
    this.changed = changed;
    this.options.onChange();
  }

  /** A large dataset is counted on after the first answer. */
  private takeCount(peek: door.DatasetPeek): void {
    if (this.dataset === undefined || peek.path !== this.dataset.path || this.draft === undefined) return;
    this.dataset = { ...this.dataset, ...peek, subFolders: this.dataset.subFolders };
    this.options.onChange();
    if (!peek.partial) void this.compareDataset(datasetOf(this.draft), this.asked.dataset);
  }
}
