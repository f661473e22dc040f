/** One at a time across processes, by a file that names its holder; a dead holder's claim is taken over. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identitySchema, ownIdentity, stateOf, type ProcessIdentity } from '../../store/processIdentity';

const pollMilliseconds = 200;

export async function withClaim<Result>(
  path: string,
  signal: AbortSignal | undefined,
  action: () => Promise<Result>,
  onWait: () => void = () => undefined,
): Promise<Result> {
  const own = await ownIdentity();
  const text = JSON.stringify(own);
  for (let waited = false; !(await take(path, text, own)); waited = true) {
    if (!waited) onWait();
    await delay(pollMilliseconds, undefined, { signal });
  }
  try {
    return await action();
  } finally {
    // Someone may have taken it over, if this process was suspended for long.
    if ((await readFile(path, 'utf8').catch(() => '')) === text) await rm(path, { force: true });
  }
}

async function take(path: string, text: string, own: ProcessIdentity): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  try {
    if (await linkNew(temporary, path)) return true;
    if (!(await isAbandoned(path, own))) return false;
    // Two may take it over at once: only one of them finds its own words in it afterwards.
    await rename(temporary, path);
    await delay(20);
    return (await readFile(path, 'utf8').catch(() => '')) === text;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linkNew(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without links: what is left is an exclusive create.
    return writeFile(path, await readFile(temporary), { flag: 'wx', mode: 0o600 }).then(
      () => true,
      (second: NodeJS.ErrnoException) => {
        if (second.code === 'EEXIST') return false;
        throw second;
      },
    );
  }
}

async function isAbandoned(path: string, own: ProcessIdentity): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  try {
    const holder = identitySchema.parse(JSON.parse(text));
    return (await stateOf(holder, own)) === 'dead';
  } catch {
    return true;
  }
}
