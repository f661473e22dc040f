/** Which workspace a command works in: the nearest folder upwards that has one of our marks, else the current one. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { configurationPath } from '../domain/pipeline';

const marks: readonly (readonly string[])[] = [['.training-pipelines'], configurationPath.split('/')];

export async function workspaceOf(given: string | undefined, currentFolder: string): Promise<string> {
  if (given === undefined) return nearest(currentFolder);
  const folder = resolve(currentFolder, given);
  if (await isThere(folder, true)) return folder;
  throw new ExpectedError(
    'usage',
    `The workspace ${given} doesn't exist or is no folder.`,
    'Give a folder that exists with --workspace.',
  );
}

async function nearest(currentFolder: string): Promise<string> {
  for (let folder = currentFolder; ; folder = dirname(folder)) {
    for (const mark of marks) if (await isThere(join(folder, ...mark), false)) return folder;
    if (dirname(folder) === folder) return currentFolder;
  }
}

const isThere = (path: string, mustBeFolder: boolean): Promise<boolean> =>
  stat(path).then(
    (found) => !mustBeFolder || found.isDirectory(),
    () => false,
  );
