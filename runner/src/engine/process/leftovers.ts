/** Ends what is left of a run whose supervisor died: nobody else would end it any more. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import * as z from 'zod';
import type { RunPaths } from './runPaths';
import { bootId, startOfProcess } from './supervisorState';

/** `control/child`, as the harness writes it: the leader of the user's process group. */
const childSchema = z.object({ pid: z.int().positive(), start: z.string(), boot: z.string() });

export async function killLeftovers(paths: RunPaths): Promise<void> {
  await killGroup(paths);
  for (const pid of await strays(paths.base)) kill(pid);
}

async function killGroup(paths: RunPaths): Promise<void> {
  const text = await readFile(join(paths.control, 'child'), 'utf8').catch(() => '');
  let child: z.infer<typeof childSchema>;
  try {
    child = childSchema.parse(JSON.parse(text));
  } catch {
    return;
  }
  if (child.boot !== (await bootId())) return;
  const start = await startOfProcess(child.pid);
  // A system gives a number to no one else while a process group still bears it, so without a leader it is still ours.
  if (start !== undefined && start !== child.start) return;
  if (process.platform === 'win32') kill(child.pid);
  else kill(-child.pid);
}

/** Processes that left the group (daemons): those that work in the run's folder and have a run's environment (Linux). */
async function strays(base: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const found: number[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (!`${cwd}${sep}`.startsWith(`${base}${sep}`)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (`\0${environment}`.includes('\0artifacts_directory=')) found.push(Number(name));
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
