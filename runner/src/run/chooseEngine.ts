/** The engine of a run: the one that was asked for, else the first that answers. */
import { ExpectedError } from '../domain/errors';
import { engineWords, type EngineFacts } from '../domain/engineFacts';
import type { Warning } from '../domain/run';
import type { Engine } from '../engine/engine';
import type { EngineCatalog } from '../engine/engineCatalog';

export interface ChosenEngine {
  readonly engine: Engine;
  readonly warnings: readonly Warning[];
  /** Where several were named: all of them, the above first. */
  readonly several?: readonly Engine[];
}

export function engineNamed(catalog: EngineCatalog, name: string): Engine {
  const found = catalog.find(name);
  if (found !== undefined) return found;
  const names = catalog.listed().map((one) => one.name);
  const shown = names.length > mostShown ? `${names.slice(0, mostShown).join(', ')} and others` : names.join(', ');
  throw new ExpectedError('usage', `There is no engine "${name}".`, `There are: ${shown}.`);
}

/**
 * The engine of a run that is on one already. Its name may stand for another by now, as when the Docker context was changed;
 * that one knows nothing of the run, which must not be taken for lost.
 */
export function engineAt(catalog: EngineCatalog, name: string, endpoint: string | undefined): Engine {
  const named = catalog.find(name);
  if (named !== undefined && (endpoint === undefined || named.endpoint === endpoint)) return named;
  const same = catalog.listed().find((one) => one.kind === 'asked' && one.engine.endpoint === endpoint);
  if (endpoint !== undefined && same?.kind === 'asked') return same.engine;
  if (named === undefined || endpoint === undefined) return engineNamed(catalog, name);
  const message = `The run is on ${name} at ${endpoint}, and ${name} is ${named.endpoint ?? 'another'} now.`;
  throw new ExpectedError(
    'engine-unreachable',
    message,
    'Go back to that Docker context or DOCKER_HOST to go on with the run.',
  );
}

const mostShown = 12;

/** Names with commas between them; in the order of preference. */
export const enginesNamed = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];

/** Without a name, nobody but `engines` is asked: a far host is only connected to where it is chosen. */
export async function chooseEngine(
  engines: readonly Engine[],
  catalog: EngineCatalog,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<ChosenEngine> {
  if (name !== undefined) return chosenByName(catalog, name);
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

async function chosenByName(catalog: EngineCatalog, text: string): Promise<ChosenEngine> {
  const names = enginesNamed(text);
  // It may have been defined since.
  if (names.some((one) => catalog.find(one) === undefined)) await catalog.refresh();
  const several = names.map((one) => engineNamed(catalog, one));
  return { engine: several[0] ?? engineNamed(catalog, text), warnings: [], several };
}

const passedOver = (facts: EngineFacts, engine: Engine): Warning => ({
  code: 'engine-fallback',
  message: `${facts.problem?.message ?? `${facts.name} doesn't answer.`} The run uses ${engineWords(engine.name)} instead.`,
});
