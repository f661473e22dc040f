/** Who holds a lease: a process that can be told from a later one with the same number. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);

export const identitySchema = z.object({
  host: z.string(),
  /** Changes with every start of the machine; "" where unknown. */
  boot: z.string(),
  pid: z.int(),
  /** When the process began, in words of the system; "" where unknown. */
  started: z.string(),
  /** Where its number counts (containers have their own); "" where unknown. */
  space: z.string().default(''),
  token: z.string(),
});
export type ProcessIdentity = z.infer<typeof identitySchema>;

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [boot, started, space] = await Promise.all([bootId(), startOf(process.pid), pidSpace()]);
  const token = randomBytes(8).toString('hex');
  return { host: hostname(), boot, pid: process.pid, started: started ?? '', space, token };
}

async function bootId(): Promise<string> {
  if (process.platform === 'linux') return textOr(readFile('/proc/sys/kernel/random/boot_id', 'utf8'));
  if (process.platform === 'darwin') return textOr(outputOf('sysctl', ['-n', 'kern.bootsessionuuid']));
  return '';
}

const pidSpace = async (): Promise<string> =>
  process.platform === 'linux' ? textOr(readlink('/proc/self/ns/pid')) : '';

const textOr = (text: Promise<string>): Promise<string> =>
  text.then(
    (found) => found.trim(),
    () => '',
  );

/** In one language and time zone: what `ps` says of a start must read the same to every process. */
async function outputOf(file: string, words: readonly string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return (await run(file, words, { env, timeout: 5_000 })).stdout;
}

/** Undefined where there is no such process; "" where it is there and its start cannot be told. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxStart(pid);
  if (!isThere(pid)) return undefined;
  if (process.platform === 'win32') return '';
  return textOr(outputOf('ps', ['-o', 'lstart=', '-p', String(pid)]));
}

async function linuxStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return isThere(pid) ? '' : undefined;
  // The name in parentheses may hold anything; fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** `unknown` where that cannot be told from here: another machine or container, or a start that the system does not tell. */
export async function stateOf(holder: ProcessIdentity, own: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  const sameBoot = holder.boot === own.boot && own.boot !== '';
  // A name may change while the machine runs, its boot id does not.
  if (!sameBoot && holder.host !== own.host) return 'unknown';
  if (holder.boot !== own.boot) return 'dead';
  if (holder.space !== own.space) return 'unknown';
  const started = await startOf(holder.pid);
  if (started === undefined) return 'dead';
  if (started === '' || holder.started === '') return 'unknown';
  return started === holder.started ? 'alive' : 'dead';
}
