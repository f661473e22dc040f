// What is expensive to make is kept between runs, and is either whole or not there: made under another name, then renamed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, say } from './say.mjs';

export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'training-pipelines-test');

/** Nobody may be there to reap a process: a zombie has ended. */
function isZombie(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const ownerOf = (lock) => {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return undefined;
  }
};

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** One process at a time; a lock whose owner is gone is taken over. */
export async function withLock(name, work) {
  mkdirSync(cacheFolder, { recursive: true });
  const lock = join(cacheFolder, `${name}.lock`);
  let hasSaid = false;
  while (!tryLock(lock)) {
    const owner = ownerOf(lock);
    if (owner !== undefined && owner > 0 && !isAlive(owner)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!hasSaid) say(`waiting for process ${owner}, which is making ${name}`);
    hasSaid = true;
    await delay(500);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Answers the path of `name` in the cache; `make(path)` is called where it is not there yet. */
export async function cached(name, make) {
  const path = join(cacheFolder, name);
  if (existsSync(path)) return path;
  return withLock(name, async () => {
    if (existsSync(path)) return path;
    const folder = mkdtempSync(join(cacheFolder, 'making-'));
    try {
      await make(join(folder, 'it'));
      renameSync(join(folder, 'it'), path);
    } finally {
      removeTree(folder);
    }
    return path;
  });
}

/** Removes a folder that may hold a file system tree with mounts: never across them. */
export function removeTree(folder) {
  if (process.platform === 'linux') ask('rm', ['-rf', '--one-file-system', '--', folder]);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

export const shortHash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8);
