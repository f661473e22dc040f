/** Removes a folder with all that training code may have locked in it. Links are removed, not followed. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await unlock(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function unlock(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return;
  await chmod(folder, 0o700).catch(() => undefined);
  for (const name of await readdir(folder).catch(() => [])) await unlock(join(folder, name));
}
