/** One notification for each run at its end, none for what is visible already. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatSeconds, runSeconds, runTitle } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import { commands } from '../ids';
import { userFrame } from '../tree/runItems';
import type { WorkspaceModel } from '../workspaceModel';

interface Choice {
  readonly label: string;
  readonly act: () => Thenable<unknown>;
}

export class EndNotifications implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly model: WorkspaceModel,
    private readonly workspace: string,
    private readonly isVisible: (id: string) => boolean,
  ) {
    this.subscription = model.onEnded((run) => void this.tell(run));
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private async tell(run: Run): Promise<void> {
    if (run.state === 'Killed' || (vscode.window.state.focused && this.isVisible(run.id))) return;
    const choices = run.state === 'Successful' ? successChoices(run) : this.failureChoices(run);
    const show = run.state === 'Successful' ? vscode.window.showInformationMessage : vscode.window.showErrorMessage;
    const chosen = await show(textOf(run), ...choices.map((choice) => choice.label));
    await choices.find((choice) => choice.label === chosen)?.act();
  }

  private failureChoices(run: Run): Choice[] {
    const open: Choice = { label: 'Open run', act: () => vscode.commands.executeCommand(commands.openRun, run.id) };
    const frame = run.cause === null ? undefined : userFrame(run.cause);
    const folder = this.model.packages.find((one) => one.name === run.package)?.folder ?? undefined;
    if (frame === undefined || folder === undefined) return [open];
    const uri = vscode.Uri.file(join(this.workspace, folder, frame.file));
    const selection = new vscode.Range(frame.line - 1, 0, frame.line - 1, 0);
    const jump: Choice = {
      label: `Open ${frame.file}:${frame.line}`,
      act: () => vscode.window.showTextDocument(uri, { selection }),
    };
    return [jump, open];
  }
}

function successChoices(run: Run): Choice[] {
  const show: Choice = { label: 'Show results', act: () => vscode.commands.executeCommand(commands.openRun, run.id) };
  return [show];
}

function textOf(run: Run): string {
  const time = formatSeconds(runSeconds(run, new Date()));
  if (run.state === 'Successful') {
    const [warning] = run.warnings;
    const made = `${run.pipeline} ${run.version} is ready`;
    return warning === undefined ? `${made}. Successful in ${time}.` : `${made}, with a warning: ${warning.message}`;
  }
  return `${runTitle(run)} failed after ${time}. ${run.cause?.message ?? ''}`;
}
