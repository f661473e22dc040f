/** The private folder with the sockets of shared ssh connections. Its path is short, since those of sockets may not be long. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { userInfo, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError } from '../../domain/errors';
import { showSsh, type SshTarget } from './sshTarget';
import type { SshProgram } from './sshProgram';

export interface SharedPaths {
  readonly control: string;
  /** The far engine's socket, here. */
  readonly socket: string;
  readonly lock: string;
}

/** Never in a shared folder that others can write below: whoever owns it could answer for the engine. */
export async function sharedPaths(program: SshProgram, target: SshTarget): Promise<SharedPaths> {
  const folder = await privateFolder(program);
  const name = createHash('sha256').update(identity(program, target)).digest('hex').slice(0, 12);
  const path = (ending: string): string => join(folder, `${name}.${ending}`);
  return { control: path('c'), socket: path('s'), lock: path('l') };
}

const leftMilliseconds = 3_600_000;

/** A connection that has ended leaves the forwarded socket behind. */
export async function sweepSockets({ socket }: SharedPaths): Promise<void> {
  const folder = dirname(socket);
  const names = new Set(await readdir(folder).catch(() => []));
  for (const name of names) {
    if (!name.endsWith('.s') || names.has(name.replace(/s$/, 'c'))) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > leftMilliseconds)
      await rm(join(folder, name), { force: true });
  }
}

/** Another ssh, agent or configuration is another connection; so is another list of known hosts, which is to be asked again. */
function identity({ command, environment }: SshProgram, target: SshTarget): string {
  const folder = join(homedir(), '.ssh');
  const files = ['config', 'known_hosts'].map((name) => stampOf(join(folder, name)));
  return JSON.stringify([command, environment['SSH_AUTH_SOCK'] ?? '', showSsh(target), files]);
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.size} ${found.mtimeMs} ${found.ino}`;
}

async function privateFolder({ environment }: SshProgram): Promise<string> {
  const { uid } = userInfo();
  const runtime = environment['XDG_RUNTIME_DIR'] ?? '';
  const candidates = [
    ...(runtime === '' || runtime.length > 30 ? [] : [join(runtime, 'tp-ssh')]),
    `/tmp/tp-ssh-${uid}`,
  ];
  for (const folder of candidates) {
    await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
    const found = await lstat(folder).catch(() => undefined);
    if (found?.isDirectory() === true && found.uid === uid && (found.mode & 0o077) === 0) return folder;
  }
  const message = `The folder for ssh connections (${candidates.at(-1)}) is not yours alone, so it is not used.`;
  throw new ExpectedError('engine-permission', message, 'Remove it, or set XDG_RUNTIME_DIR.');
}

/** One process at a time makes a connection, however many want it: sshd turns away those who come in crowds. */
export async function withLock<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  while (!(await tryLock(path))) {
    if (await isAbandoned(path)) await rm(path, { force: true });
    await delay(20, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** All work under the lock has deadlines that end long before this. */
const longestLock = 90_000;

async function isAbandoned(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  const owner = Number(await readFile(path, 'utf8').catch(() => ''));
  return (owner > 0 && !isAlive(owner)) || Date.now() - found.mtimeMs > longestLock;
}

async function tryLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(String(process.pid)).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
