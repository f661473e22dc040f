/** Tells of changes in a store. File watchers may stop silently, so they are a hint; a slow look at the folders is the truth. */
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from './disk';
import { listFolder } from './fileOperations';
import { marksFile } from './runMarks';
import { runFile } from './runRecord';

const debounceMilliseconds = 100;
const rescanMilliseconds = 2_000;
/** Runs whose record is looked at. */
const newestRuns = 50;

export function watchStore(disk: Disk, folder: string, onChange: () => void): { dispose(): void } {
  const packages = join(folder, 'packages');
  const runs = join(folder, 'runs');
  const watchers = new Map<string, FSWatcher>();
  let isDisposed = false;
  let pending: NodeJS.Timeout | undefined;
  let last: string | undefined;
  const tell = (): void => {
    if (isDisposed) return;
    pending ??= setTimeout(() => {
      pending = undefined;
      onChange();
    }, debounceMilliseconds).unref();
  };
  // A folder that is made later, or whose watcher gave up, is watched from the next look on.
  const watchAll = (): void => {
    for (const place of [packages, runs]) if (!watchers.has(place)) startWatching(watchers, place, tell);
  };
  const look = async (): Promise<void> => {
    const text = await snapshot(disk, packages, runs);
    if (isDisposed) return;
    if (last !== undefined && text !== last) tell();
    last = text;
    watchAll();
  };
  watchAll();
  void look();
  const scan = setInterval(() => void look(), rescanMilliseconds).unref();
  return {
    dispose: () => {
      isDisposed = true;
      clearInterval(scan);
      clearTimeout(pending);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function startWatching(watchers: Map<string, FSWatcher>, place: string, tell: () => void): void {
  try {
    const watcher = watch(place, { recursive: process.platform !== 'linux', persistent: false }, tell);
    watchers.set(place, watcher);
    watcher.on('error', () => {
      watcher.close();
      watchers.delete(place);
    });
  } catch {
    // Not there yet, or no watchers left: the slow look finds what changes.
  }
}

/** Names and times of packages and runs, and of the newest runs' records. */
async function snapshot(disk: Disk, packages: string, runs: string): Promise<string> {
  const packageNames = await namesIn(disk, packages);
  const runNames = await namesIn(disk, runs);
  const newest = runNames.slice(-newestRuns);
  const times = await Promise.all([
    ...packageNames.map((name) => changeOf(disk, join(packages, name))),
    ...newest.flatMap((name) => [runFile, marksFile].map((file) => changeOf(disk, join(runs, name, file)))),
  ]);
  return [...packageNames, String(runNames.length), ...newest, ...times].join('|');
}

const namesIn = (disk: Disk, folder: string): Promise<string[]> =>
  listFolder(disk, folder).then(
    (entries) => entries.map((entry) => entry.name).sort(),
    () => [],
  );

const changeOf = (disk: Disk, path: string): Promise<string> =>
  disk.stat(path).then(
    (found) => `${found.mtimeMs}-${found.ino}`,
    () => '',
  );
