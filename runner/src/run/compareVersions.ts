/** Two versions, file by file, by what their seals say; lines are counted where both are text. */
import { openZip, type ZipReader } from '../archive/zipReader';
import type { VersionFile } from '../domain/version';
import type { FileEntry } from '../domain/treeHash';
import type { FileChange, VersionDifference, VersionFileChange } from '../views';
import { fileChanges } from './fileChanges';
import { lineDifference } from './lineDifference';
import { readVersion, type VersionContext } from './versionOperations';

const longestText = 400_000;
const mostCounted = 100;

export async function compareVersions(
  context: VersionContext,
  left: string,
  right: string,
): Promise<VersionDifference> {
  const [before, after] = await Promise.all([readVersion(context, left), readVersion(context, right)]);
  const changes = fileChanges(before.sealed.files, after.sealed.files);
  const made = await madeByTraining(context, after);
  const [oldZip, newZip] = await Promise.all([openOf(context, before), openOf(context, after)]);
  try {
    const told: VersionFileChange[] = [];
    for (const change of changes) {
      const lines = told.length < mostCounted ? await linesOf(change, oldZip, newZip) : null;
      told.push({ ...change, lines, madeByTraining: made.has(change.path) });
    }
    const kept = after.sealed.files.length - changes.filter((change) => change.letter !== 'D').length;
    return { changes: told, same: kept };
  } finally {
    await Promise.all([oldZip?.close(), newZip?.close()]);
  }
}

const openOf = (context: VersionContext, { package: name, version }: VersionFile): Promise<ZipReader | undefined> =>
  openZip(context.store.versions.zipPath(name, version)).catch(() => undefined);

/** Paths that a trained version does not have as its source had them. */
async function madeByTraining(context: VersionContext, file: VersionFile): Promise<ReadonlySet<string>> {
  if (file.from === '') return new Set();
  const source = await context.store.versions.read(file.package, file.from).catch(() => undefined);
  const entries: readonly FileEntry[] = source?.sealed.files ?? [];
  return new Set(fileChanges(entries, file.sealed.files).map((change) => change.path));
}

async function linesOf(change: FileChange, before: ZipReader | undefined, after: ZipReader | undefined) {
  if (Math.max(change.before, change.after) > longestText) return null;
  const [a, b] = await Promise.all([
    textOf(before, change.path, change.letter === 'A'),
    textOf(after, change.path, change.letter === 'D'),
  ]);
  return a === undefined || b === undefined ? null : lineDifference(a, b);
}

async function textOf(zip: ZipReader | undefined, path: string, isAbsent: boolean): Promise<string | undefined> {
  if (isAbsent) return '';
  const bytes = await zip?.readFile(path).catch(() => undefined);
  return bytes === undefined || bytes.includes(0) ? undefined : bytes.toString('utf8');
}
