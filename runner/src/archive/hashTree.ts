/** The tree hash of scanned entries, with the SHA-256 of every file, on two threads. */
import { createHash } from 'node:crypto';
import { ExpectedError } from '../domain/errors';
import { treeLine, type DatasetEntry, type FileEntry } from '../domain/treeHash';
import { hashFiles } from './hashFiles';
import type { ScannedEntry, Step } from './scannedTree';

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((step: Step) => void) | undefined;
}

export interface HashedTree {
  /** `sha256:…` */
  readonly tree: string;
  readonly files: readonly FileEntry[];
  /** Of all files. */
  readonly bytes: number;
}

export async function hashTree(entries: readonly ScannedEntry[], options: HashOptions = {}): Promise<HashedTree> {
  const digests = await hashFiles(
    entries.filter((entry) => entry.kind === 'file').map(({ source, bytes }) => ({ path: source, bytes })),
    options,
  );
  let next = 0;
  const files = entries.map((entry): FileEntry => {
    if (entry.mode === 'dir') return { path: entry.path, mode: 'dir', bytes: 0, sha256: '' };
    const digest = digests[next++];
    if (digest === undefined || digest.bytes !== entry.bytes) throw changed(entry.path);
    return { path: entry.path, mode: entry.mode, bytes: entry.bytes, sha256: digest.sha256 };
  });
  return { tree: treeDigest(files), files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}

export const changed = (path: string): ExpectedError =>
  new ExpectedError(
    'package-invalid',
    `${path} changed while it was read.`,
    'Wait until nothing writes into the package, then try again.',
  );

const linesAtOnce = 64 * 1024;

/** Entries must be in order. */
export function treeDigest(entries: Iterable<DatasetEntry>): string {
  const hash = createHash('sha256');
  let lines = '';
  for (const entry of entries) {
    lines += treeLine(entry);
    if (lines.length < linesAtOnce) continue;
    hash.update(lines);
    lines = '';
  }
  hash.update(lines);
  return `sha256:${hash.digest('hex')}`;
}
