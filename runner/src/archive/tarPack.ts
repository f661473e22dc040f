/** Uncompressed tar streams for containers: files from memory, and the content of a version's zip. */
import { finished } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { pack, type Pack } from 'tar-stream';
import { openZip } from './zipReader';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export type TarSource =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer | string }
  /** The content below the root folder of one of our zips, placed below `path`. */
  | { readonly kind: 'zip'; readonly path: string; readonly zip: string };

const fixedTime = new Date(0);
/** What is packed without a stream of its own. */
const smallSize = 256 * 1024;

/** Paths are relative, with `/`. A failure shows as the stream's error. */
export function packTar(sources: readonly TarSource[], owner: Owner): Readable {
  const tar = pack();
  void fill(tar, sources, owner).catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  // tar-stream's own stream class reads like Node's; this makes it one.
  return Readable.from(tar as AsyncIterable<Buffer>, { objectMode: false });
}

async function fill(tar: Pack, sources: readonly TarSource[], owner: Owner): Promise<void> {
  for (const source of sources) {
    if (source.kind === 'folder') await addFolder(tar, source.path, source.mode, owner);
    else if (source.kind === 'file') await addBuffer(tar, source.path, source.mode, Buffer.from(source.content), owner);
    else await addZip(tar, source, owner);
  }
  tar.finalize();
}

function addFolder(tar: Pack, path: string, mode: number, owner: Owner): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ name: `${path}/`, type: 'directory', mode, mtime: fixedTime, ...owner }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

function addBuffer(tar: Pack, path: string, mode: number, content: Buffer, owner: Owner): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ name: path, mode, mtime: fixedTime, ...owner }, content, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

async function addZip(tar: Pack, source: Extract<TarSource, { kind: 'zip' }>, owner: Owner): Promise<void> {
  const reader = await openZip(source.zip);
  try {
    const folders = new Set<string>();
    for (const entry of reader.entries) {
      const path = `${source.path}/${entry.path}`;
      for (const folder of foldersOf(path, source.path, entry.mode === 'dir')) {
        if (folders.has(folder)) continue;
        folders.add(folder);
        await addFolder(tar, folder, 0o755, owner);
      }
      if (entry.mode === 'dir') continue;
      const mode = entry.mode === '755' ? 0o755 : 0o644;
      if (entry.bytes <= smallSize) {
        await addBuffer(tar, path, mode, await reader.readFile(entry.path), owner);
        continue;
      }
      const sink = tar.entry({ name: path, mode, size: entry.bytes, mtime: fixedTime, ...owner });
      const input = await reader.openRead(entry.path);
      input.on('error', (error) => sink.destroy(error)).pipe(sink);
      await finished(sink);
    }
  } finally {
    await reader.close();
  }
}

/** The folders above a path, below `base`, outermost first, so that each of them has the owner too. */
function foldersOf(path: string, base: string, isFolder: boolean): string[] {
  const parts = path.slice(base.length + 1).split('/');
  const count = isFolder ? parts.length : parts.length - 1;
  return Array.from({ length: count }, (_, i) => `${base}/${parts.slice(0, i + 1).join('/')}`);
}
