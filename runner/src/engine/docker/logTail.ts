/**
 * What an engine's own log may lack: one that is killed takes along what it had read from the run and not yet written. The
 * harness keeps the end of its log in two files of the control folder; from there the missing records are filled in.
 */
import { readTarFile } from '../../archive/tarFile';
import type { RunRef } from '../engine';
import { decodeRecord, LineSplitter } from '../logFrames';
import { controlFolder } from './containerSpec';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { itemOf, type LogItem } from './logItem';
import type { OutputsInLog } from './outputsInLog';
import { containerPath } from './runObjects';

/** Older records first. */
const names = ['log.before', 'log.tail'] as const;
/** One is begun anew once it has 16 MiB; the record that reaches that is the last. */
const largest = 20 * 1024 * 1024;

export interface TailOptions {
  /** The last record that is known already. */
  readonly after: number;
  readonly outputs: OutputsInLog;
  readonly signal: AbortSignal;
}

/** The records after `after`, those that the engine's log lacks among them, in order. */
export async function* withTail(
  client: DockerClient,
  ref: RunRef,
  items: AsyncIterable<LogItem>,
  { after, outputs, signal }: TailOptions,
): AsyncGenerator<LogItem> {
  let last = after;
  const tail = new Ahead(readTail(client, ref, outputs, signal));
  for await (const item of items) {
    if (item.chunk.sequence > last + 1) {
      for (let found = await tail.after(last); found !== undefined; found = await tail.after(last)) {
        if (found.chunk.sequence >= item.chunk.sequence) break;
        yield found;
        last = found.chunk.sequence;
      }
    }
    yield item;
    last = Math.max(last, item.chunk.sequence);
  }
  for (let found = await tail.after(last); found !== undefined; found = await tail.after(last)) {
    yield found;
    last = found.chunk.sequence;
  }
}

/** Read once, and only as far as it is asked for. */
class Ahead {
  private next: LogItem | undefined;

  constructor(private readonly items: AsyncIterator<LogItem>) {}

  async after(sequence: number): Promise<LogItem | undefined> {
    while (this.next === undefined || this.next.chunk.sequence <= sequence) {
      const { value, done } = await this.items.next();
      if (done === true) return undefined;
      this.next = value as LogItem;
    }
    return this.next;
  }
}

async function* readTail(
  client: DockerClient,
  ref: RunRef,
  outputs: OutputsInLog,
  signal: AbortSignal,
): AsyncGenerator<LogItem> {
  for (const name of names) {
    const text = await readTailFile(client, ref, name, signal);
    if (text === undefined) continue;
    for (const line of new LineSplitter().push(text)) {
      const chunk = decodeRecord(line);
      if (chunk !== undefined && !outputs.take(ref.runId, chunk)) yield itemOf(chunk);
    }
  }
}

/** Undefined where there is none that can be read: the training code may do with it what it likes. */
async function readTailFile(client: DockerClient, ref: RunRef, name: string, signal: AbortSignal) {
  try {
    const query = { path: `${controlFolder}/${name}` };
    const tar = await client.stream('GET', `${containerPath(ref)}/archive`, query, { signal });
    return await readTarFile(tar, name, largest);
  } catch (error) {
    signal.throwIfAborted();
    // A connection that is lost has a code; what is no archive has none.
    if (error instanceof DockerRefusal || (error as { code?: unknown }).code === undefined) return undefined;
    throw error;
  }
}
