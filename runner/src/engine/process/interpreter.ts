/** The local Python: the one that was chosen, else `python3`, `python` or `py`, from version 3.8 on. */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import { runTool } from './runTool';

export interface Interpreter {
  /** Absolute path, behind any shim. */
  readonly path: string;
  /** Like "3.11.7". */
  readonly version: string;
}

const answerSchema = z.object({ path: z.string().min(1), version: z.string().regex(/^\d+\.\d+\.\d+/) });
const question =
  'import sys, json; print(json.dumps({"path": sys.executable, "version": ".".join(map(str, sys.version_info[:3]))}))';
const askMilliseconds = 20_000;
const hint = 'Install Python 3.8 or newer, or choose an interpreter with the setting "python".';

type Command = readonly [program: string, ...args: string[]];
type Environment = Readonly<Record<string, string>>;

/** `wanted`: a version like "3.11", a path, or "". Throws `python-missing`. */
export async function findInterpreter(
  wanted: string,
  environment: Environment,
  signal?: AbortSignal,
): Promise<Interpreter> {
  const tooOld: Interpreter[] = [];
  const others: Interpreter[] = [];
  for await (const command of candidates(wanted)) {
    const found = await ask(command, environment, signal);
    signal?.throwIfAborted();
    if (found === undefined) continue;
    if (!isNewEnough(found.version)) tooOld.push(found);
    else if (!fits(found.version, wanted)) others.push(found);
    else return found;
  }
  throw missing(wanted, tooOld, others);
}

function missing(wanted: string, tooOld: readonly Interpreter[], others: readonly Interpreter[]): ExpectedError {
  const [old] = tooOld;
  const [other] = others;
  if (isPath(wanted)) return new ExpectedError('python-missing', `${wanted} is no Python from version 3.8 on.`, hint);
  const seen = other ?? old;
  const there = seen === undefined ? '' : ` There is Python ${seen.version} at ${seen.path}.`;
  const what = wanted === '' ? 'No Python from version 3.8 on was found.' : `Python ${wanted} was not found.`;
  return new ExpectedError('python-missing', `${what}${there}`, hint);
}

export const isPath = (wanted: string): boolean => /[\\/]/.test(wanted);

const isVersion = (wanted: string): boolean => /^\d+(\.\d+){0,2}$/.test(wanted);

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 8);
}

/** "3.11" is any 3.11, "3.11.7" that one, "" and names are any. */
export const fits = (version: string, wanted: string): boolean =>
  !isVersion(wanted) || `${version}.`.startsWith(`${wanted}.`);

async function* candidates(wanted: string): AsyncGenerator<Command> {
  if (isPath(wanted)) {
    yield [isAbsolute(wanted) ? wanted : resolve(wanted)];
    return;
  }
  const windows = process.platform === 'win32';
  if (isVersion(wanted)) {
    if (windows) yield ['py', `-${wanted}`];
    yield [`python${wanted}`];
  } else if (wanted !== '') {
    yield [wanted];
    return;
  }
  yield* windows ? ([['py', '-3'], ['python'], ['python3']] as const) : ([['python3'], ['python']] as const);
  if (!isVersion(wanted)) return;
  yield* await pyenvVersions(wanted);
}

async function pyenvVersions(wanted: string): Promise<Command[]> {
  const root = join(homedir(), '.pyenv', 'versions');
  const names = await readdir(root).catch(() => []);
  return names.filter((name) => fits(name, wanted)).map((name) => [join(root, name, 'bin', 'python3')]);
}

async function ask(command: Command, environment: Environment, signal?: AbortSignal): Promise<Interpreter | undefined> {
  const [program, ...args] = command;
  const { code, output } = await runTool(program, [...args, '-I', '-c', question], {
    environment,
    signal,
    timeoutMilliseconds: askMilliseconds,
  });
  if (code !== 0) return undefined;
  try {
    return answerSchema.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  } catch {
    return undefined;
  }
}
