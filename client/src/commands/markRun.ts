/** Rename, star and note a run: what people say about it afterwards. */
import * as vscode from 'vscode';
import { runTitle } from '../../../runner/src/domain/format';
import type { Parts } from '../extensionContext';
import { chosenRun } from '../pick';

export async function renameRun(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', 'Rename run');
  if (run === undefined) return;
  const name = await vscode.window.showInputBox({
    title: 'Rename run',
    prompt: `Name of ${runTitle(run)}; empty: none of its own.`,
    value: parts.model.marks(run.id).name ?? '',
    validateInput: (text) => (text.length > 200 ? 'At most 200 characters.' : undefined),
  });
  if (name !== undefined) await parts.model.mark(run.id, { name: name.trim() === '' ? null : name.trim() });
}

export async function starRun(parts: Parts, argument: unknown, starred: boolean): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', starred ? 'Star run' : 'Remove star');
  if (run !== undefined) await parts.model.mark(run.id, { starred });
}

export async function noteRun(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', 'Note on run');
  if (run === undefined) return;
  const note = await vscode.window.showInputBox({
    title: `Note on ${runTitle(run)}`,
    prompt: 'Shown in the tooltip and in the run’s details, and found by the search.',
    value: parts.model.marks(run.id).note,
  });
  if (note !== undefined) await parts.model.mark(run.id, { note: note.trim() });
}
