/** The text whose SHA-256 is the tree hash of a folder (docs/tree-hash.md says how to recompute it with standard tools). */
import * as z from 'zod';

export const sha256Text = z.string().regex(/^[0-9a-f]{64}$/);
export const digestText = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A file or really empty folder of a package. `sha256`: plain hex of the content, "" for a folder. `bytes`: 0 for a folder. */
export const fileEntrySchema = z.strictObject({
  path: z.string().min(1),
  mode: z.enum(['644', '755', 'dir']),
  bytes: z.int().min(0),
  sha256: z.union([sha256Text, z.literal('')]),
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

/** An entry of a dataset: as a package's, or a link with the SHA-256 and length of its target's text. */
export type DatasetEntry =
  FileEntry | { readonly path: string; readonly mode: 'link'; readonly bytes: number; readonly sha256: string };

/** By the bytes of the UTF-8 path, which is the order of code points. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they sort after every other code unit. */
const codePointRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** The line of one entry, ending with a line feed. */
export function treeLine(entry: DatasetEntry): string {
  switch (entry.mode) {
    case 'dir':
      return `dir - 0 ${entry.path}/\n`;
    case 'link':
      return `link ${entry.sha256} ${entry.bytes} ${entry.path}\n`;
    default:
      return `${entry.mode} ${entry.sha256} ${entry.bytes} ${entry.path}\n`;
  }
}
