/** Use a folder that has a train.py, although no class Main is found in it: names it in the configuration. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { ExpectedError } from '../../../runner/src/domain/errors';
import type { Parts } from '../extensionContext';

export async function markPackage(parts: Parts): Promise<void> {
  const workspace = parts.workspace ?? '';
  const found = await vscode.workspace.findFiles('**/train.py', '**/{node_modules,.training-pipelines}/**', 200);
  const known = new Set(parts.model.packages.map((one) => one.folder));
  const folders = found
    .map((uri) => relative(workspace, vscode.Uri.joinPath(uri, '..').fsPath).replaceAll('\\', '/') || '.')
    .filter((folder) => !folder.startsWith('..') && !known.has(folder))
    .sort();
  if (folders.length === 0) {
    throw new ExpectedError(
      'package-invalid',
      'No other folder of this workspace has a train.py.',
      'New ML Package makes one to start from.',
    );
  }
  const folder = await vscode.window.showQuickPick(folders, { title: 'Use a folder that has a train.py' });
  if (folder === undefined) return;
  await parts.pipelines.addPackage(folder);
  await parts.model.refresh();
  await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(workspace), folder, 'train.py'));
}
