/** Take a version over into the working folder: shows what changes, asks, and keeps what the folder held as a version. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatNumber } from '../../../runner/src/domain/format';
import { versionId } from '../../../runner/src/domain/version';
import { takeOverRequest, type FileChange, type TakeOver } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { pickVersion, versionOf } from '../pick';
import { openAllChanges, versionSide } from './compareVersions';

const listedChanges = 15;

export async function takeOverVersion(parts: Parts, argument?: unknown): Promise<void> {
  const chosen = versionOf(argument) ?? (await pickVersion(parts.model, 'Take over into the working folder'));
  if (chosen === undefined) return;
  const id = versionId(chosen.name, chosen.version);
  const plan = await parts.runner.request(takeOverRequest, { id, apply: false });
  if (plan.changes.length === 0) {
    await vscode.window.showInformationMessage(`The working folder holds ${chosen.name} ${chosen.version} already.`);
    return;
  }
  const folder = vscode.Uri.file(join(parts.workspace ?? '', plan.folder));
  if (!(await saveOpenFiles(folder)) || !(await isWanted(plan, folder))) return;
  const done = await parts.runner.request(takeOverRequest, { id, apply: true });
  await parts.model.refresh();
  await vscode.window.showInformationMessage(
    `The working folder of ${done.package} now holds ${done.version}. What it held before is version ${done.kept ?? ''}.`,
  );
}

/** What is typed and not saved would be lost, or saved over what was taken over. */
async function saveOpenFiles(folder: vscode.Uri): Promise<boolean> {
  const dirty = vscode.workspace.textDocuments.filter(
    (one) => one.isDirty && one.uri.scheme === 'file' && one.uri.path.startsWith(`${folder.path}/`),
  );
  if (dirty.length === 0) return true;
  const save = 'Save and go on';
  const text = `${formatNumber(dirty.length, 'file')} of the package ${dirty.length === 1 ? 'is' : 'are'} not saved.`;
  if ((await vscode.window.showWarningMessage(text, { modal: true }, save)) !== save) return false;
  const saved = await Promise.all(dirty.map((document) => document.save()));
  return saved.every(Boolean);
}

async function isWanted(plan: TakeOver, folder: vscode.Uri): Promise<boolean> {
  const [take, show] = ['Take over', 'Show changes'];
  const question = `Take ${plan.package} ${plan.version} over into ${plan.folder}? ${countsOf(plan.changes)} What the folder holds now is kept as a version.`;
  const detail = plan.changes.slice(0, listedChanges).map(({ letter, path }) => `${letter}  ${path}`);
  const more = plan.changes.length - detail.length;
  const text = [...detail, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail: text }, take, show);
  if (answer === take) return true;
  if (answer !== show) return false;
  const working = {
    title: 'working folder',
    uri: (path: string) => vscode.Uri.joinPath(folder, ...path.split('/')),
  };
  await openAllChanges(plan.changes, working, versionSide({ name: plan.package, version: plan.version }));
  return (await vscode.window.showInformationMessage(question, take, 'Cancel')) === take;
}

function countsOf(changes: readonly FileChange[]): string {
  const count = (letter: string): number => changes.filter((change) => change.letter === letter).length;
  const words = [
    [count('A'), 'added'],
    [count('M'), 'changed'],
    [count('D'), 'removed'],
  ] as const;
  const said = words
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${formatNumber(number, 'file')} ${what}`);
  return `${said.join(', ')}.`;
}
