/** Whether a local run's supervisor is there: by pid and start time, never by the pid alone. */
import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import { completionRecordSchema, type CompletionRecord } from '../../domain/completionRecord';
import { messageOf } from '../../domain/errors';
import { startOf } from '../../store/processIdentity';
import { runTool } from './runTool';
import type { EngineState } from '../engine';
import type { RunPaths } from './runPaths';

/** The content of `control/started`. `start`: as the system words it, "" where it has no words for it. */
const startedSchema = z.object({ pid: z.int().positive(), start: z.string(), boot: z.string() });
export type Started = z.infer<typeof startedSchema>;

export async function readStarted(paths: RunPaths): Promise<Started | undefined> {
  const text = await readFile(paths.started, 'utf8').catch(() =>
    readFile(paths.startedCopy, 'utf8').catch(() => undefined),
  );
  if (text === undefined) return undefined;
  try {
    return startedSchema.parse(JSON.parse(text));
  } catch {
    // Torn by a power cut: the process that wrote it is gone with the machine.
    return { pid: 0x7fffffff, start: 'unreadable', boot: '' };
  }
}

export async function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

export async function isAlive(started: Started): Promise<boolean> {
  if (started.boot !== '' && started.boot !== (await bootId())) return false;
  const now = await startOfProcess(started.pid);
  if (now === undefined) return false;
  return now === '' || started.start === '' || now === started.start;
}

/** As the harness words it: macOS's `ps` speaks the language and the time zone that it is told. */
export async function startOfProcess(pid: number): Promise<string | undefined> {
  if (process.platform !== 'darwin') return startOf(pid);
  const environment = { PATH: process.env.PATH ?? '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' };
  const { code, output } = await runTool('ps', ['-o', 'lstart=', '-p', String(pid)], {
    environment,
    timeoutMilliseconds: 10_000,
  });
  return code === 0 && output.trim() !== '' ? output.trim() : undefined;
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const ended = (error: string): EngineState => ({
  kind: 'ended',
  exitCode: null,
  signal: null,
  outOfMemory: false,
  error,
});

export async function inspectRun(paths: RunPaths): Promise<EngineState> {
  if (!(await exists(paths.base))) return { kind: 'forgotten' };
  const started = await readStarted(paths);
  if (started === undefined) return (await exists(paths.record)) ? ended('') : { kind: 'created' };
  if (await isAlive(started)) return { kind: 'running', where: `process ${started.pid}` };
  return ended((await exists(paths.record)) ? '' : await whyGone(paths, started));
}

async function whyGone(paths: RunPaths, started: Started): Promise<string> {
  if (started.boot !== '' && started.boot !== (await bootId())) return 'the machine was restarted in mid-run';
  const complaint = (await readFile(paths.complaints, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? '';
  return complaint === '' ? 'the supervising process is gone (someone killed it?)' : `the harness failed: ${complaint}`;
}

/** The completion record, or why there is none. */
export async function readRecord(
  paths: RunPaths,
  nonce: string,
): Promise<{ readonly record: CompletionRecord | undefined; readonly problem: string }> {
  let text: string;
  try {
    text = await readFile(paths.record, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { record: undefined, problem: missing ? 'there is no completion record' : messageOf(error) };
  }
  try {
    const record = completionRecordSchema.parse(JSON.parse(text));
    if (record.nonce === nonce) return { record, problem: '' };
    return { record: undefined, problem: 'the completion record is of another run' };
  } catch {
    return { record: undefined, problem: 'the completion record cannot be read' };
  }
}
