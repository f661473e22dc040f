/** The user's process of a run whose supervisor died: nobody else would end it any more. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunPaths } from './runPaths';
import { isAlive } from './supervisorState';

/** `control/child`, as the harness writes it: the leader of the user's process group. */
const childSchema = z.object({ pid: z.int().positive(), start: z.string(), boot: z.string() });

export async function killLeftovers(paths: RunPaths): Promise<void> {
  const text = await readFile(join(paths.control, 'child'), 'utf8').catch(() => '');
  let child: z.infer<typeof childSchema>;
  try {
    child = childSchema.parse(JSON.parse(text));
  } catch {
    return;
  }
  if (!(await isAlive(child))) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
