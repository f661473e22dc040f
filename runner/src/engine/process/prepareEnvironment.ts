/** The environment of a local run: the interpreter, or a virtual environment that is cached under interpreter and requirements. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExpectedError } from '../../domain/errors';
import type { Warning } from '../../domain/run';
import type { EnvironmentPlan, EnvironmentRequest, OnProgress, PreparedEnvironment } from '../engine';
import { withClaim } from './claim';
import { installRequirements, pythonOf } from './installRequirements';
import { findInterpreter, type Interpreter } from './interpreter';
import { removeFolder } from './removeFolder';
import type { Starter } from './startRun';
import { exists } from './supervisorState';

export interface PrepareEvents {
  readonly environment: Readonly<Record<string, string>>;
  readonly extract: Starter['extract'];
  readonly onProgress: OnProgress;
  readonly onOutput: (text: string) => void;
}

const requirementFiles: readonly string[] = ['requirements.txt', 'train_requirements.txt'];

export async function prepareEnvironment(
  request: EnvironmentRequest,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<PreparedEnvironment> {
  try {
    return await prepare(request, events, signal);
  } catch (error) {
    if (signal?.aborted !== true || error instanceof ExpectedError) throw error;
    throw new ExpectedError('cancelled', 'Preparing the environment was cancelled.', '', { cause: error });
  }
}

async function prepare(
  request: EnvironmentRequest,
  events: PrepareEvents,
  signal: AbortSignal | undefined,
): Promise<PreparedEnvironment> {
  const interpreter = await findInterpreter(request.python, events.environment, signal);
  const files = filesWithRequirements(request);
  const warnings = request.files.some(({ name }) => name === 'Dockerfile') ? [dockerfileIgnored] : [];
  if (files.length === 0) {
    const summary = `Uses Python ${interpreter.version} at ${interpreter.path}; the package has no requirements.`;
    return { target: interpreter.path, image: null, summary, built: false, warnings };
  }
  const needsPackage = files.some(({ text }) => namesOtherFiles(text));
  const folder = await environmentFolder(request, interpreter, files);
  const reused = { target: pythonOf(folder), image: null, summary: reusedSummary(interpreter), built: false, warnings };
  if (await isComplete(folder)) return reused;
  await mkdir(dirname(folder), { recursive: true });
  const waiting = (): void => events.onProgress({ text: 'waiting for another run that builds the same environment' });
  return withClaim(
    `${folder}.lock`,
    signal,
    async () => {
      if (await isComplete(folder)) return reused;
      const summary = await build({ request, interpreter, files, folder, needsPackage }, events, signal);
      return { ...reused, summary, built: true };
    },
    waiting,
  );
}

/** What `prepareEnvironment` would do. */
export async function planEnvironment(
  request: EnvironmentRequest,
  environment: PrepareEvents['environment'],
  signal?: AbortSignal,
): Promise<EnvironmentPlan> {
  const interpreter = await findInterpreter(request.python, environment, signal);
  const files = filesWithRequirements(request);
  const plan = { base: `Python ${interpreter.version}`, isBaseThere: true, files: files.map(({ name }) => name) };
  if (files.length === 0) return { ...plan, kind: 'ready' };
  const made = await isComplete(await environmentFolder(request, interpreter, files));
  return { ...plan, kind: made ? 'ready' : 'build' };
}

const filesWithRequirements = ({ files }: EnvironmentRequest): EnvironmentRequest['files'] =>
  files.filter(({ name, text }) => requirementFiles.includes(name) && requirementsIn(text) > 0);

async function environmentFolder(
  request: EnvironmentRequest,
  interpreter: Interpreter,
  files: EnvironmentRequest['files'],
): Promise<string> {
  const needsPackage = files.some(({ text }) => namesOtherFiles(text));
  const key = await environmentKey(interpreter, files, needsPackage ? request.zip : '');
  return join(request.cacheFolder, 'environments', key);
}

const dockerfileIgnored: Warning = {
  code: 'dockerfile-ignored',
  message: 'The package has a Dockerfile, which the local Python cannot use.',
};

const reusedSummary = ({ version }: Interpreter): string =>
  `Reused the virtual environment (Python ${version}): requirements unchanged.`;

const plainLines = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');

const requirementsIn = (text: string): number => plainLines(text).length;

/** True where a requirement file leads to other files of the package, which the installer then needs. */
export const namesOtherFiles = (text: string): boolean =>
  plainLines(text).some((line) =>
    /^(-r|-c|-e|--requirement|--constraint|--editable|-f|--find-links|\.{0,2}[\\/])|(@|^)\s*file:|\.(whl|zip|tar\.gz)$/.test(
      line,
    ),
  );

async function environmentKey(
  interpreter: Interpreter,
  files: EnvironmentRequest['files'],
  zip: string,
): Promise<string> {
  const hash = createHash('sha256');
  const facts = [interpreter.path, interpreter.version, process.platform, process.arch];
  hash.update(JSON.stringify([facts, files.map(({ name, text }) => [name, text])]));
  if (zip !== '') hash.update(await readFile(zip));
  return hash.digest('hex').slice(0, 24);
}

const marker = (folder: string): string => join(folder, 'training-pipelines.json');

/** The marker comes last, so what has it is whole; the interpreter behind it may be gone all the same. */
const isComplete = async (folder: string): Promise<boolean> =>
  (await exists(marker(folder))) && exists(pythonOf(folder));

interface Build {
  readonly request: EnvironmentRequest;
  readonly interpreter: Interpreter;
  readonly files: EnvironmentRequest['files'];
  readonly folder: string;
  readonly needsPackage: boolean;
}

async function build(what: Build, events: PrepareEvents, signal?: AbortSignal): Promise<string> {
  const { request, interpreter, files, folder } = what;
  const why = (await exists(folder)) ? 'an earlier try was not finished' : 'these requirements are new';
  const cwd = `${folder}.files`;
  await removeFolder(folder);
  await removeFolder(cwd);
  try {
    await mkdir(cwd, { recursive: true });
    if (what.needsPackage) await events.extract(request.zip, request.package, cwd, { signal });
    for (const { name, text } of files) await writeFile(join(cwd, name), text);
    const direct = files.reduce((sum, { text }) => sum + requirementsIn(text), 0);
    const installation = { interpreter, target: folder, cwd, files: files.map(({ name }) => name), direct };
    const installer = await installRequirements(installation, events, signal);
    await finish(folder, { interpreter, files: files.map(({ name }) => name), installer });
    return `Built a virtual environment (Python ${interpreter.version}, ${installer}): ${why}.`;
  } catch (error) {
    await removeFolder(folder).catch(() => undefined);
    if (!isFull(error)) throw error;
    throw new ExpectedError(
      'disk-full',
      'The disk is full: the environment cannot be built.',
      'Make room and run again.',
      { cause: error },
    );
  } finally {
    await removeFolder(cwd).catch(() => undefined);
  }
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

async function finish(folder: string, facts: object): Promise<void> {
  const file = await open(marker(folder), 'w');
  try {
    await file.writeFile(JSON.stringify(facts));
    await file.sync();
  } finally {
    await file.close();
  }
}
