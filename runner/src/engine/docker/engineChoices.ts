/** Every engine that the user could choose, by name: defined ones, Docker contexts, sockets of this machine, hosts of ssh. */
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { ownEngineNames, type EngineDefinition } from '../../domain/engineDefinition';
import { isExpected, type ExpectedError } from '../../domain/errors';
import { dockerContexts } from './contexts';
import { parseEndpoint, showEndpoint, type Endpoint } from './endpoint';
import { definedEndpoint, enginesFile, readEnginesFile, rememberedAddresses } from './engineFiles';
import { standardSockets } from './localDocker';
import { sshHosts } from './sshHosts';
import { environmentMaterial } from './tlsMaterial';

type Environment = Readonly<Record<string, string | undefined>>;

export interface EngineChoice {
  readonly name: string;
  readonly endpoint: Endpoint;
  /**
   * `listed`: the user set it up as an engine, so its state is looked at; `offered`: it may be one, and nobody connects
   * before it is chosen; `hidden`: it can be named, and is not listed.
   */
  readonly kind: 'listed' | 'offered' | 'hidden';
}

export interface ChoiceSources {
  readonly environment: Environment;
  /** What the editor's user settings define; relative paths in it are relative to the home folder. */
  readonly definitions?: readonly EngineDefinition[];
  /** What `docker` stands for: not listed a second time by its socket. */
  readonly docker: Endpoint;
}

export interface EngineChoices {
  readonly choices: readonly EngineChoice[];
  /** Why some could not be read. */
  readonly problems: readonly ExpectedError[];
}

/** A name that comes twice belongs to the first: defined ones, then contexts, sockets, and hosts of ssh. */
export async function engineChoices(sources: ChoiceSources): Promise<EngineChoices> {
  const { environment, definitions = [], docker } = sources;
  const problems: ExpectedError[] = [];
  const file = await readEnginesFile(environment).catch((error: unknown) => {
    if (!isExpected(error)) throw error;
    problems.push(error);
    return [];
  });
  const [contexts, sockets, hosts, addresses] = await Promise.all([
    dockerContexts(environment),
    standardSockets(environment),
    sshHosts(environment['HOME'] ?? homedir()),
    rememberedAddresses(environment),
  ]);
  const found = new Map<string, EngineChoice>();
  const add = (name: string, endpoint: Endpoint, kind: EngineChoice['kind']): void => {
    if (!ownEngineNames.includes(name) && !found.has(name)) found.set(name, { name, endpoint, kind });
  };
  const folder = dirname(enginesFile(environment));
  for (const one of file) add(one.name, await definedEndpoint(one, folder), 'listed');
  for (const one of definitions) add(one.name, await definedEndpoint(one, homedir()), 'listed');
  for (const { name, endpoint } of contexts) add(name, endpoint, 'listed');
  const known = new Set([docker, ...[...found.values()].map((one) => one.endpoint)].map(showEndpoint));
  for (const { name, endpoint } of sockets) if (!known.has(showEndpoint(endpoint))) add(name, endpoint, 'listed');
  for (const host of hosts) add(host, parseEndpoint(`ssh://${host}`), 'offered');
  for (const address of addresses) add(address, await addressEndpoint(environment, address), 'hidden');
  return { choices: [...found.values()], problems };
}

/** An address that the user gave: TLS material comes from where Docker's own variables say. */
export const addressEndpoint = async (environment: Environment, address: string): Promise<Endpoint> =>
  parseEndpoint(address, { tls: await environmentMaterial(environment, address) });
