/** Show log, show `_results.json`, reveal, copy: the plain files behind rows of the trees. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { versionId } from '../../../runner/src/domain/version';
import type { Run } from '../../../runner/src/domain/run';
import type { Parts } from '../extensionContext';
import { chosenRun, packageOf, runOf, versionOf } from '../pick';

const fileOf = (parts: Parts, run: Run, name: string): vscode.Uri =>
  vscode.Uri.file(join(parts.workspace ?? '', run.folder, name));

export async function showLog(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', 'Show log');
  if (run === undefined) return;
  const document = await vscode.workspace.openTextDocument(fileOf(parts, run, 'log.txt'));
  await vscode.window.showTextDocument(document, { preview: true });
}

export async function showResults(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'ended', 'Show _results.json');
  if (run === undefined) return;
  if (run.results === null) {
    await vscode.window.showInformationMessage('_results.json is written when the run has ended.');
    return;
  }
  await vscode.window.showTextDocument(fileOf(parts, run, '_results.json'), { preview: true });
}

export async function revealRun(parts: Parts, argument?: unknown): Promise<void> {
  const run = await chosenRun(parts.model, argument, 'any', 'Reveal run folder');
  if (run !== undefined) await vscode.commands.executeCommand('revealFileInOS', fileOf(parts, run, 'run.json'));
}

/** The file or folder that a row stands for. */
async function placeOf(parts: Parts, argument: unknown): Promise<vscode.Uri | undefined> {
  const node = argument as { kind?: unknown; path?: unknown; uri?: unknown } | undefined;
  if (node?.uri instanceof vscode.Uri) return node.uri;
  if (typeof node?.path === 'string') return vscode.Uri.file(node.path);
  return placeOfPackage(parts, argument) ?? placeOfRun(parts, argument, String(node?.kind));
}

function placeOfPackage(parts: Parts, argument: unknown): vscode.Uri | undefined {
  const version = versionOf(argument);
  if (version !== undefined)
    return vscode.Uri.file(join(parts.storeFolder(), 'packages', version.name, version.version, `${version.name}.zip`));
  const name = packageOf(argument);
  const folder = parts.model.packages.find((one) => one.name === name)?.folder;
  return typeof folder === 'string' ? vscode.Uri.file(join(parts.workspace ?? '', folder)) : undefined;
}

async function placeOfRun(parts: Parts, argument: unknown, kind: string): Promise<vscode.Uri | undefined> {
  const id = runOf(argument);
  const run = id === undefined ? undefined : await parts.model.fetchRun(id);
  if (run === undefined) return undefined;
  const names: Readonly<Record<string, string>> = { results: '_results.json', log: 'log.txt' };
  return fileOf(parts, run, names[kind] ?? '');
}

async function chosenPlace(parts: Parts, argument: unknown, title: string): Promise<vscode.Uri | undefined> {
  if (argument !== undefined) return placeOf(parts, argument);
  const run = await chosenRun(parts.model, undefined, 'any', title);
  return run === undefined ? undefined : placeOf(parts, { kind: 'run', id: run.id });
}

export async function copyPath(parts: Parts, argument?: unknown): Promise<void> {
  const place = await chosenPlace(parts, argument, 'Copy path');
  if (place === undefined) return;
  await vscode.env.clipboard.writeText(place.scheme === 'file' ? place.fsPath : place.toString());
}

/** Working folders in the Explorer view, other files where the system shows them. */
export async function revealFile(parts: Parts, argument?: unknown): Promise<void> {
  const place = await chosenPlace(parts, argument, 'Reveal');
  if (place === undefined) return;
  const command = packageOf(argument) === undefined ? 'revealFileInOS' : 'revealInExplorer';
  await vscode.commands.executeCommand(command, place);
}

export async function openToSide(parts: Parts, argument?: unknown): Promise<void> {
  const place = await chosenPlace(parts, argument, 'Open to the side');
  if (place !== undefined) await vscode.commands.executeCommand('vscode.open', place, vscode.ViewColumn.Beside);
}

export async function saveFileAs(parts: Parts, argument?: unknown): Promise<void> {
  const place = await chosenPlace(parts, argument, 'Save as');
  if (place === undefined) return;
  const root = vscode.Uri.file(parts.workspace ?? '');
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(root, basename(place.path)) });
  if (target !== undefined) await vscode.workspace.fs.copy(place, target, { overwrite: true });
}

/** `digits@2.1` of a version, the id of a run, the path of a file. */
export async function copyId(parts: Parts, argument?: unknown): Promise<void> {
  const { kind } = (argument ?? {}) as { kind?: unknown; value?: unknown };
  const version = versionOf(argument);
  if (kind === 'field') {
    await vscode.env.clipboard.writeText(String((argument as { value?: unknown }).value));
    return;
  }
  if (version !== undefined) {
    await vscode.env.clipboard.writeText(versionId(version.name, version.version));
    return;
  }
  if (kind !== 'run' && typeof argument === 'object') return copyPath(parts, argument);
  const run = await chosenRun(parts.model, argument, 'any', 'Copy run id');
  if (run !== undefined) await vscode.env.clipboard.writeText(run.id);
}
