/** Says an error to the user: what happened and what to do next; bugs go to the log with their stack. */
import * as vscode from 'vscode';
import { isExpected } from '../../runner/src/domain/errors';

export async function showError(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (isExpected(error)) {
    const text = [error.message, error.hint].filter((part) => part !== '').join(' ');
    await vscode.window.showErrorMessage(text);
    return;
  }
  log.error(error instanceof Error ? error : String(error));
  const showLog = 'Show log';
  const what = error instanceof Error ? error.message : String(error);
  const chosen = await vscode.window.showErrorMessage(`Training Pipelines met a problem: ${what}`, showLog);
  if (chosen === showLog) log.show();
}
