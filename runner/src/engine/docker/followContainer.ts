/** The log of a run from the engine: framed records on stdout, resumed by time (as a hint) and sequence (exactly). */
import type { FollowOptions, RunRef } from '../engine';
import { decodeRecord, LineSplitter } from '../logFrames';
import { demux } from './demux';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { itemOf, type LogItem } from './logItem';
import { withTail } from './logTail';
import type { OutputsInLog } from './outputsInLog';
import { containerPath } from './runObjects';

/** The engine's clock and the container's are one, yet its stamps may have whole seconds only. */
const marginSeconds = 2;

/** The harness reports every second; a log that is silent for so long is a connection that is dead. */
const heartbeatMilliseconds = 60_000;

/** Read to its end once the run is over, it is completed by what only the run itself has. */
export async function* followContainer(
  client: DockerClient,
  ref: RunRef,
  options: FollowOptions,
  outputs: OutputsInLog,
): AsyncGenerator<LogItem> {
  const items = followEngine(client, ref, options, outputs);
  const after = options.after?.sequence ?? 0;
  yield* options.live ? items : withTail(client, ref, items, { after, outputs, signal: options.signal });
}

async function* followEngine(
  client: DockerClient,
  ref: RunRef,
  options: FollowOptions,
  outputs: OutputsInLog,
): AsyncGenerator<LogItem> {
  const after = options.after?.sequence ?? 0;
  const since = Math.max(0, Number(options.after?.hint ?? '0') - marginSeconds);
  let first = true;
  for await (const item of records(client, ref, options, since, outputs)) {
    // A gap at the beginning: the engine's times are not what they were, so everything is read.
    if (first && since > 0 && item.chunk.sequence > after + 1) {
      yield* followEngine(client, ref, { ...options, after: { sequence: after, hint: '0' } }, outputs);
      return;
    }
    first = false;
    if (item.chunk.sequence > after) yield item;
  }
}

async function* records(
  client: DockerClient,
  ref: RunRef,
  options: FollowOptions,
  since: number,
  outputs: OutputsInLog,
): AsyncGenerator<LogItem> {
  const query = { stdout: true, stderr: false, follow: options.live, timestamps: false, since };
  const { signal } = options;
  let stream;
  try {
    stream = await client.stream('GET', `${containerPath(ref)}/logs`, query, {
      signal,
      idleMilliseconds: heartbeatMilliseconds,
    });
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return;
    throw error;
  }
  try {
    const lines = new LineSplitter();
    for await (const frame of demux(stream)) {
      if (frame.stream !== 'stdout') continue;
      for (const line of lines.push(frame.data)) {
        const chunk = decodeRecord(line);
        if (chunk === undefined || outputs.take(ref.runId, chunk)) continue;
        yield itemOf(chunk);
      }
    }
    signal.throwIfAborted();
  } finally {
    stream.destroy();
  }
}

/** What the interpreter or the harness itself said on stderr; for the words of a failure. */
export async function readComplaints(client: DockerClient, ref: RunRef, signal?: AbortSignal): Promise<string> {
  const query = { stdout: false, stderr: true, follow: false, tail: 20 };
  const stream = await client.stream('GET', `${containerPath(ref)}/logs`, query, { signal });
  const parts: Buffer[] = [];
  for await (const frame of demux(stream)) parts.push(frame.data);
  return Buffer.concat(parts).toString('utf8').trim().split('\n').at(-1)?.slice(0, 500) ?? '';
}
