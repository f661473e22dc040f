/** What can be done with packages and versions: publish, import, export, compare, verify, restore, delete. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import { versionId } from '../../../runner/src/domain/version';
import {
  deleteRequest,
  exportVersionRequest,
  getVersionRequest,
  importRequest,
  publishRequest,
  verifyRequest,
} from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { packageOf, pickPackage, pickRun, pickVersion, runOf, versionOf } from '../pick';
import { versionUri } from '../tree/packagesTree';

export async function publishVersion(parts: Parts, argument?: unknown): Promise<void> {
  const name = packageOf(argument);
  const chosen =
    name === undefined
      ? await pickPackage(parts.model, 'Publish version')
      : parts.model.packages.find((one) => one.name === name);
  if (chosen === undefined) return;
  const published = await parts.runner.request(publishRequest, { package: chosen.folder ?? chosen.name });
  await parts.model.refresh();
  const same = `Nothing changed: the working folder of ${published.package} is version ${published.version}.`;
  await vscode.window.showInformationMessage(
    published.created ? `${published.package} ${published.version} is published.` : same,
  );
}

export async function importPackage(parts: Parts): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    title: 'Import a package zip',
    filters: { 'Package zip': ['zip'] },
    openLabel: 'Import',
  });
  const [file] = picked ?? [];
  if (file === undefined) return;
  const imported = await parts.runner.request(importRequest, { file: file.fsPath, options: {} });
  await parts.model.refresh();
  await vscode.window.showInformationMessage(`${basename(file.fsPath)} is ${imported.package} ${imported.version}.`);
}

async function chosenVersion(parts: Parts, argument: unknown, title: string) {
  return versionOf(argument) ?? (await pickVersion(parts.model, title));
}

export async function exportVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Export version');
  if (chosen === undefined || parts.workspace === undefined) return;
  const defaultUri = vscode.Uri.joinPath(vscode.Uri.file(parts.workspace), `${chosen.name}-${chosen.version}.zip`);
  const target = await vscode.window.showSaveDialog({
    defaultUri,
    filters: { 'Package zip': ['zip'] },
    title: 'Export version',
  });
  if (target === undefined) return;
  const id = versionId(chosen.name, chosen.version);
  await parts.runner.request(exportVersionRequest, { id, file: target.fsPath, record: false, force: true });
  await vscode.window.showInformationMessage(`${chosen.name} ${chosen.version} is exported to ${target.fsPath}.`);
}

export async function verifyVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Verify version');
  if (chosen === undefined) return;
  const shown = `${chosen.name} ${chosen.version}`;
  const verified = await parts.runner.request(verifyRequest, { id: versionId(chosen.name, chosen.version) });
  const [first] = verified.problems;
  if (first === undefined)
    await vscode.window.showInformationMessage(`${shown} is what was sealed: all digests match.`);
  else await vscode.window.showErrorMessage(`${shown} is not what was sealed: ${first.path} differs.`);
}

/** Files side by side in the diff editor: a quick pick of what differs. */
export async function compareVersions(parts: Parts, argument?: unknown): Promise<void> {
  const right = await chosenVersion(parts, argument, 'Compare: which version?');
  if (right === undefined) return;
  const left = await pickVersion(parts.model, `Compare ${right.name} ${right.version} with`);
  if (left === undefined) return;
  const [before, after] = await Promise.all([filesOf(parts, left), filesOf(parts, right)]);
  const paths = [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .sort();
  const title = `${left.name} ${left.version} ↔ ${right.name} ${right.version}`;
  if (paths.length === 0) {
    await vscode.window.showInformationMessage(`${title}: all files are the same.`);
    return;
  }
  const choices = paths.map((path) => ({ label: path, description: letter(before.has(path), after.has(path)) }));
  const picked = await vscode.window.showQuickPick(choices, {
    title: `${title}: ${formatNumber(paths.length, 'difference')}`,
  });
  if (picked === undefined) return;
  const uri = (one: { name: string; version: string }): vscode.Uri => versionUri(one.name, one.version, picked.label);
  await vscode.commands.executeCommand('vscode.diff', uri(left), uri(right), `${picked.label} (${title})`);
}

const letter = (before: boolean, after: boolean): string => (before && after ? 'M' : after ? 'A' : 'D');

async function filesOf(parts: Parts, one: { name: string; version: string }): Promise<Map<string, string>> {
  const { file } = await parts.runner.request(getVersionRequest, { id: versionId(one.name, one.version) });
  return new Map(
    file.sealed.files
      .filter((entry) => entry.mode !== 'dir')
      .map((entry) => [entry.path, `${entry.mode} ${entry.sha256}`]),
  );
}

/** Restores a version's files to a new folder. */
export async function restoreVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Restore to a new folder');
  if (chosen === undefined) return;
  const picked = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    title: 'Restore below which folder?',
    openLabel: 'Restore here',
  });
  const [parent] = picked ?? [];
  if (parent === undefined) return;
  const target = vscode.Uri.joinPath(parent, `${chosen.name}-${chosen.version}`);
  await vscode.workspace.fs.copy(versionUri(chosen.name, chosen.version), target, { overwrite: false });
  await vscode.window.showInformationMessage(`${chosen.name} ${chosen.version} is restored to ${target.fsPath}.`);
}

export async function deleteVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Delete version');
  if (chosen === undefined) return;
  const remove = 'Delete version';
  const question = `Delete ${chosen.name} ${chosen.version}? This can't be undone. The run that made it stays, without its zip.`;
  if ((await vscode.window.showWarningMessage(question, { modal: true }, remove)) !== remove) return;
  const deleted = await parts.runner.request(deleteRequest, {
    ids: [versionId(chosen.name, chosen.version)],
    force: false,
  });
  await parts.model.refresh();
  await vscode.window.showInformationMessage(
    `${chosen.name} ${chosen.version} is deleted, ${formatBytes(deleted.bytes)} are free.`,
  );
}

export async function deleteRun(parts: Parts, argument?: unknown): Promise<void> {
  const id = runOf(argument);
  const run = id === undefined ? await pickRun(parts.model, 'ended', 'Delete run') : parts.model.run(id);
  if (run === undefined) return;
  const remove = 'Delete run';
  const stays = run.version === '' ? '' : ` Version ${run.version} stays.`;
  const question = `Delete the run ${run.pipeline} of ${new Date(run.startedAt).toLocaleString()} with its log and artifacts?${stays}`;
  if ((await vscode.window.showWarningMessage(question, { modal: true }, remove)) !== remove) return;
  await parts.runner.request(deleteRequest, { ids: [run.id], force: false });
  await parts.model.refresh();
}
