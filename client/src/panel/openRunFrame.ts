/** Opens the user's line of a failed run; only lines that its traceback really names. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { PageParts } from './pageParts';

export async function openRunFrame(parts: PageParts, id: string, file: string, line: number): Promise<void> {
  const run = parts.model.run(id);
  const isFrame = run?.cause?.traceback.some((frame) => frame.file === file && frame.line === line) === true;
  const folder = parts.model.packages.find((one) => one.name === run?.package)?.folder ?? undefined;
  if (!isFrame || folder === undefined) return;
  const uri = vscode.Uri.file(join(parts.workspace ?? '', folder, file));
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(line - 1, 0, line - 1, 0) });
}
