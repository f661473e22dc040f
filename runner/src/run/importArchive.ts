/** Takes in a package zip from anywhere: under the archive policy, packed anew, as a version like any other. */
import { join } from 'node:path';
import { importZip } from '../archive/importZip';
import type { Step } from '../archive/scannedTree';
import { writeZip } from '../archive/writeZip';
import type { Warning } from '../domain/run';
import type { Imported } from '../domain/version';
import type { OnProgress } from '../engine/engine';
import type { ImportOptions } from '../runner';
import { shownPath } from './paths';
import { isoTime } from './runDocument';
import type { VersionContext } from './versionOperations';

export interface ImportContext extends VersionContext {
  /** What the contract check says of a package folder. */
  readonly checked: (folder: string) => Promise<readonly Warning[]>;
}

export async function importArchive(
  context: ImportContext,
  file: string,
  options: ImportOptions & { readonly onProgress: OnProgress; readonly signal?: AbortSignal | undefined },
): Promise<Imported> {
  const { store, workspace, clock } = context;
  const staging = await store.staging();
  try {
    const { maxBytes, maxEntries, anyName, signal } = options;
    const progress = (text: string) => (step: Step) => options.onProgress({ text, unit: 'bytes', ...step });
    const content = join(staging.path, 'content');
    const limits = { maxBytes, maxEntries, anyName };
    const archive = await importZip(file, content, { ...limits, signal, onProgress: progress('unpacking') });
    const findings = await context.checked(content);
    // The name as first published: names are compared without regard to case.
    const { name } = await store.versions.claim(archive.name, null);
    const target = join(staging.path, `${name}.zip`);
    const onProgress = progress(`packing ${name}`);
    const zip = await writeZip({ entries: archive.entries, root: name, target, signal, onProgress });
    const staged = { zip: target, zipDigest: zip.zip, tree: zip.tree, files: zip.files };
    const { version } = await store.versions.publish(name, staged, isoTime(clock.now()));
    const path = shownPath(workspace, store.versions.zipPath(name, version));
    return { package: name, version, path, contentHash: zip.tree, warnings: [...archive.warnings, ...findings] };
  } finally {
    await staging.remove();
  }
}
