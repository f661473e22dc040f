/** Stop run: asks after a minute of running, for then there is something to lose. */
import * as vscode from 'vscode';
import { formatSeconds, runSeconds, runTitle } from '../../../runner/src/domain/format';
import { stopRunRequest } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { pickRun, runOf } from '../pick';

const askAfterSeconds = 60;

export async function stopRun(parts: Parts, argument?: unknown): Promise<void> {
  const id = runOf(argument);
  const run = id === undefined ? await pickRun(parts.model, 'active', 'Stop run') : await parts.model.fetchRun(id);
  if (run === undefined) return;
  const seconds = runSeconds(run, new Date());
  if (seconds > askAfterSeconds) {
    const stop = 'Stop run';
    const question = `Stop ${runTitle(run)}? It has run for ${formatSeconds(seconds)}. No version will be made; log and artifacts are kept.`;
    if ((await vscode.window.showWarningMessage(question, { modal: true }, stop)) !== stop) return;
  }
  await parts.runner.request(stopRunRequest, { id: run.id, now: false });
}
