/** The catalog of the user's own engines, each made when it is first known and kept while its address stays. */
import type { EngineFacts } from '../../domain/engineFacts';
import type { Engine } from '../engine';
import type { CatalogEngine, EngineCatalog } from '../engineCatalog';
import { createDockerEngine } from './dockerEngine';
import { showEndpoint, type Endpoint } from './endpoint';
import { engineChoices, type ChoiceSources, type EngineChoice } from './engineChoices';

export interface DockerCatalogOptions extends ChoiceSources {
  readonly harnessFolder: string;
  /** `docker` and `process`, in order of preference. */
  readonly defaults: readonly Engine[];
}

interface Kept {
  readonly choice: EngineChoice;
  readonly engine: Engine;
}

export async function dockerCatalog(options: DockerCatalogOptions): Promise<EngineCatalog> {
  const { defaults, harnessFolder, environment } = options;
  let kept: ReadonlyMap<string, Kept> = new Map();
  let problems: readonly string[] = [];
  const make = (choice: EngineChoice): Kept => {
    const { name, endpoint } = choice;
    const before = kept.get(name);
    if (before !== undefined && isSame(before.choice.endpoint, endpoint)) return { ...before, choice };
    return { choice, engine: createDockerEngine({ name, endpoint, harnessFolder, environment }) };
  };
  const refresh = async (): Promise<void> => {
    const found = await engineChoices(options);
    problems = found.problems;
    kept = new Map(found.choices.map((choice) => [choice.name, make(choice)]));
  };
  await refresh();
  return {
    refresh,
    problems: () => problems,
    find: (name) => defaults.find((engine) => engine.name === name) ?? kept.get(name)?.engine,
    listed: () => [
      ...defaults.map((engine) => ({ engine })),
      ...[...kept.values()].filter(({ choice }) => choice.kind !== 'hidden').map(listedAs),
    ],
  };
}

const listedAs = ({ choice, engine }: Kept): CatalogEngine =>
  choice.kind === 'offered' ? { engine, offered: offeredFacts(choice) } : { engine };

const offeredFacts = ({ name, endpoint }: EngineChoice): EngineFacts => ({
  name,
  kind: 'docker',
  endpoint: showEndpoint(endpoint),
  state: 'offered',
  version: '',
  platform: '',
  cpus: null,
  memory: null,
  gpus: [],
  problem: null,
});

const isSame = (a: Endpoint, b: Endpoint): boolean => JSON.stringify(a) === JSON.stringify(b);
