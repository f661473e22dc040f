/** Show log, show `_results.json`, reveal: the plain files of a run. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Run } from '../../../runner/src/domain/run';
import type { Parts } from '../extensionContext';
import { pickRun, runOf } from '../pick';

async function chosen(
  parts: Parts,
  argument: unknown,
  title: string,
  which: 'any' | 'ended' = 'any',
): Promise<Run | undefined> {
  const id = runOf(argument);
  return id === undefined ? pickRun(parts.model, which, title) : parts.model.run(id);
}

const fileOf = (parts: Parts, run: Run, name: string): vscode.Uri =>
  vscode.Uri.file(join(parts.workspace ?? '', run.folder, name));

export async function showLog(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosen(parts, argument, 'Show log');
  if (run === undefined) return;
  const document = await vscode.workspace.openTextDocument(fileOf(parts, run, 'log.txt'));
  await vscode.window.showTextDocument(document, { preview: true });
}

export async function showResults(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosen(parts, argument, 'Show _results.json', 'ended');
  if (run === undefined) return;
  await vscode.window.showTextDocument(fileOf(parts, run, '_results.json'), { preview: true });
}

export async function revealRun(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosen(parts, argument, 'Reveal run folder');
  if (run !== undefined) await vscode.commands.executeCommand('revealFileInOS', fileOf(parts, run, 'run.json'));
}
