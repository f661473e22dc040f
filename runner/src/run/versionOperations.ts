/** What can be done with versions besides training: show, list, verify. */
import { stat } from 'node:fs/promises';
import type { HashOptions } from '../archive/hashTree';
import type { Step } from '../archive/scannedTree';
import { verifyZip } from '../archive/verifyZip';
import { ExpectedError, isExpected, messageOf } from '../domain/errors';
import type { Verified, Version, VersionFile } from '../domain/version';
import { versionFileName, versionId } from '../domain/version';
import { compareVersions } from '../domain/versionNumber';
import type { OnProgress } from '../engine/engine';
import type { Store } from '../store/store';
import { shownPath } from './paths';
import type { Clock } from './runDocument';

export interface VersionContext {
  readonly workspace: string;
  readonly store: Store;
  readonly clock: Clock;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

export function parseVersionId(id: string): Named | undefined {
  const match = /^(.+)@(\d+\.\d+)$/.exec(id);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name: match[1], version: match[2] };
}

/** The version that `digits@1.1` means; throws `version-missing`. */
export async function readVersion(context: VersionContext, id: string): Promise<VersionFile> {
  const parsed = parseVersionId(id);
  if (parsed === undefined) {
    throw new ExpectedError('usage', `"${id}" names no version.`, 'Write a version like digits@1.1.');
  }
  const record = await context.store.versions.package(parsed.name);
  const file = record && (await context.store.versions.read(record.name, parsed.version));
  if (file !== undefined) return file;
  throw new ExpectedError('version-missing', `There is no version ${id}.`, '`versions` lists what there is.');
}

export async function shownVersion(context: VersionContext, file: VersionFile): Promise<Version> {
  const zip = context.store.versions.zipPath(file.package, file.version);
  const bytes = await stat(zip).then(
    (found) => found.size,
    () => 0,
  );
  return {
    package: file.package,
    version: file.version,
    from: file.from,
    run: file.run,
    createdAt: file.createdAt,
    bytes,
    path: shownPath(context.workspace, zip),
    contentHash: file.sealed.tree,
    dataset: file.madeFrom === null ? null : { name: file.madeFrom.dataset.name, tree: file.madeFrom.dataset.tree },
  };
}

/** Highest first, package by package; a version that cannot be read is left to `verify`. */
export async function listVersions(context: VersionContext, name?: string): Promise<Version[]> {
  const versions: Version[] = [];
  for (const { name: own, version } of await everyVersion(context, name)) {
    const file = await context.store.versions.read(own, version).catch(() => undefined);
    if (file !== undefined) versions.push(await shownVersion(context, file));
  }
  return versions;
}

export async function everyVersion(context: VersionContext, name?: string): Promise<Named[]> {
  const { versions } = context.store;
  const all = name === undefined ? await versions.packages() : [await versions.package(name)];
  const found: Named[] = [];
  for (const record of all) {
    if (record === undefined) continue;
    const numbers = [...(await versions.numbers(record.name))].sort((a, b) => compareVersions(b, a));
    found.push(...numbers.map((version) => ({ name: record.name, version })));
  }
  return found;
}

export async function verifyVersions(
  context: VersionContext,
  id: string | undefined,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Verified> {
  const wanted = id === undefined ? await everyVersion(context) : [await namedVersion(context, id)];
  const problems: Verified['problems'] = [];
  for (const [done, { name, version }] of wanted.entries()) {
    const place = wanted.length === 1 ? '' : ` (${done + 1} of ${wanted.length})`;
    const text = `verifying ${versionId(name, version)}${place}`;
    onProgress({ text });
    const step = (read: Step): void => onProgress({ text, unit: 'bytes', ...read });
    problems.push(...(await problemsOf(context, name, version, { signal, onProgress: step })));
  }
  return { ok: problems.length === 0, checked: wanted.length, problems };
}

async function namedVersion(context: VersionContext, id: string): Promise<Named> {
  const parsed = parseVersionId(id);
  const record = parsed && (await context.store.versions.package(parsed.name));
  if (parsed && record && (await context.store.versions.numbers(record.name)).includes(parsed.version)) {
    return { name: record.name, version: parsed.version };
  }
  const file = await readVersion(context, id);
  return { name: file.package, version: file.version };
}

async function problemsOf(context: VersionContext, name: string, version: string, options: HashOptions) {
  const shown = versionId(name, version);
  try {
    const { file, problem } = await context.store.versions.sealAsIs(name, version);
    const inSeal = problem === undefined ? [] : [lostSeal(shown, problem)];
    if (file === undefined) return inSeal;
    const zip = context.store.versions.zipPath(name, version);
    const found = await verifyZip(zip, name, file.sealed, options);
    return [...inSeal, ...found.map((difference) => ({ version: shown, ...difference }))];
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isExpected(error) || error instanceof Error) return [lostSeal(shown, messageOf(error))];
    throw error;
  }
}

const lostSeal = (version: string, found: string) => ({
  version,
  path: versionFileName,
  expected: 'the seal that was made with the version',
  found,
});
