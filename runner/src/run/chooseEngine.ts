/** The engine of a run: the one that was asked for, else the first that answers. */
import { ExpectedError } from '../domain/errors';
import { engineWords, type EngineFacts } from '../domain/engineFacts';
import type { Warning } from '../domain/run';
import type { Engine } from '../engine/engine';
import type { EngineCatalog } from '../engine/engineCatalog';

export interface ChosenEngine {
  readonly engine: Engine;
  readonly warnings: readonly Warning[];
}

export function engineNamed(catalog: EngineCatalog, name: string): Engine {
  const found = catalog.find(name);
  if (found !== undefined) return found;
  const names = catalog.listed().map((one) => one.name);
  const shown = names.length > mostShown ? `${names.slice(0, mostShown).join(', ')} and others` : names.join(', ');
  throw new ExpectedError('usage', `There is no engine "${name}".`, `There are: ${shown}.`);
}

const mostShown = 12;

/** Without a name, nobody but `engines` is asked: a far host is only connected to where it is chosen. */
export async function chooseEngine(
  engines: readonly Engine[],
  catalog: EngineCatalog,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<ChosenEngine> {
  if (name !== undefined) {
    // It may have been defined since.
    if (catalog.find(name) === undefined) await catalog.refresh();
    return { engine: engineNamed(catalog, name), warnings: [] };
  }
  const silent: EngineFacts[] = [];
  for (const engine of engines) {
    const facts = await engine.probe(signal);
    if (facts.state === 'ready') return { engine, warnings: silent.map((other) => passedOver(other, engine)) };
    silent.push(facts);
  }
  const [first] = silent;
  const problem = first?.problem;
  throw new ExpectedError(
    'engine-unreachable',
    problem?.message ?? 'There is no engine to run on.',
    problem?.hint ?? 'Start Docker, or install Python 3.',
  );
}

const passedOver = (facts: EngineFacts, engine: Engine): Warning => ({
  code: 'engine-fallback',
  message: `${facts.problem?.message ?? `${facts.name} doesn't answer.`} The run uses ${engineWords(engine.name)} instead.`,
});
