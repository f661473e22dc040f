/** Finds the package that a command means: by folder or, once published, by its name. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { packageNameProblem } from '../domain/packageName';
import type { Configuration, PackageSettings } from '../domain/pipeline';
import type { PackageRecord, VersionStore } from '../store/store';
import { absolutePath, isInside, shownPath } from './paths';
import type { ReadConfiguration } from './workspaceConfiguration';

export interface LocatedPackage {
  readonly name: string;
  /** Absolute path of the working folder; null where there is none (imported, or gone). */
  readonly folder: string | null;
  readonly settings: PackageSettings;
}

export interface Place {
  readonly workspace: string;
  readonly currentFolder: string;
  readonly configuration: ReadConfiguration;
  readonly versions: VersionStore;
  /** Folders of the workspace that are packages; absolute. */
  readonly discover: () => Promise<readonly string[]>;
}

export async function locatePackage(place: Place, wanted: string | undefined, name?: string): Promise<LocatedPackage> {
  if (wanted === undefined) return packageOfFolder(place, await implicitFolder(place), name);
  const folder = await existingFolder(resolve(place.currentFolder, wanted));
  if (folder !== undefined && (await isPackageFolder(folder))) return packageOfFolder(place, folder, name);
  const record = await place.versions.package(wanted);
  if (record !== undefined) return packageOfRecord(place, record);
  if (folder !== undefined) return packageOfFolder(place, folder, name);
  const message = `There is no package "${wanted}": no folder and no published package has that name.`;
  throw new ExpectedError('package-invalid', message, 'Give the folder that holds train.py, or a name of `versions`.');
}

async function packageOfRecord(place: Place, record: PackageRecord): Promise<LocatedPackage> {
  const folder =
    record.folder === null ? undefined : await existingFolder(absolutePath(place.workspace, record.folder));
  return { name: record.name, folder: folder ?? null, settings: folder === undefined ? {} : settingsOf(place, folder) };
}

/** The name: `--name`, else the configuration's, else what the store remembers of the folder, else the folder's own. */
async function packageOfFolder(place: Place, folder: string, given?: string): Promise<LocatedPackage> {
  const settings = settingsOf(place, folder);
  const shown = shownPath(place.workspace, folder);
  const chosen = given ?? settings.name;
  const remembered = chosen === undefined ? await place.versions.packageOfFolder(shown) : undefined;
  const name = chosen ?? remembered?.name ?? basename(folder);
  const problem = packageNameProblem(name);
  if (problem !== undefined) {
    const message = `"${name}" can't be the name of a package: it ${problem}.`;
    throw new ExpectedError(
      'package-invalid',
      message,
      'Give it another name with `publish --name`, or in the configuration file.',
    );
  }
  return { name, folder, settings };
}

function settingsOf(place: Place, folder: string): PackageSettings {
  for (const [path, settings] of Object.entries(place.configuration.packages ?? {})) {
    if (absolutePath(place.workspace, path) === folder) return settings;
  }
  return {};
}

/** The current folder or the nearest one above it (within the workspace) that holds `train.py`, else the only package there is. */
async function implicitFolder(place: Place): Promise<string> {
  const current = (await existingFolder(place.currentFolder)) ?? place.currentFolder;
  for (let folder = current; isInside(folder, place.workspace); folder = dirname(folder)) {
    if (await isPackageFolder(folder)) return folder;
    if (dirname(folder) === folder) break;
  }
  if (await isPackageFolder(current)) return current;
  const found = await place.discover();
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    const hint = 'Give the folder that holds train.py.';
    throw new ExpectedError('package-invalid', `There is no ML package in ${place.workspace}.`, hint);
  }
  const names = found.map((folder) => shownPath(place.workspace, folder)).join(', ');
  throw new ExpectedError('usage', 'There is more than one package in this workspace.', `Name one of: ${names}.`);
}

/** The real path, so that one folder has one name; undefined where there is no folder. */
export async function existingFolder(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

export async function isPackageFolder(folder: string): Promise<boolean> {
  return stat(join(folder, 'train.py')).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Configured folders: those named under `packages` and in pipelines; absolute. */
export function configuredFolders(workspace: string, configuration: Configuration): string[] {
  const shown = [
    ...Object.keys(configuration.packages ?? {}),
    ...(configuration.pipelines ?? []).map((pipeline) => pipeline.package),
  ];
  return [...new Set(shown.map((path) => resolve(workspace, path)))];
}
