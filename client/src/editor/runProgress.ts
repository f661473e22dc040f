/** Progress of a run that was started without a page of its own, after three seconds; its Cancel means Stop. */
import * as vscode from 'vscode';
import { runTitle, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { commands } from '../ids';
import type { WorkspaceModel } from '../workspaceModel';

const patienceMilliseconds = 3_000;
const tickMilliseconds = 1_000;

export class RunProgress implements vscode.Disposable {
  private newest = '';
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly model: WorkspaceModel,
    private readonly isVisible: (id: string) => boolean,
  ) {}

  /** Only the newest run has a notification; others are in the status bar. */
  watch(id: string): void {
    this.newest = id;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.goesOn(id)) void this.show(id);
    }, patienceMilliseconds);
    this.timers.add(timer);
  }

  dispose(): void {
    this.newest = '';
    for (const timer of this.timers) clearTimeout(timer);
  }

  private goesOn(id: string): boolean {
    const run = this.model.run(id);
    return id === this.newest && run !== undefined && !hasEnded(run.state) && !this.isVisible(id);
  }

  private show(id: string): Thenable<void> {
    const options = { location: vscode.ProgressLocation.Notification, cancellable: true };
    return vscode.window.withProgress(options, async (progress, token) => {
      while (this.goesOn(id) && !token.isCancellationRequested) {
        const run = this.model.run(id);
        if (run !== undefined) progress.report({ message: textOf(run) });
        await this.next(token);
      }
      if (token.isCancellationRequested) void vscode.commands.executeCommand(commands.stopRun, id);
    });
  }

  /** A second later, at the next news of a run, or when it is cancelled. */
  private async next(token: vscode.CancellationToken): Promise<void> {
    const subscriptions: vscode.Disposable[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, tickMilliseconds);
      subscriptions.push(
        this.model.onRuns(() => resolve()),
        token.onCancellationRequested(() => resolve()),
        new vscode.Disposable(() => clearTimeout(timer)),
      );
    });
    for (const subscription of subscriptions) subscription.dispose();
  }
}

const textOf = (run: Run): string => `${runTitle(run)}: ${run.problem?.message ?? stateInWords(run, new Date())}`;
