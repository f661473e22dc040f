/** Copies of datasets on engines elsewhere: listed with their last use, and cleared where no run has them. */
import { isExpected, messageOf } from '../domain/errors';
import { hasEnded, type Run } from '../domain/run';
import type { ClearedDatasets, StoredDataset, StoredDatasets } from '../domain/storedDatasets';
import type { Engine } from '../engine/engine';
import { fixedCatalog, type EngineCatalog } from '../engine/engineCatalog';
import { engineNamed } from './chooseEngine';
import type { RunContext } from './runContext';

export interface StoredDatasetsContext {
  readonly catalog: EngineCatalog;
  readonly installation: () => Promise<string>;
  readonly runs: () => Promise<readonly Run[]>;
  readonly now: () => number;
}

export interface DatasetSelection {
  /** Only this engine; absent: all that are set up, and those that runs of this store were on. */
  readonly engine?: string | undefined;
  /** Names, or beginnings of hashes; none: all. */
  readonly wanted: readonly string[];
  /** Only what no run has had for so long. */
  readonly unusedMilliseconds?: number | undefined;
}

export async function listStoredDatasets(
  context: StoredDatasetsContext,
  selection: DatasetSelection,
  signal?: AbortSignal,
): Promise<StoredDatasets> {
  const runs = await context.runs();
  const problems: { engine: string; message: string }[] = [];
  const found = await Promise.all(
    (await enginesOf(context.catalog, selection.engine, runs)).map((engine) =>
      datasetsOn(context, engine, runs, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        if (selection.engine !== undefined && isExpected(error)) throw error;
        problems.push({ engine: engine.name, message: messageOf(error) });
        return [];
      }),
    ),
  );
  return { datasets: found.flat().filter((one) => isSelected(one, selection, context.now())), problems };
}

async function enginesOf(
  catalog: EngineCatalog,
  name: string | undefined,
  runs: readonly Run[],
): Promise<readonly Engine[]> {
  await catalog.refresh();
  if (name !== undefined) return [engineNamed(catalog, name)];
  const listed = catalog.listed().flatMap((one) => (one.kind === 'asked' ? [one.engine] : []));
  const used = [...new Set(runs.map(({ engine }) => engine))].flatMap((one) => catalog.find(one) ?? []);
  return [...new Map([...listed, ...used].map((engine) => [engine.name, engine])).values()];
}

async function datasetsOn(
  context: StoredDatasetsContext,
  engine: Engine,
  runs: readonly Run[],
  signal?: AbortSignal,
): Promise<StoredDataset[]> {
  const found = (await engine.datasets?.list(await context.installation(), signal)) ?? [];
  return found.map((one) => {
    const own = runs.filter((run) => run.engine === engine.name && run.dataset.tree === one.tree);
    const times = [one.sentAt, ...own.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt ?? ''])];
    // A run that is not on the engine yet has it too.
    const waiting = own.filter(({ state }) => !hasEnded(state)).map(({ id }) => id);
    const users = [...new Set([...one.users, ...waiting])];
    return { engine: engine.name, ...one, usedAt: times.sort().at(-1) ?? '', users };
  });
}

function isSelected(one: StoredDataset, { wanted, unusedMilliseconds }: DatasetSelection, now: number): boolean {
  const plain = one.tree.replace(/^sha256:/, '');
  const isNamed = (text: string): boolean =>
    text === one.name || (text.length >= 6 && plain.startsWith(text.replace(/^sha256:/, '')));
  if (wanted.length > 0 && !wanted.some(isNamed)) return false;
  return unusedMilliseconds === undefined || now - Date.parse(one.usedAt) >= unusedMilliseconds;
}

export async function clearStoredDatasets(
  context: StoredDatasetsContext,
  selection: DatasetSelection,
  signal?: AbortSignal,
): Promise<ClearedDatasets> {
  const { datasets, problems } = await listStoredDatasets(context, selection, signal);
  const installation = await context.installation();
  const cleared: StoredDataset[] = [];
  let bytes = 0;
  for (const engine of await enginesOf(context.catalog, selection.engine, await context.runs())) {
    const unused = datasets.filter((one) => one.engine === engine.name && one.users.length === 0);
    if (unused.length === 0 || engine.datasets === undefined) continue;
    const trees = unused.map(({ tree }) => tree);
    const done = await engine.datasets.clear(installation, trees, signal);
    cleared.push(...unused.filter(({ tree }) => done.cleared.includes(tree)));
    bytes += done.bytes;
  }
  return { cleared, bytes, kept: datasets.filter((one) => !cleared.includes(one)), problems };
}

/** By the age limit, where the user has set one. What goes wrong is for the log: the run itself is over. */
export async function clearOldDatasets(context: RunContext, engine: Engine): Promise<void> {
  if (context.datasetAge === undefined || engine.datasets === undefined) return;
  const stored: StoredDatasetsContext = {
    catalog: fixedCatalog([engine]),
    installation: () => context.store.installation(),
    runs: () => context.store.runs.list(),
    now: () => context.clock.now(),
  };
  const selection = { engine: engine.name, wanted: [], unusedMilliseconds: context.datasetAge };
  await clearStoredDatasets(stored, selection, AbortSignal.timeout(mostMilliseconds)).catch((error: unknown) =>
    context.log.warn(`clearing old datasets on ${engine.name}: ${messageOf(error)}`),
  );
}

const mostMilliseconds = 30_000;
