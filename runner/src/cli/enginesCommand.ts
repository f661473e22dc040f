/** `engines`: where runs can run; and the host keys of those behind ssh. */
import type { EngineFacts } from '../domain/engineFacts';
import { ExpectedError } from '../domain/errors';
import { formatBytes, formatCount, formatNumber } from '../domain/format';
import { acceptAddress, isAddress } from '../engineAddress';
import type { CommandContext } from './commandContext';
import { table } from './table';

export interface EnginesOptions {
  readonly trust?: string;
  readonly fingerprint?: string;
}

export async function enginesCommand(
  context: CommandContext,
  names: readonly string[],
  { trust, fingerprint }: EnginesOptions,
): Promise<number> {
  if (trust !== undefined) return trustCommand(context, trust, fingerprint);
  if (fingerprint !== undefined)
    throw new ExpectedError('usage', '--fingerprint is for --trust NAME.', 'Name the engine whose key it is.');
  const { terminal } = context;
  const known = await Promise.all(names.map((name) => nameOf(context, name)));
  const runner = await context.runner();
  const engines = await runner.engines(undefined, known);
  if (terminal.options.json) {
    terminal.document({ engines });
    return 0;
  }
  const head = ['ENGINE', 'STATE', 'VERSION', 'PLATFORM', 'CPUS', 'MEMORY', 'GPUS', 'WHERE'];
  terminal.print(table(head, engines.map(engineRow), terminal.columns));
  for (const { name, problem } of engines) {
    if (problem !== null) terminal.note([problem.message, problem.hint].join(' ').trim());
    for (const note of runner.engineNotes(name)) terminal.note(`${name}: ${note}`);
  }
  if (engines.some(({ state }) => state === 'offered'))
    terminal.note('offered: a host of your ssh configuration. Nobody connects to it before you choose it.');
  return 0;
}

const nameOf = async (context: CommandContext, name: string): Promise<string> =>
  isAddress(name) ? acceptAddress(context.environment, name) : name;

/** Shows the key first; accepts it only with the fingerprint that the user has compared. */
async function trustCommand(context: CommandContext, wanted: string, fingerprint?: string): Promise<number> {
  const { terminal } = context;
  const runner = await context.runner();
  const name = await nameOf(context, wanted);
  if (fingerprint !== undefined) await runner.trustHost(name, fingerprint);
  const key = await runner.hostKey(name);
  const accepted = fingerprint !== undefined;
  if (terminal.options.json) terminal.document({ engine: name, ...key, accepted });
  else if (accepted) terminal.print(`${name}: the host key ${key.fingerprint} is known from now on.`);
  else {
    terminal.print(
      `${name} (${key.host}) shows a host key of type ${key.type} with the fingerprint ${key.fingerprint}`,
    );
    terminal.note(
      `If the host's administrator names the same, accept it: training-pipelines engines --trust ${name} --fingerprint ${key.fingerprint}`,
    );
  }
  return 0;
}

const engineRow = (engine: EngineFacts): string[] => [
  engine.name,
  engine.state,
  engine.version,
  engine.platform,
  engine.cpus === null ? '' : formatCount(engine.cpus),
  engine.memory === null || engine.memory === 0 ? '' : formatBytes(engine.memory),
  gpuCell(engine),
  engine.endpoint,
];

/** Cards that share the machine's memory say so. */
function gpuCell({ gpus }: EngineFacts): string {
  if (gpus.length === 0) return '';
  return `${formatNumber(gpus.length, 'GPU')}${gpus.every(({ memory }) => memory === null) ? ', unified' : ''}`;
}
