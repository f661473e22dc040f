/** What a walk over a folder found: entries in the order of the tree hash. */
import type { Warning } from '../domain/run';

export interface ScannedEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'dir';
  readonly mode: '644' | '755' | 'dir';
  /** Bytes of a file, 0 for a folder. */
  readonly bytes: number;
  /** Absolute path of the content. */
  readonly source: string;
  readonly mtimeMs: number;
}

export interface ScannedTree {
  readonly entries: readonly ScannedEntry[];
  readonly warnings: readonly Warning[];
}

export interface Step {
  /** Bytes. */
  readonly done: number;
  readonly total?: number;
}
