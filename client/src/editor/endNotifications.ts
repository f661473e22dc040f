/** One notification for each run at its end, none for what is visible already; several that end at once are one. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { causeSentence, formatSeconds, runSeconds, runTitle } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import { commands } from '../ids';
import type { RunnerClient } from '../runnerClient';
import { userFrame } from '../tree/words';
import type { WorkspaceModel } from '../workspaceModel';
import type { Headlines } from './headlines';

interface Choice {
  readonly label: string;
  readonly act: () => Thenable<unknown>;
}

/** Runs that end within this time are told together, as when a laptop woke. */
const togetherMilliseconds = 300;

export interface EndNotificationsParts {
  readonly model: WorkspaceModel;
  readonly runner: RunnerClient;
  readonly headlines: Headlines;
  readonly workspace: string;
  readonly isVisible: (id: string) => boolean;
}

export class EndNotifications implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;
  private ended: Run[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: EndNotificationsParts) {
    this.subscription = parts.model.onEnded((run) => {
      this.ended.push(run);
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        const runs = this.ended;
        this.ended = [];
        void this.tellAll(runs);
      }, togetherMilliseconds);
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
  }

  private async tellAll(runs: readonly Run[]): Promise<void> {
    const news = runs.filter((run) => this.isNews(run));
    const [only] = news;
    if (only === undefined) return;
    if (news.length === 1) return this.tell(only);
    const show = 'Show runs';
    if ((await vscode.window.showInformationMessage(countsOf(news), show)) === show)
      await vscode.commands.executeCommand(commands.showRuns);
  }

  /** Not what the user just did, and not what is before the user's eyes. */
  private isNews(run: Run): boolean {
    const isSeen = vscode.window.state.focused && this.parts.isVisible(run.id);
    return !isSeen && !(run.state === 'Killed' && this.parts.runner.wasStoppedHere(run.id));
  }

  private async tell(run: Run): Promise<void> {
    const choices = this.choicesOf(run);
    const show = run.state === 'Failed' ? vscode.window.showErrorMessage : vscode.window.showInformationMessage;
    const chosen = await show(await this.textOf(run), ...choices.map((choice) => choice.label));
    await choices.find((choice) => choice.label === chosen)?.act();
  }

  private async textOf(run: Run): Promise<string> {
    const time = formatSeconds(runSeconds(run, new Date()));
    const name = `${run.pipeline} ${run.version === '' ? run.from : run.version}`.trim();
    if (run.state === 'Killed') return `${name} was stopped from another window after ${time}. No version was made.`;
    if (run.state === 'Successful') return this.successText(run, name, time);
    return failureText(run, name, time);
  }

  private async successText(run: Run, name: string, time: string): Promise<string> {
    const warning = run.warnings.find((one) => !quietWarnings.has(one.code));
    if (warning !== undefined) return `${name} is ready, with a warning: ${warning.message}`;
    const number = await this.parts.headlines.of(run);
    return `${name} is ready. Successful in ${time}${number === '' ? '' : `, ${number}`}.`;
  }

  private choicesOf(run: Run): Choice[] {
    const command = (label: string, id: string, ...rest: unknown[]): Choice => ({
      label,
      act: () => vscode.commands.executeCommand(id, run.id, ...rest),
    });
    const open = command('Open run', commands.openRun);
    if (run.state === 'Killed') return [open];
    if (run.state === 'Successful') {
      const before = this.successBefore(run);
      const compare = before && command(`Compare with ${before.version}`, commands.compareRuns, before.id);
      return [command('Show results', commands.openRun), ...(compare === undefined ? [] : [compare])];
    }
    if (isLost(run)) return [command('Run again', commands.runAgain), open];
    const jump = this.jumpTo(run);
    return jump === undefined ? [open] : [jump, open];
  }

  private successBefore(run: Run): Run | undefined {
    return this.parts.model.runs.find(
      (one) =>
        one.state === 'Successful' && one.pipeline === run.pipeline && one.package === run.package && one.id < run.id,
    );
  }

  private jumpTo(run: Run): Choice | undefined {
    const { model, workspace } = this.parts;
    const frame = run.cause === null ? undefined : userFrame(run.cause);
    const folder = model.packages.find((one) => one.name === run.package)?.folder ?? undefined;
    if (frame === undefined || folder === undefined) return undefined;
    const uri = vscode.Uri.file(join(workspace, folder, frame.file));
    const selection = new vscode.Range(frame.line - 1, 0, frame.line - 1, 0);
    return {
      label: `Open ${frame.file}:${frame.line}`,
      act: () => vscode.window.showTextDocument(uri, { selection }),
    };
  }
}

const isLost = (run: Run): boolean => run.cause?.kind === 'lost' || run.cause?.kind === 'engine';

function failureText(run: Run, name: string, time: string): string {
  if (run.cause === null) return `${runTitle(run)} failed after ${time}.`;
  if (!isLost(run)) return `${runTitle(run)} failed after ${time}. ${causeSentence(run.cause)}`;
  const until = new Date(run.endedAt ?? run.startedAt).toLocaleTimeString();
  return `${name} is lost: ${causeSentence(run.cause)} The log up to ${until} is kept.`;
}

/** Said before the run already, so no news at its end. */
const quietWarnings: ReadonlySet<string> = new Set(['no-isolation', 'engine-fallback', 'parameter-alias']);

function countsOf(runs: readonly Run[]): string {
  const count = (state: Run['state']): number => runs.filter((run) => run.state === state).length;
  const words = [
    [count('Successful'), 'successful'],
    [count('Failed'), 'failed'],
    [count('Killed'), 'stopped'],
  ] as const;
  const said = words.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return `${runs.length} runs ended: ${said.join(', ')}.`;
}
