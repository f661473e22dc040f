/** What differs between two lists of files. */
import type { DatasetEntry } from '../domain/treeHash';
import type { FileChange } from '../views';

const keyOf = (entry: DatasetEntry): string => `${entry.mode} ${entry.sha256} ${entry.bytes}`;

/** In order of path. Empty folders count as files without bytes. */
export function fileChanges(before: readonly DatasetEntry[], after: readonly DatasetEntry[]): FileChange[] {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const fresh = new Map(after.map((entry) => [entry.path, entry]));
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((path): FileChange[] => {
    const [a, b] = [old.get(path), fresh.get(path)];
    if (a !== undefined && b !== undefined && keyOf(a) === keyOf(b)) return [];
    const letter = a === undefined ? 'A' : b === undefined ? 'D' : 'M';
    return [{ path, letter, before: a?.bytes ?? 0, after: b?.bytes ?? 0 }];
  });
}
