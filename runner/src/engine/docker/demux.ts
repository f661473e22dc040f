/** Takes the engine's log stream apart: frames of an 8-byte header (stream, length) and data, in bounded memory. */
import type { Readable } from 'node:stream';

export interface LogFrame {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

const headerLength = 8;

/** A frame that arrives in pieces is passed on in pieces. Throws where the bytes are no such stream. */
export async function* demux(source: Readable): AsyncGenerator<LogFrame> {
  let header = Buffer.alloc(0);
  let left = 0;
  let stream: LogFrame['stream'] = 'stdout';
  for await (const part of source) {
    let rest = part as Buffer;
    while (rest.length > 0) {
      if (left === 0) {
        const wanted = headerLength - header.length;
        header = Buffer.concat([header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (header.length < headerLength) break;
        stream = streamOf(header);
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const data = rest.subarray(0, left);
      left -= data.length;
      rest = rest.subarray(data.length);
      yield { stream, data };
    }
  }
}

function streamOf(header: Buffer): LogFrame['stream'] {
  const number = header[0] ?? 255;
  if (number > 2 || header.readUIntBE(1, 3) !== 0) throw new Error('the log of the engine is no stream of frames');
  return number === 2 ? 'stderr' : 'stdout';
}
