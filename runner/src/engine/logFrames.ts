/**
 * The framed log that the harness writes, because engines' own logs lose bytes that are not UTF-8, split long lines and
 * stamp several frames with the same time. One record a line, at most 8 KiB of payload each:
 *
 *   SEQUENCE SP MILLISECONDS SP STREAM SP TEXT LF        STREAM: o stdout, e stderr, m event (TEXT is a JSON object)
 *
 * TEXT is the payload with `\` as `\\`, LF as `\n`, CR as `\r`, other control characters and bytes that are not valid
 * UTF-8 as `\xHH`. A record may end in the middle of a line, never in the middle of a character.
 */
import type { LogChunk, LogStream } from './engine';

const streams: Readonly<Record<string, LogStream>> = { o: 'stdout', e: 'stderr', m: 'event' };
const escaped: Readonly<Record<string, number>> = { '\\': 0x5c, n: 0x0a, r: 0x0d };
const backslash = 0x5c;

/** One line without its LF; undefined where it is no record (someone else wrote to the engine's log). */
export function decodeRecord(line: Buffer): LogChunk | undefined {
  const head = /^(\d{1,15}) (\d{1,15}) ([oem]) /.exec(line.toString('latin1', 0, Math.min(line.length, 40)));
  if (head === null) return undefined;
  const [prefix, sequence, time, letter] = head;
  const stream = streams[letter ?? ''];
  if (stream === undefined) return undefined;
  return { sequence: Number(sequence), time: Number(time), stream, bytes: unescape(line.subarray(prefix.length)) };
}

function unescape(text: Buffer): Uint8Array {
  if (!text.includes(backslash)) return text;
  const out = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0;
    if (byte !== backslash) {
      out[length++] = byte;
      continue;
    }
    const letter = String.fromCharCode(text[++i] ?? 0);
    const plain = escaped[letter];
    if (plain === undefined) {
      out[length++] = Number.parseInt(text.toString('latin1', i + 1, i + 3), 16);
      i += 2;
    } else {
      out[length++] = plain;
    }
  }
  return out.subarray(0, length);
}

/** Cuts a byte stream into lines in bounded memory: a line over the limit is dropped whole, since no record is that long. */
export class LineSplitter {
  private parts: Buffer[] = [];
  private length = 0;
  private dropping = false;

  constructor(private readonly limit = 64 * 1024) {}

  push(data: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a, start)) {
      this.keep(data.subarray(start, end));
      if (!this.dropping) lines.push(this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts));
      this.parts = [];
      this.length = 0;
      this.dropping = false;
      start = end + 1;
    }
    if (start < data.length) this.keep(Buffer.from(data.subarray(start)));
    return lines;
  }

  private keep(part: Buffer): void {
    this.length += part.length;
    if (this.length > this.limit) {
      this.dropping = true;
      this.parts = [];
    }
    if (!this.dropping) this.parts.push(part);
  }
}
