/**
 * Takes a version over into the working folder, and lays versions out as new folders. What the working folder held is a
 * version before anything is touched; what is in the way and in no version is never written over.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extractZip } from '../archive/extractZip';
import { hashTree } from '../archive/hashTree';
import type { ScannedTree } from '../archive/scanPackage';
import { openZip, type ZipReader } from '../archive/zipReader';
import { ExpectedError } from '../domain/errors';
import type { FileEntry } from '../domain/treeHash';
import type { VersionFile } from '../domain/version';
import type { FileChange, Restored, TakeOver } from '../views';
import { fileChanges } from './fileChanges';
import { shownPath } from './paths';
import { publishFolder, scanWorkingFolder } from './publishFolder';
import { isoTime } from './runDocument';
import { readVersion, type VersionContext } from './versionOperations';

const sibling = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);

export async function restoreVersion(context: VersionContext, id: string, folder: string): Promise<Restored> {
  const file = await readVersion(context, id);
  if (await isThere(folder))
    throw new ExpectedError('file-exists', `${folder} is there already.`, 'Choose a folder that does not exist yet.');
  const staging = sibling(folder);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await extractZip(context.store.versions.zipPath(file.package, file.version), file.package, staging);
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  return { path: folder, files: file.sealed.files.filter((entry) => entry.mode !== 'dir').length };
}

interface Prepared {
  readonly file: VersionFile;
  /** Real, absolute. */
  readonly folder: string;
  readonly scanned: ScannedTree;
  readonly now: readonly FileEntry[];
  readonly changes: readonly FileChange[];
}

/** `folder`: of the package, absolute; null where it has none. */
export async function planTakeOver(context: VersionContext, id: string, folder: string | null): Promise<TakeOver> {
  const { file, changes, folder: real } = await prepare(context, id, folder);
  return told(context, file, real, changes, null);
}

const told = (
  context: VersionContext,
  file: VersionFile,
  folder: string,
  changes: readonly FileChange[],
  kept: string | null,
): TakeOver => ({
  package: file.package,
  version: file.version,
  folder: shownPath(context.workspace, folder),
  changes,
  kept,
});

export async function takeOver(context: VersionContext, id: string, folder: string | null): Promise<TakeOver> {
  const prepared = await prepare(context, id, folder);
  const { file, changes, scanned } = prepared;
  const zip = await openZip(context.store.versions.zipPath(file.package, file.version));
  try {
    await refuseObstacles(prepared);
    const createdAt = isoTime(context.clock.now());
    const published = await publishFolder(context.store, file.package, scanned, {
      createdAt,
      onProgress: () => undefined,
    });
    await apply(prepared, zip);
    return told(context, file, prepared.folder, changes, published.version);
  } finally {
    await zip.close();
  }
}

async function prepare(context: VersionContext, id: string, folder: string | null): Promise<Prepared> {
  const file = await readVersion(context, id);
  if (folder === null)
    throw new ExpectedError(
      'package-invalid',
      `${file.package} has no working folder in this workspace.`,
      'Restore the version to a new folder instead.',
    );
  const scanned = await scanWorkingFolder(folder);
  const { files: now } = await hashTree(scanned.entries);
  return { file, folder: await realpath(folder), scanned, now, changes: fileChanges(now, file.sealed.files) };
}

const placeOf = (folder: string, path: string): string => join(folder, ...path.split('/'));

/** Before anything is written: what lies in the way, is in no version, and would be lost. */
async function refuseObstacles({ folder, changes, file, now }: Prepared): Promise<void> {
  const sealed = new Map(file.sealed.files.map((entry) => [entry.path, entry]));
  const known = new Set(now.map((entry) => entry.path));
  for (const { path, letter } of changes) {
    await refuseLinks(folder, path, known);
    if (letter === 'A' && !(await isFree(placeOf(folder, path), path, known, sealed.get(path)))) throw inTheWay(path);
  }
}

