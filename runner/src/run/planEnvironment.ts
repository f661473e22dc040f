/** What preparing the environment of a run would do, and which requirements are why. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeZip } from '../archive/writeZip';
import type { ScannedTree } from '../archive/scanPackage';
import { openZip } from '../archive/zipReader';
import type { Engine, EnvironmentPlan, EnvironmentRequest } from '../engine/engine';
import type { Store } from '../store/store';
import { environmentFiles, readEnvironmentFiles } from './packaging';
import { scanWorkingFolder } from './publishFolder';
import type { ResolvedRequest } from './resolveRequest';

export interface PlannedEnvironment extends EnvironmentPlan {
  /** Names of requirements that differ from those of the newest version, with their file. */
  readonly changed: readonly { readonly file: string; readonly names: readonly string[] }[];
}

type Files = EnvironmentRequest['files'];

/** Null where the engine cannot tell. */
export async function planEnvironment(
  context: { readonly store: Store },
  engine: Engine,
  request: ResolvedRequest,
  signal?: AbortSignal,
): Promise<PlannedEnvironment | null> {
  if (engine.planEnvironment === undefined) return null;
  const { store } = context;
  const { name, folder } = request.package;
  const fixed = {
    runId: 'plan',
    installation: await store.installation(),
    image: request.image,
    python: request.python,
    package: name,
    network: request.network,
    cacheFolder: store.cacheFolder,
  };
  const ask = async (zip: string, files: Files): Promise<EnvironmentPlan> =>
    (await engine.planEnvironment?.({ ...fixed, zip, files }, signal)) as EnvironmentPlan;
  if (request.from !== null || folder === null) {
    const zip = store.versions.zipPath(name, request.from ?? '');
    return { ...(await ask(zip, await filesOfZip(zip))), changed: [] };
  }
  const scanned = await scanWorkingFolder(folder, signal);
  const files = await filesOfFolder(folder, scanned);
  const plan = await withZip(store, name, scanned, files, signal, (zip) => ask(zip, files));
  return { ...plan, changed: plan.kind === 'ready' ? [] : changedRequirements(await newestFiles(store, name), files) };
}

async function filesOfFolder(folder: string, scanned: ScannedTree): Promise<Files> {
  const there = environmentFiles.filter((name) =>
    scanned.entries.some(({ path, kind }) => path === name && kind === 'file'),
  );
  return Promise.all(there.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })));
}

async function filesOfZip(path: string): Promise<Files> {
  const zip = await openZip(path);
  try {
    return await readEnvironmentFiles(zip);
  } finally {
    await zip.close();
  }
}

async function newestFiles(store: Store, name: string): Promise<Files | undefined> {
  const [newest] = await store.versions.numbers(name);
  return newest === undefined ? undefined : filesOfZip(store.versions.zipPath(name, newest)).catch(() => undefined);
}

/** A line that is no plain requirement may refer to other files, whose content counts as well. */
const refersElsewhere = (files: Files): boolean =>
  files.some(
    ({ name, text }) => name === 'Dockerfile' || /^\s*(-|\.|file:)|@\s*(file:|\.)|\.(whl|zip|gz)\s*$/m.test(text),
  );

const largestPacked = 16 * 1024 * 1024;

/** Packs a small package aside where its other files decide; zips are deterministic, so the answer is the run's. */
async function withZip<T>(
  store: Store,
  name: string,
  { entries }: ScannedTree,
  files: Files,
  signal: AbortSignal | undefined,
  work: (zip: string) => Promise<T>,
): Promise<T> {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (!refersElsewhere(files) || bytes > largestPacked) return work('');
  const staging = await store.staging();
  try {
    const target = join(staging.path, `${name}.zip`);
    await writeZip({ entries, root: name, target, signal });
    return await work(target);
  } finally {
    await staging.remove();
  }
}

/** Requirements that were added, removed or changed, by name. */
export function changedRequirements(before: Files | undefined, after: Files): PlannedEnvironment['changed'] {
  if (before === undefined) return [];
  return after.flatMap(({ name, text }) => {
    const old = linesOf(before.find((file) => file.name === name)?.text ?? '');
    const fresh = linesOf(text);
    const differing = [...old.filter((line) => !fresh.includes(line)), ...fresh.filter((line) => !old.includes(line))];
    const names = [...new Set(differing.map((line) => /^[\w.-]+/.exec(line)?.[0] ?? line))];
    return names.length === 0 ? [] : [{ file: name, names }];
  });
}

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
