/** Compare two runs: a page for each pair that is asked for. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { runTitle, stateInWords } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import {
  compareDataRequest,
  readMetricsRequest,
  type MetricPoint,
  type UsagePoint,
  type VersionDifference,
} from '../../../runner/src/protocol';
import {
  runMessageSchema,
  type ComparePageState,
  type CompareSide,
  type RunChoice,
  type RunHostMessage,
  type RunMessage,
} from '../../../webview/src/protocol';
import { openAllChanges, openChange, versionSide } from '../commands/compareVersions';
import { commands } from '../ids';
import { runLabel, shortAge } from '../tree/words';
import { Folded } from './folded';
import { PageChannel } from './pageChannel';
import type { PageParts } from './pageParts';
import { artifactsOf, differenceOf, splitPictures, versionFile } from './runFacts';

const viewType = 'trainingPipelines.compare';
const id = z.string().regex(/^[\w-]+$/);
const rememberedSchema = z.object({ left: id, right: id });

export class ComparePages implements vscode.Disposable {
  private readonly pages = new Set<ComparePage>();
  private readonly serializer: vscode.Disposable;

  constructor(private readonly parts: PageParts) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) => {
        const remembered = rememberedSchema.safeParse(state);
        if (remembered.success) this.adopt(panel, remembered.data.left, remembered.data.right);
        else panel.dispose();
      },
    });
  }

  async open(left: string, right: string): Promise<void> {
    const known = [...this.pages].find((page) => page.shows(left, right));
    if (known !== undefined) return known.reveal();
    const options = { enableScripts: true };
    this.adopt(vscode.window.createWebviewPanel(viewType, 'Compare', vscode.ViewColumn.Active, options), left, right);
  }

  dispose(): void {
    this.serializer.dispose();
    for (const page of this.pages) page.dispose();
  }

  private adopt(panel: vscode.WebviewPanel, left: string, right: string): void {
    const page: ComparePage = new ComparePage(this.parts, panel, left, right, () => this.pages.delete(page));
    this.pages.add(page);
  }
}

interface Shown {
  readonly left: Run;
  readonly right: Run;
  readonly difference: VersionDifference | undefined;
}

class ComparePage implements vscode.Disposable {
  private readonly channel: PageChannel<RunMessage, RunHostMessage>;
  private readonly subscriptions: vscode.Disposable[];
  private readonly folded: Folded;
  private shown: Shown | undefined;

  constructor(
    private readonly parts: PageParts,
    private readonly panel: vscode.WebviewPanel,
    private left: string,
    private right: string,
    onDispose: () => void,
  ) {
    this.folded = new Folded(parts.memory);
    this.channel = new PageChannel(panel, {
      title: 'Compare runs',
      extensionUri: parts.extensionUri,
      log: parts.log,
      roots: [vscode.Uri.file(join(parts.storeFolder(), 'runs'))],
      incoming: runMessageSchema,
      answer: (message) => this.answer(message),
    });
    this.subscriptions = [
      this.channel,
      parts.model.onEnded((run) => {
        if (run.id === this.left || run.id === this.right) void this.send();
      }),
    ];
    panel.onDidDispose(() => {
      this.dispose();
      onDispose();
    });
  }

  shows(left: string, right: string): boolean {
    return this.left === left && this.right === right;
  }

  reveal(): void {
    this.panel.reveal();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.panel.dispose();
  }

  private async answer(message: RunMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.send();
      case 'chooseRuns':
        this.left = message.left;
        this.right = message.right;
        return this.send();
      case 'runCommand':
        await vscode.commands.executeCommand(commands[message.command], this.right);
        return;
      case 'fold':
        return this.folded.set(message.section, message.folded);
      case 'openFile':
        return this.openFile(message.path);
      case 'openChange':
      case 'openAllChanges':
        return this.openChanges(message.kind === 'openChange' ? message.path : undefined);
      default:
    }
  }

  /** Only artifacts of the two runs are opened, whatever the page asks. */
  private async openFile(path: string): Promise<void> {
    const { left, right } = this.shown ?? {};
    for (const run of [left, right]) {
      if (run === undefined) continue;
      const found = (await artifactsOf(this.parts, run)).some((file) => file.path === path);
      if (found) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path));
      if (found) return;
    }
  }

  private async openChanges(path: string | undefined): Promise<void> {
    if (this.shown?.difference === undefined) return;
    const { left, right, difference } = this.shown;
    const side = (run: Run) => versionSide({ name: run.package, version: contentOf(run) });
    const change = difference.changes.find((one) => one.path === path);
    if (path === undefined) await openAllChanges(difference.changes, side(left), side(right));
    else if (change !== undefined) await openChange(change, side(left), side(right));
  }

  private async send(): Promise<void> {
    const { model, runner } = this.parts;
    if (!model.isLoaded) await model.refresh();
    const [left, right] = await Promise.all([model.fetchRun(this.left), model.fetchRun(this.right)]);
    if (left === undefined || right === undefined) {
      this.panel.dispose();
      await vscode.window.showInformationMessage('One of the runs was deleted, so there is nothing to compare.');
      return;
    }
    this.panel.title = `Compare: ${left.pipeline} ${contentOf(left)}, ${contentOf(right)}`;
    const isOnePackage = left.package === right.package;
    const [difference, data, leftSide, rightSide] = await Promise.all([
      isOnePackage ? differenceOf(this.parts, left.package, contentOf(left), contentOf(right)) : undefined,
      runner.request(compareDataRequest, { left: left.id, right: right.id }),
      this.side(left),
      this.side(right),
    ]);
    this.shown = { left, right, difference };
    const state: ComparePageState = {
      choices: this.choices(left, right),
      left: leftSide,
      right: rightSide,
      files: difference ?? null,
      data: { ...data, changes: data.changes.slice(0, 1_000) },
    };
    this.channel.post({ kind: 'comparePage', state });
  }

  private choices(left: Run, right: Run): RunChoice[] {
    const { model } = this.parts;
    const now = new Date();
    const shown = [...new Map([...model.runs, left, right].map((run) => [run.id, run])).values()].slice(0, 200);
    const all = [...new Set([...shown, left, right])];
    return all.map((run) => {
      const name = runLabel(run, model.marks(run.id));
      const title = name === runTitle(run) ? name : `${name} (${runTitle(run)})`;
      const how = run.version === '' ? `, ${stateInWords(run, now)}` : '';
      return { id: run.id, text: `${title}${how}, ${shortAge(new Date(run.startedAt), now)}` };
    });
  }

  private async side(run: Run): Promise<CompareSide> {
    const [{ metrics, usage }, artifacts, made] = await Promise.all([
      this.parts.runner.request(readMetricsRequest, { id: run.id }),
      artifactsOf(this.parts, run),
      versionFile(this.parts, run.package, run.version),
    ]);
    return {
      run,
      marks: this.parts.model.marks(run.id),
      metrics: seriesOf(metrics),
      peakMemory: peakOf(usage),
      pictures: splitPictures(this.panel.webview, artifacts).pictures,
      distributions: made?.madeFrom?.distributions ?? null,
      python: made?.madeFrom?.python ?? '',
    };
  }
}

/** The version that holds what a run had in the end, or else what it started from. */
const contentOf = (run: Run): string => (run.version === '' || run.results === null ? run.from : run.version);

/** In the order first printed. */
function seriesOf(metrics: readonly MetricPoint[]): CompareSide['metrics'] {
  const series = new Map<string, [number, number][]>();
  for (const { metric, value, step } of metrics) {
    const points = series.get(metric) ?? [];
    points.push([step ?? points.length, value]);
    series.set(metric, points);
  }
  return [...series].map(([name, points]) => ({ name, points }));
}

function peakOf(usage: readonly UsagePoint[]): number | null {
  const memory = usage.flatMap((point) => (point.memory === null ? [] : [point.memory]));
  return memory.length === 0 ? null : memory.reduce((most, value) => Math.max(most, value), 0);
}
