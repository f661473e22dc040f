/** Which workspace a command works in: the nearest folder upwards that has one of our marks, else the current one. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { configurationPath } from '../domain/pipeline';

export async function workspaceOf(given: string | undefined, currentFolder: string): Promise<string> {
  if (given === undefined) return nearest(currentFolder);
  const folder = resolve(currentFolder, given);
  if ((await kindOf(folder)) === 'folder') return folder;
  throw new ExpectedError(
    'usage',
    `The workspace ${given} doesn't exist or is no folder.`,
    'Give a folder that exists with --workspace.',
  );
}

async function nearest(currentFolder: string): Promise<string> {
  for (let folder = currentFolder; ; folder = dirname(folder)) {
    if ((await kindOf(join(folder, '.training-pipelines'))) === 'folder') return folder;
    if ((await kindOf(join(folder, ...configurationPath.split('/')))) === 'file') return folder;
    if (dirname(folder) === folder) return currentFolder;
  }
}

const kindOf = (path: string): Promise<'folder' | 'file' | undefined> =>
  stat(path).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );
