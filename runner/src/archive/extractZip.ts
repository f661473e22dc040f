/** Lays the content of one of our own zips out as a folder, below its root folder. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openZip } from './zipReader';

export interface ExtractOptions {
  readonly signal?: AbortSignal | undefined;
}

/** `root` is the zip's root folder; what lies below it comes below `destination`, which is made. */
export async function extractZip(
  zip: string,
  _root: string,
  destination: string,
  options: ExtractOptions = {},
): Promise<void> {
  const reader = await openZip(zip);
  try {
    await mkdir(destination, { recursive: true });
    const made = new Set<string>([destination]);
    for (const entry of reader.entries) {
      options.signal?.throwIfAborted();
      const target = join(destination, ...entry.path.split('/'));
      const folder = entry.mode === 'dir' ? target : dirname(target);
      if (!made.has(folder)) {
        await mkdir(folder, { recursive: true });
        made.add(folder);
      }
      if (entry.mode === 'dir') continue;
      const mode = entry.mode === '755' ? 0o755 : 0o644;
      await pipeline(await reader.openRead(entry.path), createWriteStream(target, { flags: 'wx', mode }));
    }
  } finally {
    await reader.close();
  }
}
