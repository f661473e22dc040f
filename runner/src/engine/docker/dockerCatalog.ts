/** The catalog of the user's own engines, each made when it is first known and kept while its address stays. */
import { basename } from 'node:path';
import type { EngineFacts } from '../../domain/engineFacts';
import type { ExpectedError } from '../../domain/errors';
import type { Engine } from '../engine';
import { asked, type CatalogEngine, type EngineCatalog } from '../engineCatalog';
import { createDockerEngine } from './dockerEngine';
import { showEndpoint, type Endpoint } from './endpoint';
import { enginesFile } from './engineFiles';
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
  let problems: readonly ExpectedError[] = [];
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
    find: (name) => defaults.find((engine) => engine.name === name) ?? kept.get(name)?.engine,
    listed: () => [
      ...defaults.map(asked),
      ...[...kept.values()].filter(({ choice }) => choice.kind !== 'hidden').map(listedAs),
      ...problems.map((problem) => unreadable(enginesFile(environment), problem)),
    ],
  };
}

const listedAs = ({ choice, engine }: Kept): CatalogEngine => {
  const { name, endpoint, kind } = choice;
  if (kind !== 'offered') return asked(engine);
  return { kind: 'told', name, facts: { ...nothing, name, endpoint: showEndpoint(endpoint), state: 'offered' } };
};

/** What the user has written down and nobody understands must not be silent. */
const unreadable = (path: string, { message, hint }: ExpectedError): CatalogEngine => {
  const name = basename(path);
  const problem = { code: 'usage', message, hint } as const;
  return { kind: 'told', name, facts: { ...nothing, name, endpoint: path, state: 'unsupported', problem } };
};

const nothing = {
  kind: 'docker',
  version: '',
  platform: '',
  cpus: null,
  memory: null,
  gpus: [],
  problem: null,
} as const satisfies Partial<EngineFacts>;

const isSame = (a: Endpoint, b: Endpoint): boolean => JSON.stringify(a) === JSON.stringify(b);
