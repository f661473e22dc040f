/** Who holds a lease: a process that can be told from a later one with the same number. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

export const identitySchema = z.object({
  host: z.string(),
  /** Changes with every start of the machine; "" where unknown. */
  boot: z.string(),
  pid: z.int(),
  /** When the process began, in words of the system; "" where unknown. */
  started: z.string(),
  token: z.string(),
});
export type ProcessIdentity = z.infer<typeof identitySchema>;

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [boot, started] = await Promise.all([bootId(), startOf(process.pid)]);
  return { host: hostname(), boot, pid: process.pid, started: started ?? '', token: randomBytes(8).toString('hex') };
}

async function bootId(): Promise<string> {
  if (process.platform !== 'linux') return '';
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

/** Undefined where there is no such process; "" where it is there and its start cannot be told. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxStart(pid);
  if (!isThere(pid)) return undefined;
  if (process.platform === 'win32') return '';
  return run('ps', ['-o', 'lstart=', '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

async function linuxStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold anything; fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** `unknown` where it ran on another machine. */
export async function stateOf(holder: ProcessIdentity, own: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  if (holder.host !== own.host) return 'unknown';
  if (holder.boot !== own.boot) return 'dead';
  const started = await startOf(holder.pid);
  if (started === undefined) return 'dead';
  return started === '' || holder.started === '' || started === holder.started ? 'alive' : 'dead';
}
