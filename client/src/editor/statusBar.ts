/** The status bar: what is running, or what came of the newest run. Nothing before the first run. */
import * as vscode from 'vscode';
import { formatSeconds, runSeconds } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { commands } from '../ids';
import { causeInShort } from '../tree/runItems';
import type { WorkspaceModel } from '../workspaceModel';

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'trainingPipelines.runs',
    vscode.StatusBarAlignment.Left,
    10,
  );
  private readonly subscription: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly model: WorkspaceModel) {
    this.item.name = 'Training Pipelines';
    this.subscription = model.onRuns(() => this.show());
  }

  dispose(): void {
    clearInterval(this.timer);
    this.subscription.dispose();
    this.item.dispose();
  }

  private show(): void {
    const { active, runs } = this.model;
    this.tick(active.length > 0);
    const [newest] = active.length > 0 ? active : runs;
    if (newest === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = active.length > 1 ? `$(sync~spin) ${active.length} runs` : textOf(newest);
    this.item.tooltip = newest.cause?.message ?? newest.problem?.message ?? 'Open the run';
    this.item.command =
      active.length > 1
        ? { command: commands.openRun, title: 'Open run' }
        : { command: commands.openRun, title: 'Open run', arguments: [newest.id] };
    this.item.show();
  }

  /** Counts the seconds while something runs. */
  private tick(wanted: boolean): void {
    if (wanted === (this.timer !== undefined)) return;
    clearInterval(this.timer);
    this.timer = wanted ? setInterval(() => this.show(), 1_000) : undefined;
  }
}

function textOf(run: Run): string {
  const time = formatSeconds(runSeconds(run, new Date()));
  const name = `${run.pipeline}${run.version === '' ? '' : ` ${run.version}`}`;
  if (!hasEnded(run.state))
    return run.problem === null
      ? `$(sync~spin) ${name}, ${time}`
      : `$(debug-disconnect) ${name}: ${run.problem.message}`;
  if (run.state === 'Successful') return `$(pass) ${name}, ${time}`;
  if (run.state === 'Killed') return `$(circle-slash) ${name} killed after ${time}`;
  return `$(error) ${name}: ${causeInShort(run)}`;
}
