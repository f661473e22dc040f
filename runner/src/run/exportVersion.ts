/** Writes the zip of a version, as stored, to wherever the user wants it. */
import { constants, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { versionFileName, type Exported } from '../domain/version';
import { shownPath } from './paths';
import { readVersion, type VersionContext } from './versionOperations';

/** A path that ends with a slash names a folder, whether it is there or not. */
export async function exportVersion(
  context: VersionContext,
  id: string,
  path: string,
  options: { readonly record: boolean; readonly force: boolean },
): Promise<Exported> {
  const version = await readVersion(context, id);
  const file = resolve(path);
  const isThere = await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const isFolder = isThere || path.endsWith('/') || path.endsWith(sep);
  const target = isFolder ? join(file, `${version.package}-${version.version}.zip`) : file;
  const record = `${target}.${versionFileName}`;
  if (!options.force) await refuseExisting(options.record ? [target, record] : [target]);
  const zip = context.store.versions.zipPath(version.package, version.version);
  await refuseMissing(zip);
  try {
    await mkdir(dirname(target), { recursive: true });
    await copyInto(zip, target);
    if (options.record) await writeFile(record, `${JSON.stringify(version, null, 2)}\n`);
  } catch (error) {
    throw unwritable(error, target);
  }
  return {
    package: version.package,
    version: version.version,
    path: shownPath(context.workspace, target),
    contentHash: version.sealed.tree,
  };
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (there)
      throw new ExpectedError('file-exists', `${path} is there already.`, 'Choose another name, or use --force.');
  }
}

/** Nothing half-written is ever left under the name. */
async function copyInto(source: string, target: string): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function refuseMissing(zip: string): Promise<void> {
  const isThere = await stat(zip).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) throw new ExpectedError('store-damaged', `${zip} is missing.`, '`verify` tells what is still whole.');
}

const why: Readonly<Record<string, string>> = {
  EACCES: 'you have no permission',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
};

/** A bug stays what it is. */
function unwritable(error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'Free some room, then try again.';
    return new ExpectedError('disk-full', `The disk is full: ${path} can't be written.`, hint, { cause: error });
  }
  const reason = why[code];
  if (reason === undefined) return error;
  return new ExpectedError('usage', `${path} can't be written: ${reason}.`, 'Choose another place.', { cause: error });
}
