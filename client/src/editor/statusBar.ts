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
    const spoken = this.item.text.replaceAll(/\$\([^)]*\) ?/g, '');
    this.item.accessibilityInformation = { label: `Training Pipelines: ${spoken}, ${newest.state}`, role: 'button' };
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
  if (!hasEnded(run.state)) return activeText(run, name, time);
  if (run.state === 'Successful') return `$(pass) ${name}, ${time}`;
  if (run.state === 'Killed') return `$(circle-slash) ${name} killed after ${time}`;
  const isLost = run.cause?.kind === 'lost' || run.cause?.kind === 'engine';
  return `${isLost ? '$(debug-disconnect)' : '$(error)'} ${name}: ${causeInShort(run)}`;
}

/** A spinner turns only while the engine is heard. */
function activeText(run: Run, name: string, time: string): string {
  if (run.problem !== null) return `$(debug-disconnect) ${run.engine}: ${firstSentence(run.problem.message)}`;
  const waits = run.state === 'Waiting for resources' || run.state === 'Scheduled';
  return `${waits ? '$(watch)' : '$(sync~spin)'} ${name}, ${time}`;
}

const longest = 50;

function firstSentence(text: string): string {
  const sentence = /^.*?[.!?](?=\s|$)/.exec(text)?.[0]?.replace(/\.$/, '') ?? text;
  return sentence.length > longest ? `${sentence.slice(0, longest)}…` : sentence;
}
