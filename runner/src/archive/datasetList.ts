/** The list of a dataset's entries as it is sent to an engine: all of it, or what differs from a list that is there. */
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { DatasetEntry } from '../domain/treeHash';

const compress = promisify(gzip);

export interface ListChange {
  readonly set: readonly DatasetEntry[];
  readonly removed: readonly string[];
}

export function listChange(before: readonly DatasetEntry[], after: readonly DatasetEntry[]): ListChange {
  const key = ({ mode, sha256, bytes }: DatasetEntry): string => `${mode} ${sha256} ${bytes}`;
  const old = new Map(before.map((entry) => [entry.path, key(entry)]));
  const set: DatasetEntry[] = [];
  for (const entry of after) {
    if (old.get(entry.path) !== key(entry)) set.push(entry);
    old.delete(entry.path);
  }
  return { set, removed: [...old.keys()] };
}

/** One JSON array a line: mode, SHA-256, length, path, and a link's target; `-` for what is there no more. Compressed. */
export async function writeList(root: string, change: ListChange): Promise<Buffer> {
  const lines = change.removed.map((path) => JSON.stringify(['-', '', 0, path]));
  for (const entry of change.set) {
    const fields: unknown[] = [entry.mode, entry.sha256, entry.bytes, entry.path];
    if (entry.mode === 'link') fields.push(await readlink(join(root, ...entry.path.split('/'))));
    lines.push(JSON.stringify(fields));
  }
  return compress(lines.map((line) => `${line}\n`).join(''));
}

export interface Content {
  /** The SHA-256, with `x` at the end where the owner may execute it: names of one content share its mode. */
  readonly key: string;
  readonly bytes: number;
  /** A path of the dataset that has it. */
  readonly path: string;
}

/** Every content once, in the order in which both sides count them. */
export function contentsOf(entries: readonly DatasetEntry[]): Content[] {
  const found = new Map<string, Content>();
  for (const { mode, sha256, bytes, path } of entries) {
    if (mode === 'dir' || mode === 'link') continue;
    const key = mode === '755' ? `${sha256}x` : sha256;
    if (!found.has(key)) found.set(key, { key, bytes, path });
  }
  return [...found.values()];
}
