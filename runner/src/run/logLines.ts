/** The log line by line: of a line that `\r` rewrote its last state; each stream's lines for themselves, in the order of their ends. */
import type { RunLogLine } from '../runner';
import { isoTime } from './runDocument';

type Stream = RunLogLine['stream'];

/** A line longer than this is given out in pieces, so that an endless one stays within bounded memory. */
const longestLine = 1024 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export class LineAssembler {
  private readonly open: Record<Stream, { bytes: Buffer; time: number }> = {
    stdout: { bytes: Buffer.alloc(0), time: 0 },
    stderr: { bytes: Buffer.alloc(0), time: 0 },
  };

  push(stream: Stream, time: number, bytes: Uint8Array): RunLogLine[] {
    const lines: RunLogLine[] = [];
    const state = this.open[stream];
    state.time = time;
    let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let end = rest.indexOf(lineFeed); end !== -1; end = rest.indexOf(lineFeed)) {
      lines.push(lineOf(stream, time, Buffer.concat([state.bytes, rest.subarray(0, end)])));
      state.bytes = Buffer.alloc(0);
      rest = rest.subarray(end + 1);
    }
    state.bytes = lastState(Buffer.concat([state.bytes, rest]));
    if (state.bytes.length >= longestLine) lines.push(...this.flush(stream));
    return lines;
  }

  /** What is left of lines that never ended. */
  end(): RunLogLine[] {
    return [...this.flush('stdout'), ...this.flush('stderr')];
  }

  /** Lines as far as they have come: a progress bar, or a line that is printed piece by piece. */
  pending(): RunLogLine[] {
    return (['stdout', 'stderr'] as const).flatMap((stream) => {
      const { bytes, time } = this.open[stream];
      return bytes.length === 0 ? [] : [lineOf(stream, time, bytes)];
    });
  }

  private flush(stream: Stream): RunLogLine[] {
    const { bytes, time } = this.open[stream];
    this.open[stream].bytes = Buffer.alloc(0);
    return bytes.length === 0 ? [] : [lineOf(stream, time, bytes)];
  }
}

/** Drops what a later `\r` overwrites; the last one is kept, since what follows may still come. */
function lastState(bytes: Buffer): Buffer {
  const last = bytes.lastIndexOf(carriageReturn);
  if (last <= 0) return bytes;
  if (last < bytes.length - 1) return bytes.subarray(last + 1);
  const before = bytes.lastIndexOf(carriageReturn, last - 1);
  return before === -1 ? bytes : bytes.subarray(before + 1);
}

function lineOf(stream: Stream, time: number, bytes: Buffer): RunLogLine {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === carriageReturn) end -= 1;
  const start = end === 0 ? 0 : bytes.lastIndexOf(carriageReturn, end - 1) + 1;
  return { time: isoTime(time), stream, text: bytes.toString('utf8', start, end) };
}
