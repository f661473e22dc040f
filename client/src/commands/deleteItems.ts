/** Delete versions and runs: asks, and never what is in use. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatNumber, runTitle } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { versionId } from '../../../runner/src/domain/version';
import { deleteRequest } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { commands } from '../ids';
import { pickRun, pickVersion, runOf, versionOf } from '../pick';

export async function deleteVersion(parts: Parts, argument?: unknown, second?: unknown): Promise<void> {
  const all = await chosenVersions(parts, argument, second);
  if (all.length === 0) return;
  for (const one of all) if (await refuseInUse(parts, one.name, one.version)) return;
  const remove = all.length === 1 ? 'Delete version' : 'Delete versions';
  const names = all.map((one) => `${one.name} ${one.version}`).join(', ');
  const question = `Delete ${names}? This can't be undone. ${all.length === 1 ? 'The run that made it stays, without its zip.' : 'The runs that made them stay, without their zips.'}`;
  if ((await vscode.window.showWarningMessage(question, { modal: true }, remove)) !== remove) return;
  const ids = all.map((one) => versionId(one.name, one.version));
  const deleted = await parts.runner.request(deleteRequest, { ids, force: false });
  await parts.model.refresh();
  const are = all.length === 1 ? 'is' : 'are';
  await vscode.window.showInformationMessage(`${names} ${are} deleted, ${formatBytes(deleted.bytes)} are free.`);
}

async function chosenVersions(parts: Parts, argument: unknown, second: unknown) {
  const selected = Array.isArray(second) ? second.map(versionOf).filter((one) => one !== undefined) : [];
  if (selected.length > 1) return selected;
  const chosen = versionOf(argument) ?? (await pickVersion(parts.model, 'Delete version'));
  return chosen === undefined ? [] : [chosen];
}

async function refuseInUse(parts: Parts, name: string, version: string): Promise<boolean> {
  const user = parts.model.active.find((run) => run.package === name && run.from === version);
  if (user === undefined) return false;
  const open = 'Open run';
  const text = `${version} can't be deleted: ${user.pipeline} is training from it.`;
  if ((await vscode.window.showWarningMessage(text, open)) === open)
    await vscode.commands.executeCommand(commands.openRun, user.id);
  return true;
}

export async function deleteRun(parts: Parts, argument?: unknown, second?: unknown): Promise<void> {
  const selected = Array.isArray(second) ? second.filter(isRunNode).map((node) => node.id) : [];
  const id = runOf(argument) ?? (await pickRun(parts.model, 'ended', 'Delete run'))?.id;
  if (id === undefined) return;
  const ids = selected.length > 1 ? selected : [id];
  const runs = (await Promise.all(ids.map((one) => parts.model.fetchRun(one)))).filter((run) => run !== undefined);
  const running = runs.find((run) => !hasEnded(run.state));
  if (running !== undefined) return tellRunning(running);
  const remove = runs.length === 1 ? 'Delete run' : `Delete ${runs.length} runs`;
  if ((await vscode.window.showWarningMessage(await questionOf(parts, runs), { modal: true }, remove)) !== remove)
    return;
  await parts.runner.request(deleteRequest, { ids: runs.map((run) => run.id), force: false });
  await parts.model.refresh();
}

const isRunNode = (node: unknown): node is { readonly id: string } =>
  (node as { kind?: unknown } | undefined)?.kind === 'run' && runOf(node) !== undefined;

async function tellRunning(run: Run): Promise<void> {
  const stop = 'Stop run';
  const text = `${runTitle(run)} has not ended, so it can't be deleted.`;
  if ((await vscode.window.showWarningMessage(text, stop)) === stop)
    await vscode.commands.executeCommand(commands.stopRun, run.id);
}

async function questionOf(parts: Parts, runs: readonly Run[]): Promise<string> {
  const [run] = runs;
  if (run === undefined || runs.length > 1)
    return `Delete ${formatNumber(runs.length, 'run')} with their logs and artifacts? The versions that they made stay.`;
  const files = await artifactsOf(parts, run);
  const what = files === 0 ? 'its log' : `its log and ${formatNumber(files, 'artifact')}`;
  const stays = run.version === '' ? '' : ` Version ${run.version} stays.`;
  return `Delete the run ${runTitle(run)} with ${what}?${stays}`;
}

async function artifactsOf(parts: Parts, run: Run): Promise<number> {
  const place = run.results?.run_summary.outputs.artifacts_data ?? '';
  if (place === '') return 0;
  const folder = join(parts.workspace ?? '', run.folder, place);
  const found = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).length;
}
