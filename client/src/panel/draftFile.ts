/** The draft's file in the folder that the editor gives us for this workspace. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as vscode from 'vscode';
import type { DraftPlace } from './draftKeeper';

/** Without a folder there is no pipeline to keep a draft of. */
export function draftFile(storage: vscode.Uri | undefined): DraftPlace {
  const file = storage === undefined ? undefined : join(storage.fsPath, 'draft.json');
  return {
    read: async () => (file === undefined ? undefined : readFile(file, 'utf8')),
    write: async (text) => {
      if (file === undefined) return;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
  };
}