/** Nothing there, the same content, or what is kept as a version and goes. */
async function isFree(place: string, path: string, known: ReadonlySet<string>, wanted: FileEntry | undefined) {
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) return true;
  if (found.isDirectory()) return wanted?.mode === 'dir' || holdsOnly(place, path, known);
  return found.isFile() && (await digestOf(place)) === wanted?.sha256;
}

const inTheWay = (path: string): ExpectedError =>
  new ExpectedError(
    'file-exists',
    `${path} is in the working folder but in no version, so it would be lost.`,
    'Move it away, or restore the version to a new folder.',
  );

/** A folder above that is a link would lead the writing elsewhere; a file above that no version knows is in the way. */
async function refuseLinks(folder: string, path: string, known: ReadonlySet<string>): Promise<void> {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const above = parts.slice(0, depth).join('/');
    const found = await lstat(placeOf(folder, above)).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    if (found.isFile() && known.has(above)) continue;
    const message = `${above} is a link in the working folder, so its files can't be replaced.`;
    throw found.isSymbolicLink()
      ? new ExpectedError('package-invalid', message, 'Restore the version to a new folder.')
      : inTheWay(above);
  }
}

/** Whether all that a folder holds is content of the package, which is kept as a version. */
async function holdsOnly(place: string, path: string, known: ReadonlySet<string>): Promise<boolean> {
  for (const entry of await readdir(place, { withFileTypes: true })) {
    const below = `${path}/${entry.name}`;
    const isKnown = entry.isDirectory() ? await holdsOnly(join(place, entry.name), below, known) : known.has(below);
    if (!isKnown) return false;
  }
  return true;
}

async function apply({ folder, changes, file, now }: Prepared, zip: ZipReader): Promise<void> {
  const before = new Map(now.map((entry) => [entry.path, entry]));
  const sealed = new Map(file.sealed.files.map((entry) => [entry.path, entry]));
  const touched = new Set<string>();
  // Deletions first: a file may become a folder, and the other way round. The deepest first, so that folders get empty.
  for (const { path } of changes.filter((change) => change.letter === 'D').reverse()) {
    await refuseChanged(folder, before.get(path));
    await remove(folder, path, before.get(path)?.mode === 'dir');
  }
  for (const { path } of changes.filter((change) => change.letter !== 'D')) {
    const entry = sealed.get(path);
    if (entry === undefined) continue;
    await refuseChanged(folder, before.get(path));
    await write(zip, entry, placeOf(folder, path));
    touched.add(dirname(placeOf(folder, path)));
  }
  for (const place of touched) await syncFolder(place);
}

/** The user may go on typing meanwhile: what is replaced is what was kept. */
async function refuseChanged(folder: string, entry: FileEntry | undefined): Promise<void> {
  if (entry === undefined || entry.mode === 'dir') return;
  if ((await digestOf(placeOf(folder, entry.path))) === entry.sha256) return;
  throw new ExpectedError(
    'package-invalid',
    `${entry.path} changed meanwhile, so it was left as it is.`,
    'Take the version over again; what the folder held is kept as a version.',
  );
}

async function remove(folder: string, path: string, isFolder: boolean): Promise<void> {
  const place = placeOf(folder, path);
  if (!isFolder) await unlink(place);
  // Folders that hold nothing any more go too; others stay.
  for (let at = isFolder ? place : dirname(place); at !== folder; at = dirname(at)) {
    const isGone = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}

async function write(zip: ZipReader, entry: FileEntry, place: string): Promise<void> {
  if (entry.mode === 'dir') {
    await mkdir(place, { recursive: true });
    return;
  }
  await mkdir(dirname(place), { recursive: true });
  const temporary = sibling(place);
  const mode = entry.mode === '755' ? 0o755 : 0o644;
  try {
    // Flushed to the disk before it takes the name.
    await pipeline(await zip.openRead(entry.path), createWriteStream(temporary, { flags: 'wx', mode, flush: true }));
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return '';
  }
  return hash.digest('hex');
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Windows cannot open a folder for this; its file systems journal the rename. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
