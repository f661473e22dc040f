/** What can be done with packages and versions: publish, import, export, verify, restore, go to. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { versionId } from '../../../runner/src/domain/version';
import {
  exportVersionRequest,
  importRequest,
  publishRequest,
  restoreVersionRequest,
  verifyRequest,
} from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { commands } from '../ids';
import { packageOf, pickPackage, pickVersion, runOf, versionOf } from '../pick';

const during = <T>(title: string, work: () => Promise<T>): Thenable<T> =>
  vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, work);

export async function publishVersion(parts: Parts, argument?: unknown): Promise<void> {
  const name = packageOf(argument);
  const chosen =
    name === undefined
      ? await pickPackage(parts.model, 'Publish version')
      : parts.model.packages.find((one) => one.name === name);
  if (chosen === undefined) return;
  const wanted = { package: chosen.folder ?? chosen.name };
  const published = await during(`Publishing ${chosen.name}`, () => parts.runner.request(publishRequest, wanted));
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
  const wanted = { file: file.fsPath, options: {} };
  const imported = await during(`Importing ${basename(file.fsPath)}`, () =>
    parts.runner.request(importRequest, wanted),
  );
  await parts.model.refresh();
  const [warning] = imported.warnings;
  const said = `${basename(file.fsPath)} is ${imported.package} ${imported.version}.`;
  await vscode.window.showInformationMessage(warning === undefined ? said : `${said} ${warning.message}`);
}

/** Of a version, of the zip below a run, of the version that a run made, or of the one that is chosen. */
async function chosenVersion(parts: Parts, argument: unknown, title: string) {
  const named = versionOf(argument);
  if (named !== undefined) return named;
  const id = runOf(argument);
  const run = id === undefined ? undefined : await parts.model.fetchRun(id);
  if (run === undefined) return pickVersion(parts.model, title);
  if (run.version !== '') return { name: run.package, version: run.version };
  await vscode.window.showInformationMessage('This run made no version.');
  return undefined;
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
  const reveal = 'Reveal';
  const said = `${chosen.name} ${chosen.version} is exported to ${target.fsPath}.`;
  if ((await vscode.window.showInformationMessage(said, reveal)) === reveal)
    await vscode.commands.executeCommand('revealFileInOS', target);
}

export async function verifyVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Verify version');
  if (chosen === undefined) return;
  const shown = `${chosen.name} ${chosen.version}`;
  const verified = await during(`Verifying ${shown}`, () =>
    parts.runner.request(verifyRequest, { id: versionId(chosen.name, chosen.version) }),
  );
  const [first] = verified.problems;
  if (first === undefined)
    await vscode.window.showInformationMessage(`${shown} is what was sealed: all digests match.`);
  else await vscode.window.showErrorMessage(`${shown} is not what was sealed: ${first.path} differs.`);
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
    ...(parts.workspace === undefined ? {} : { defaultUri: vscode.Uri.file(parts.workspace) }),
  });
  const [parent] = picked ?? [];
  if (parent === undefined) return;
  const folder = join(parent.fsPath, `${chosen.name}-${chosen.version}`);
  const id = versionId(chosen.name, chosen.version);
  const restored = await parts.runner.request(restoreVersionRequest, { id, folder });
  const reveal = 'Reveal';
  const said = `${chosen.name} ${chosen.version} is restored to ${restored.path}.`;
  if ((await vscode.window.showInformationMessage(said, reveal)) === reveal)
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(restored.path));
}

/** In the Packages view. */
export async function goToVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Go to version');
  if (chosen === undefined || (await parts.views.revealVersion(chosen.name, chosen.version))) return;
  await vscode.window.showInformationMessage(`${chosen.name} ${chosen.version} was deleted.`);
}

export async function openRunOfVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Open the run that made which version?');
  if (chosen === undefined) return;
  await parts.model.loadVersions([versionId(chosen.name, chosen.version)]);
  const id = parts.model.version(chosen.name, chosen.version)?.run ?? '';
  const run = id === '' ? undefined : await parts.model.fetchRun(id);
  if (run !== undefined) await vscode.commands.executeCommand(commands.openRun, run.id);
  else {
    const why = id === '' ? 'was published, so no run made it' : 'was made by a run that was deleted';
    await vscode.window.showInformationMessage(`${chosen.name} ${chosen.version} ${why}.`);
  }
}

export async function revealVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = await chosenVersion(parts, argument, 'Reveal zip');
  if (chosen === undefined) return;
  const zip = join(parts.storeFolder(), 'packages', chosen.name, chosen.version, `${chosen.name}.zip`);
  await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(zip));
}
