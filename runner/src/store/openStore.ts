/** Opens (and, at the first write, makes) a store. */
import { randomBytes } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import type { Run } from '../domain/run';
import type { VersionFile } from '../domain/version';
import { realDisk, type Disk } from './disk';
import { explainedDisk } from './diskErrors';
import { createExclusive, isThere, makeFolder, readIfThere } from './fileOperations';
import { LeaseFolder } from './leaseFolder';
import { ownIdentity, type ProcessIdentity } from './processIdentity';
import { isFinished, RunFiles } from './runFiles';
import { clearStaging, makeStaging } from './staging';
import type { Staging, Store } from './store';
import { clearTemporaries } from './temporaries';
import { VersionFiles } from './versionFiles';
import { watchStore } from './watchStore';

export interface StoreOptions {
  /** Absolute path of the store. */
  readonly folder: string;
  /** Absolute path of the workspace, against which paths are shown. */
  readonly workspace: string;
  readonly disk?: Disk;
  readonly now?: () => number;
  readonly identity?: () => Promise<ProcessIdentity>;
}

type Own = () => Promise<ProcessIdentity>;

export function openStore(options: StoreOptions): Store {
  const { folder, workspace, now = () => Date.now(), identity = ownIdentity } = options;
  const disk = explainedDisk(options.disk ?? realDisk);
  const own = once(identity);
  const leases = new LeaseFolder({ disk, own, now });
  const cacheFolder = cacheFolderIn(folder);
  const prepare = once(() => prepareStore(disk, folder, own, now));
  const staging = async (): Promise<Staging> => {
    await prepare();
    return makeStaging(disk, join(folder, stagingFolder), await own());
  };
  const shown = (id: string): string => {
    const path = join(folder, 'runs', id);
    const way = relative(workspace, path);
    return (way.startsWith('..') ? path : way).split(sep).join('/');
  };
  const findMade = (id: string): Promise<VersionFile | undefined> => versionOfRun(versions, id);
  const runs = new RunFiles({ folder: join(folder, 'runs'), shown, cacheFolder, disk, leases, now, staging, findMade });
  const runState = async (id: string): Promise<'unfinished' | 'ended' | 'missing'> => {
    const record = await runs.read(id);
    if (record === undefined) return 'missing';
    return isFinished(record) ? 'ended' : 'unfinished';
  };
  const findRun = async (name: string, version: string): Promise<Run | undefined> =>
    (await runs.list()).find((run) => run.package === name && run.version === version);
  const packages = join(folder, 'packages');
  const versions = new VersionFiles({ folder: packages, disk, now, leases, prepare, staging, runState, findRun });
  return {
    folder,
    cacheFolder,
    versions,
    runs,
    staging,
    installation: async () => {
      await prepare();
      return installationOf(disk, join(folder, 'installation'), now());
    },
    watch: (onChange) => watchStore(disk, folder, onChange),
  };
}

/** Remembers what worked, so that a failure can be tried again. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () =>
    (result ??= work().catch((error: unknown) => {
      result = undefined;
      throw error;
    }));
}

async function versionOfRun(versions: VersionFiles, id: string): Promise<VersionFile | undefined> {
  for (const { name } of await versions.packages()) {
    for (const version of await versions.numbers(name)) {
      const text = await versions.readAsIs(name, version);
      if (text?.run === id) return text;
    }
  }
  return undefined;
}

const stagingFolder = 'staging';
const cacheFolderIn = (folder: string): string => join(folder, 'cache');

async function prepareStore(disk: Disk, folder: string, own: Own, now: () => number): Promise<void> {
  for (const name of ['packages', 'runs', stagingFolder, 'cache']) await makeFolder(disk, join(folder, name));
  const ignore = join(folder, '.gitignore');
  if (!(await isThere(disk, ignore))) await createExclusive(disk, ignore, '*\n');
  // Only tidying: what cannot be removed now is removed another time.
  await clearStaging(disk, join(folder, stagingFolder), await own(), now()).catch(() => undefined);
  for (const place of [folder, cacheFolderIn(folder)]) await clearTemporaries(disk, place, now());
}

async function installationOf(disk: Disk, path: string, now: number): Promise<string> {
  for (;;) {
    const text = await readIfThere(disk, path);
    const known = text?.trim() ?? '';
    if (/^[0-9a-f]{32}$/.test(known)) return known;
    if (text !== undefined) await disk.rename(path, `${path}.damaged-${now}`);
    const made = randomBytes(16).toString('hex');
    if (await createExclusive(disk, path, `${made}\n`)) return made;
  }
}
