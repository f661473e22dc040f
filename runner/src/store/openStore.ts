/** Opens (and, at the first write, makes) a store. */
import { randomBytes } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { createExclusive, listNames, readIfThere, realDisk, type Disk } from './disk';
import { LeaseFolder } from './leaseFolder';
import { identitySchema, ownIdentity, stateOf, type ProcessIdentity } from './processIdentity';
import { isFinished, RunFiles } from './runFiles';
import type { Store } from './store';
import { parseJson, VersionFiles } from './versionFiles';

export interface StoreOptions {
  /** Absolute path of the store. */
  readonly folder: string;
  /** Absolute path of the workspace, against which paths are shown. */
  readonly workspace: string;
  readonly disk?: Disk;
  readonly now?: () => number;
}

const debounceMilliseconds = 100;
const rescanMilliseconds = 2_000;

export function openStore(options: StoreOptions): Store {
  const { folder, workspace, disk = realDisk, now = () => Date.now() } = options;
  let identity: Promise<ProcessIdentity> | undefined;
  const own = (): Promise<ProcessIdentity> => (identity ??= ownIdentity());
  const leases = new LeaseFolder(disk, own, now);
  const cacheFolder = join(folder, 'cache');
  let prepared: Promise<void> | undefined;
  const prepare = (): Promise<void> => (prepared ??= prepareStore(disk, folder, own));

  const staging = async () => {
    await prepare();
    const path = join(folder, 'staging', randomBytes(8).toString('hex'));
    await disk.mkdir(path);
    await disk.writeNew(join(path, 'owner.json'), JSON.stringify(await own()), false);
    return { path, remove: () => disk.remove(path) };
  };
  const shown = (id: string): string => {
    const path = join(folder, 'runs', id);
    const way = relative(workspace, path);
    return (way.startsWith('..') ? path : way).split(sep).join('/');
  };
  const runs = new RunFiles({ folder: join(folder, 'runs'), shown, cacheFolder, disk, leases, now, staging });
  const isUnfinished = async (id: string): Promise<boolean> => !isFinished(await runs.read(id));
  const versions = new VersionFiles({ folder: join(folder, 'packages'), disk, leases, staging, isUnfinished });
  return {
    folder,
    cacheFolder,
    versions,
    runs,
    staging,
    installation: async () => {
      await prepare();
      return installationOf(disk, join(folder, 'installation'));
    },
    watch: (onChange) => watchStore(disk, folder, onChange),
  };
}

async function prepareStore(disk: Disk, folder: string, own: () => Promise<ProcessIdentity>): Promise<void> {
  for (const name of ['packages', 'runs', 'staging', 'cache']) await disk.mkdir(join(folder, name));
  if ((await readIfThere(disk, join(folder, '.gitignore'))) === undefined) {
    await createExclusive(disk, join(folder, '.gitignore'), '*\n');
  }
  await clearStaging(disk, join(folder, 'staging'), await own());
}

/** Removes what dead processes left in staging. */
async function clearStaging(disk: Disk, folder: string, own: ProcessIdentity): Promise<void> {
  for (const entry of await listNames(disk, folder)) {
    const path = join(folder, entry.name);
    const text = await readIfThere(disk, join(path, 'owner.json')).catch(() => undefined);
    const owner = identitySchema.safeParse(text === undefined ? undefined : parseJson(text.toString('utf8')));
    if (owner.success && (await stateOf(owner.data, own)) === 'dead') await disk.remove(path);
  }
}

async function installationOf(disk: Disk, path: string): Promise<string> {
  const known = (await readIfThere(disk, path))?.toString('utf8').trim() ?? '';
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  if (known !== '' || (await readIfThere(disk, path)) !== undefined) await disk.rename(path, `${path}.damaged`);
  await createExclusive(disk, path, `${randomBytes(16).toString('hex')}\n`);
  return ((await readIfThere(disk, path)) ?? Buffer.alloc(0)).toString('utf8').trim();
}

/** File watchers may stop silently, so they are a hint; a slow look at the folders is the truth. */
function watchStore(disk: Disk, folder: string, onChange: () => void): { dispose(): void } {
  const places = [join(folder, 'packages'), join(folder, 'runs')];
  const watchers: FSWatcher[] = [];
  let pending: NodeJS.Timeout | undefined;
  let last: string | undefined;
  const tell = (): void => {
    pending ??= setTimeout(() => {
      pending = undefined;
      onChange();
    }, debounceMilliseconds);
    pending.unref();
  };
  for (const place of places) {
    try {
      const watcher = watch(place, { recursive: process.platform !== 'linux', persistent: false }, tell);
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    } catch {
      // Not there yet, or no watchers left: the slow look finds it.
    }
  }
  const scan = setInterval(() => {
    void snapshot(disk, places).then((text) => {
      if (last !== undefined && text !== last) tell();
      last = text;
    });
  }, rescanMilliseconds);
  scan.unref();
  return {
    dispose: () => {
      clearInterval(scan);
      clearTimeout(pending);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Names and times of packages and runs, and of the newest runs' records. */
async function snapshot(disk: Disk, places: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const place of places) {
    const names = (await listNames(disk, place).catch(() => [])).map((entry) => entry.name).sort();
    parts.push(String(names.length), ...names.slice(-20));
    for (const name of names.slice(-20)) {
      const path = place.endsWith('runs') ? join(place, name, 'run.json') : join(place, name);
      parts.push(String((await disk.stat(path).catch(() => undefined))?.mtimeMs ?? ''));
    }
  }
  return parts.join('|');
}
