/** Reads one small file out of a tar stream. */
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';

class TarError extends Error {
  override readonly name = 'TarError';
}

export async function readTarFile(tar: Readable, name: string, limit: number): Promise<Buffer> {
  const reader = extract();
  tar.on('error', (error) => reader.destroy(error));
  tar.pipe(reader);
  for await (const entry of reader) {
    const isWanted = entry.header.type === 'file' && entry.header.name === name;
    if (!isWanted) {
      entry.resume();
      continue;
    }
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of entry as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > limit) throw new TarError(`${name} is larger than ${limit} bytes`);
      parts.push(part);
    }
    tar.destroy();
    return Buffer.concat(parts);
  }
  throw new TarError(`${name} is not there`);
}
