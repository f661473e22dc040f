/** What the panel's sentences are about: the changed files of a package, and those of a dataset. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { DatasetChanges, RunPlan } from '../../../runner/src/protocol';
import { versionUri } from '../tree/packagesTree';

/** All files that changed since the version, in one editor of differences. */
export async function showPackageChanges(workspace: string, plan: RunPlan): Promise<void> {
  const { changedSince } = plan;
  if (changedSince === null) return;
  const folder = vscode.Uri.file(join(workspace, plan.folder));
  const pairs = await Promise.all(
    changedSince.paths
      .filter((path) => !path.endsWith('/'))
      .map(async (path) => {
        const before = versionUri(plan.package, changedSince.version, path);
        const after = vscode.Uri.joinPath(folder, path);
        return [after, (await exists(before)) ? before : undefined, (await exists(after)) ? after : undefined];
      }),
  );
  const title = `${plan.package}: version ${changedSince.version} ↔ working folder`;
  await vscode.commands.executeCommand('vscode.changes', title, pairs);
}

const exists = async (uri: vscode.Uri): Promise<boolean> =>
  vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );

const letters = { A: 'added', M: 'changed', D: 'removed' } as const;

/** The list of changed files of the dataset; a choice opens it. */
export async function showDatasetChanges(workspace: string, path: string, changes: DatasetChanges): Promise<void> {
  const total = changes.added + changes.changed + changes.removed;
  const items = changes.paths.map((one) => ({ label: one.path, description: letters[one.change], one }));
  const shown = total > items.length ? `first ${items.length} of ${total}` : String(total);
  const title = `${path}: ${shown} differences since the last run`;
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  if (picked === undefined || picked.one.change === 'D') return;
  const file = vscode.Uri.joinPath(vscode.Uri.file(join(workspace, path)), picked.one.path);
  await vscode.commands.executeCommand('vscode.open', file);
}
