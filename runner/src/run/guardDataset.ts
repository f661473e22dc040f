/** Which folders can be a dataset: never one that holds the workspace or the store, nor a sensitive place. */
import { stat } from 'node:fs/promises';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { existingFolder } from './locatePackage';
import { isInside } from './paths';

export interface DatasetGuard {
  readonly workspace: string;
  readonly storeFolder: string;
  readonly homeFolder?: string;
}

/** The dataset's real path. `shown` is what the user wrote. */
export async function guardDataset(guard: DatasetGuard, path: string, shown: string): Promise<string> {
  const folder = await existingFolder(path);
  if (folder === undefined) {
    throw new ExpectedError(
      'dataset-missing',
      `${shown} ${(await isThere(path)) ? 'is no folder' : "doesn't exist"}.`,
      'Give the folder that holds the data.',
    );
  }
  const problem = refusal(guard, folder) ?? (await unreadable(folder));
  if (problem === undefined) return folder;
  const hint = 'Give a folder that holds only the data.';
  throw new ExpectedError('dataset-refused', `${shown} can't be the dataset: it ${problem}.`, hint);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const unreadable = (folder: string): Promise<string | undefined> =>
  access(folder, constants.R_OK | constants.X_OK).then(
    () => undefined,
    () => 'cannot be read by you',
  );

function refusal(guard: DatasetGuard, folder: string): string | undefined {
  if (isInside(guard.workspace, folder)) return 'holds the workspace';
  if (isInside(guard.storeFolder, folder)) return 'holds the store of versions and runs';
  if (folder === parse(folder).root) return 'is the root of the file system';
  const home = guard.homeFolder ?? homedir();
  if (isInside(home, folder)) return 'is or holds your home folder';
  if (folder !== userDisks && isInside(folder, userDisks)) return undefined;
  const inside = sensitiveTrees(home).find((place) => isInside(folder, place));
  if (inside !== undefined) return `lies in ${inside}, a sensitive place`;
  return sensitiveFolders.includes(folder) ? 'is a folder of the system' : undefined;
}

/** Keys, tokens and passwords, engines with all that their containers hold, and what defines engines; below the home folder. */
const privateFolders: readonly string[] = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.password-store',
  '.mozilla',
  '.config/gcloud',
  '.config/gh',
  '.config/training-pipelines',
  '.local/share/keyrings',
  '.local/share/docker',
  '.local/share/containers',
  'Library/Keychains',
];

/** Where disks of the user's are mounted, below a place that is sensitive otherwise. */
const userDisks = '/run/media';

const sensitiveTrees = (home: string): string[] => [
  ...privateFolders.map((name) => join(home, ...name.split('/'))),
  ...(process.platform === 'win32'
    ? [process.env['SystemRoot'] ?? 'C:\\Windows']
    : [
        '/proc',
        '/sys',
        '/dev',
        '/etc',
        '/boot',
        '/var/lib/docker',
        '/var/lib/containerd',
        '/var/lib/containers',
        '/var/lib/kubelet',
        '/run',
        '/var/run',
      ]),
];

const sensitiveFolders: readonly string[] =
  process.platform === 'win32'
    ? [dirname(homedir())]
    : [
        '/usr',
        '/bin',
        '/sbin',
        '/lib',
        '/lib64',
        '/var',
        '/var/lib',
        '/home',
        '/run',
        '/root',
        '/opt',
        '/srv',
        '/tmp',
        '/mnt',
        '/media',
        '/Users',
        '/System',
        '/Library',
        '/Applications',
      ];
