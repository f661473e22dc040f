/** Publishes a working folder: the next major, or the version whose content is identical. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashTree } from '../archive/hashTree';
import { scanPackage, type ScannedTree } from '../archive/scanPackage';
import { writeZip } from '../archive/writeZip';
import { ExpectedError } from '../domain/errors';
import type { Warning } from '../domain/run';
import type { OnProgress } from '../engine/engine';
import type { Store } from '../store/store';

export interface PublishOptions {
  readonly createdAt: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

export interface PublishedFolder {
  readonly version: string;
  readonly created: boolean;
  readonly tree: string;
  readonly warnings: readonly Warning[];
}

/** Refuses a folder without `train.py`, and whatever must not be in a package, by name. */
export async function scanWorkingFolder(folder: string, signal?: AbortSignal): Promise<ScannedTree> {
  const scanned = await scanPackage(folder, { signal });
  if (scanned.entries.some((entry) => entry.path === 'train.py' && entry.kind === 'file')) return scanned;
  if (await isFile(join(folder, 'train.py'))) {
    const message = `train.py of ${folder} is left out by .pipelineignore.`;
    throw new ExpectedError('package-invalid', message, 'A package needs it: correct .pipelineignore.');
  }
  throw new ExpectedError(
    'package-invalid',
    `${folder} has no train.py.`,
    'An ML package is a folder with a train.py that defines class Main.',
  );
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

export async function publishFolder(
  store: Store,
  name: string,
  scanned: ScannedTree,
  options: PublishOptions,
): Promise<PublishedFolder> {
  const { warnings } = scanned;
  const progress = withText(options.onProgress, `packing ${name}`);
  const hash = { signal: options.signal, onProgress: progress };
  const hasVersions = (await store.versions.numbers(name)).length > 0;
  const known = hasVersions ? (await hashTree(scanned.entries, hash)).tree : undefined;
  const same = known === undefined ? undefined : await store.versions.findIdentical(name, known);
  if (known !== undefined && same !== undefined) return { version: same, created: false, tree: known, warnings };
  const staging = await store.staging();
  try {
    const target = join(staging.path, `${name}.zip`);
    const zip = await writeZip({ entries: scanned.entries, root: name, target, ...hash });
    const staged = { zip: target, zipDigest: zip.zip, tree: zip.tree, files: zip.files };
    return { ...(await store.versions.publish(name, staged, options.createdAt)), tree: zip.tree, warnings };
  } finally {
    await staging.remove();
  }
}

const withText =
  (onProgress: OnProgress, text: string) =>
  (step: { readonly done: number; readonly total?: number }): void =>
    onProgress({ text, unit: 'bytes', ...step });
