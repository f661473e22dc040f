/** The options of `run`, turned into a request. */
import { readFileSync } from 'node:fs';
import { ExpectedError } from '../domain/errors';
import type { DatasetAccess, Network } from '../domain/pipeline';
import { maskedSecret } from '../domain/results';
import type { Run } from '../domain/run';
import type { RunRequest } from '../runner';

export interface RunOptions {
  readonly dataset?: string;
  readonly pipeline?: string;
  readonly from?: string;
  readonly engine?: string;
  readonly gpu?: string;
  readonly image?: string;
  readonly env?: readonly string[];
  readonly secret?: readonly string[];
  readonly datasetAccess?: DatasetAccess;
  readonly network?: Network;
  readonly memory?: string;
  readonly cpus?: string;
  readonly shm?: string;
  readonly timeout?: string;
  readonly detach?: boolean;
  readonly check: boolean;
  readonly name?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface RequestPlace {
  readonly currentFolder: string;
  readonly environment: Environment;
}

export function requestOf(place: RequestPlace, target: string | undefined, options: RunOptions): RunRequest {
  const { dataset, pipeline, from, engine, gpu, image, datasetAccess, network, name } = options;
  const { memory, cpus, shm, timeout, env = [], secret = [] } = options;
  return {
    ...defined({ package: target, dataset, pipeline, from, engine, gpu, image, datasetAccess, network, name }),
    limits: defined({ memory, cpus, shm, timeout }),
    parameters: Object.fromEntries(env.map(parseParameter)),
    secrets: Object.fromEntries(secret.map((text) => readSecret(text, place.environment))),
    noCheck: !options.check,
    currentFolder: place.currentFolder,
  };
}

const defined = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** `KEY=VALUE`: the value may be empty and may hold `=`. */
export function parseParameter(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new ExpectedError('usage', `The parameter "${text}" has no value.`, `Write --env ${text}=VALUE.`);
}

/** `NAME` takes the value from the environment; `NAME=@3` reads it from file descriptor 3. */
export function readSecret(text: string, environment: Environment): [string, string] {
  const at = text.indexOf('=');
  if (at === -1) return [text, fromEnvironment(text, environment)];
  const name = text.slice(0, at);
  const descriptor = /^@(\d+)$/.exec(text.slice(at + 1))?.[1];
  if (descriptor !== undefined) return [name, fromDescriptor(name, Number(descriptor))];
  throw new ExpectedError(
    'usage',
    `The value of ${name} is not taken from the command line, where others can see it.`,
    `Use --secret ${name} with ${name} in the environment, or --secret ${name}=@3 with a file descriptor.`,
  );
}

function fromEnvironment(name: string, environment: Environment): string {
  const value = environment[name];
  if (value !== undefined) return value;
  throw new ExpectedError(
    'parameter-invalid',
    `The secret ${name} is not in the environment.`,
    `Set ${name} and run again, or use --secret ${name}=@3 with a file descriptor.`,
  );
}

/** The line end that `echo` and `<<<` add is no part of the value. */
function fromDescriptor(name: string, descriptor: number): string {
  try {
    return readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const message = `The secret ${name} can't be read from file descriptor ${descriptor}.`;
    const hint = `Open it for this command, as in: training-pipelines run … --secret ${name}=@${descriptor} ${descriptor}< FILE`;
    throw new ExpectedError('parameter-invalid', message, hint, { cause: error });
  }
}

/** Values for the secrets of a run that goes on, as far as the environment has them. */
export function secretsFor(run: Run, environment: Environment): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, shown] of Object.entries(run.parameters)) {
    const value = environment[name];
    if (shown === maskedSecret && value !== undefined) secrets[name] = value;
  }
  return secrets;
}
