/** Two versions, or the working folder and a version: their files side by side in the diff editor. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import { versionId } from '../../../runner/src/domain/version';
import { compareVersionsRequest, workingFolderRequest, type FileChange } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { packageOf, pickPackage, pickVersion, versionOf } from '../pick';
import { absentUri, versionUri } from '../tree/packagesTree';

interface Side {
  readonly title: string;
  readonly uri: (path: string) => vscode.Uri;
}

type Named = { readonly name: string; readonly version: string };

const sideOf = ({ name, version }: Named): Side => ({
  title: `${name} ${version}`,
  uri: (path) => versionUri(name, version, path),
});

export async function compareVersions(parts: Parts, argument?: unknown, second?: unknown): Promise<void> {
  const selected = Array.isArray(second) ? second.map(versionOf).filter((one) => one !== undefined) : [];
  const right = versionOf(argument) ?? (await pickVersion(parts.model, 'Compare: which version?'));
  if (right === undefined) return;
  const other = selected.find((one) => one.name !== right.name || one.version !== right.version);
  const left = other ?? (await pickVersion(parts.model, `Compare ${right.name} ${right.version} with`, right));
  if (left !== undefined) await showVersionChanges(parts, left, right);
}

export async function showVersionChanges(parts: Pick<Parts, 'runner'>, left: Named, right: Named): Promise<void> {
  const ids = { left: versionId(left.name, left.version), right: versionId(right.name, right.version) };
  const { changes } = await parts.runner.request(compareVersionsRequest, ids);
  await showChanges(changes, sideOf(left), sideOf(right));
}

/** The working folder against the version that it is nearest to. */
export async function compareWorkingFolder(parts: Parts, argument?: unknown): Promise<void> {
  const named = packageOf(argument) ?? (await pickPackage(parts.model, 'Compare with newest version'))?.name;
  if (named === undefined) return;
  const found = await parts.runner.request(workingFolderRequest, { package: named });
  if (found.since === null) {
    await vscode.window.showInformationMessage(`${named} was not published yet, so there is nothing to compare with.`);
    return;
  }
  const folder = join(parts.workspace ?? '', found.folder);
  const working: Side = { title: 'working folder', uri: (path) => vscode.Uri.file(join(folder, ...path.split('/'))) };
  await showChanges(found.changes, sideOf({ name: named, version: found.since }), working);
}

interface Choice extends vscode.QuickPickItem {
  readonly change?: FileChange;
}

async function showChanges(changes: readonly FileChange[], left: Side, right: Side): Promise<void> {
  const title = `${left.title} ↔ ${right.title}`;
  if (changes.length === 0) {
    await vscode.window.showInformationMessage(`${title}: all files are the same.`);
    return;
  }
  const all: Choice = { label: `$(diff-multiple) Open all ${formatNumber(changes.length, 'change')}` };
  const choices: Choice[] = changes.map((change) => ({
    label: change.path,
    description: `${change.letter}  ${sizes(change)}`,
    change,
  }));
  const picked = await vscode.window.showQuickPick(changes.length > 1 ? [all, ...choices] : choices, {
    title: `${title}: ${formatNumber(changes.length, 'difference')}`,
  });
  if (picked === undefined) return;
  if (picked.change === undefined) await openAllChanges(changes, left, right);
  else await openChange(picked.change, left, right);
}

const sizes = ({ letter, before, after }: FileChange): string => {
  if (letter === 'A') return formatBytes(after);
  return letter === 'D' ? formatBytes(before) : `${formatBytes(before)} to ${formatBytes(after)}`;
};

/** A side that has no such file is shown as an empty one. */
export async function openChange({ path, letter }: FileChange, left: Side, right: Side): Promise<void> {
  const title = `${path} (${left.title} ↔ ${right.title})`;
  const before = letter === 'A' ? absentUri(path) : left.uri(path);
  const after = letter === 'D' ? absentUri(path) : right.uri(path);
  await vscode.commands.executeCommand('vscode.diff', before, after, title);
}

export async function openAllChanges(changes: readonly FileChange[], left: Side, right: Side): Promise<void> {
  const resources = changes.map(({ path, letter }) => [
    right.uri(path),
    letter === 'A' ? undefined : left.uri(path),
    letter === 'D' ? undefined : right.uri(path),
  ]);
  await vscode.commands.executeCommand('vscode.changes', `${left.title} ↔ ${right.title}`, resources);
}

export const versionSide = sideOf;
