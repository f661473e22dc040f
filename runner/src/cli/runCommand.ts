/** `run`, `attach` and `stop`: a run that is watched to its end. */
import { readFileSync } from 'node:fs';
import { ExpectedError } from '../domain/errors';
import { formatCount, formatSeconds, runSeconds, runTitle, stateInWords } from '../domain/format';
import type { DatasetAccess, Network } from '../domain/pipeline';
import { datasetAccessModes, networkModes } from '../domain/pipeline';
import { exitCodeOfRun, hasEnded, type Run } from '../domain/run';
import type { DrivenRun, RunEvents, RunRequest } from '../runner';
import type { CommandContext } from './commandContext';

export interface RunOptions {
  readonly dataset?: string;
  readonly pipeline?: string;
  readonly from?: string;
  readonly engine?: string;
  readonly gpu?: string;
  readonly image?: string;
  readonly env: readonly string[];
  readonly secret: readonly string[];
  readonly datasetAccess?: string;
  readonly network?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly shm?: string;
  readonly timeout?: string;
  readonly detach?: boolean;
  readonly check: boolean;
  readonly name?: string;
}

const stoppedCode = 130;

export async function runCommand(
  context: CommandContext,
  target: string | undefined,
  options: RunOptions,
): Promise<number> {
  const request = requestOf(context, target, options);
  const runner = await context.runner();
  const starting = new AbortController();
  const interrupt = context.signals.onInterrupt(() => starting.abort());
  let driven: DrivenRun;
  try {
    driven = await runner.start(request, options.detach === true ? {} : eventsOf(context), starting.signal);
  } catch (error) {
    if (starting.signal.aborted) return stoppedCode;
    throw error;
  } finally {
    interrupt.dispose();
  }
  if (options.detach === true) return detach(context, driven, request.secrets ?? {});
  if (starting.signal.aborted) await driven.stop();
  return watch(context, driven, 'stop');
}

export async function attachCommand(context: CommandContext, id: string | undefined): Promise<number> {
  const runner = await context.runner();
  const newest = id === undefined ? await runner.newestUnfinished() : undefined;
  const wanted = id ?? newest?.id;
  if (wanted === undefined)
    throw new ExpectedError('run-missing', 'No run is in progress.', '`runs` lists what there is.');
  const run = await runner.run(wanted);
  return watch(context, await runner.attach(run.id, eventsOf(context)), 'leave');
}

export async function stopCommand(context: CommandContext, id: string): Promise<number> {
  const runner = await context.runner();
  const run = await runner.stop(id);
  report(context, run);
  return 0;
}

function requestOf(context: CommandContext, target: string | undefined, options: RunOptions): RunRequest {
  const { dataset, pipeline, from, engine, gpu, image, memory, cpus, shm, timeout, name } = options;
  return {
    ...defined({ package: target, dataset, pipeline, from, engine, gpu, image, name }),
    ...defined({ datasetAccess: oneOf<DatasetAccess>('--dataset-access', options.datasetAccess, datasetAccessModes) }),
    ...defined({ network: oneOf<Network>('--network', options.network, networkModes) }),
    limits: defined({ memory, cpus, shm, timeout }),
    parameters: Object.fromEntries(options.env.map(parseParameter)),
    secrets: Object.fromEntries(options.secret.map((text) => readSecret(text, context.environment))),
    noCheck: !options.check,
    currentFolder: context.currentFolder,
  };
}

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

function oneOf<T extends string>(option: string, text: string | undefined, choices: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new ExpectedError('usage', `"${text}" is no value for ${option}.`, `Use ${choices.join(' or ')}.`);
}

export function parseParameter(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new ExpectedError('usage', `"${text}" is no parameter.`, 'Write --env NAME=VALUE.');
}

/** `NAME` takes the value from the environment; `NAME=@3` reads it from file descriptor 3. */
export function readSecret(text: string, environment: Readonly<Record<string, string | undefined>>): [string, string] {
  const [name = '', source] = text.split('=', 2);
  if (source === undefined) {
    const value = environment[name];
    if (value !== undefined) return [name, value];
    throw new ExpectedError(
      'parameter-invalid',
      `The secret ${name} is not in the environment.`,
      `Set ${name} and run again, or use --secret ${name}=@3 with a file descriptor.`,
    );
  }
  const descriptor = /^@(\d+)$/.exec(source)?.[1];
  if (descriptor === undefined) {
    throw new ExpectedError(
      'usage',
      `The value of ${name} is not taken from the command line, where others can see it.`,
      `Use --secret ${name} with ${name} in the environment, or ${name}=@3.`,
    );
  }
  try {
    return [name, readFileSync(Number(descriptor), 'utf8').replace(/\r?\n$/, '')];
  } catch (error) {
    throw new ExpectedError(
      'parameter-invalid',
      `The secret ${name} can't be read from file descriptor ${descriptor}.`,
      '',
      { cause: error },
    );
  }
}

function detach(
  context: CommandContext,
  driven: DrivenRun,
  secrets: Readonly<Record<string, string>>,
): Promise<number> {
  return driven.release().then(async () => {
    context.detach(['attach', driven.id, '--quiet'], secrets);
    const run = await (await context.runner()).run(driven.id);
    if (context.terminal.options.json) context.terminal.document({ ...run, problem: null });
    else
      context.terminal.print(
        `${driven.id} goes on in the background.\nSee it with: training-pipelines attach ${driven.id}`,
      );
    return 0;
  });
}

/** Ctrl-C and SIGTERM stop the run or end the watching; SIGHUP leaves it running. */
async function watch(context: CommandContext, driven: DrivenRun, onInterrupt: 'stop' | 'leave'): Promise<number> {
  let left: number | undefined;
  const leave = (code: number): void => {
    left = code;
    void driven.release();
  };
  const interrupt = context.signals.onInterrupt(() => {
    if (onInterrupt === 'leave') return leave(stoppedCode);
    context.terminal.note('Stopping. Again to kill at once.');
    void driven.stop();
  });
  const hangUp = context.signals.onHangUp(() => leave(0));
  try {
    const run = await driven.ended;
    if (left !== undefined) return left;
    report(context, run);
    return exitCodeOfRun(run);
  } finally {
    interrupt.dispose();
    hangUp.dispose();
  }
}

function eventsOf(context: CommandContext): RunEvents {
  const { terminal } = context;
  let shown = '';
  return {
    onRun: (run) => {
      const line = hasEnded(run.state) ? '' : `${run.state}${run.from === '' ? '' : ` (${run.package} ${run.from})`}`;
      if (line !== '' && line !== shown) terminal.note(terminal.paint('dim', line));
      if (line !== '') shown = line;
    },
    onLog: ({ stream, bytes }) => {
      if (stream !== 'event') terminal.raw(bytes, stream);
    },
    onProgress: (progress) => terminal.progress(progress),
    onOutput: (text) => {
      if (!terminal.options.quiet) terminal.raw(Buffer.from(text), 'stderr');
    },
  };
}

/** What came of the run. */
export function report(context: CommandContext, run: Run): void {
  const { terminal } = context;
  if (terminal.options.json) return terminal.document(run);
  if (terminal.options.quiet && run.state === 'Successful') return;
  const colour = run.state === 'Successful' ? 'green' : run.state === 'Failed' ? 'red' : 'yellow';
  const head = `${terminal.paint(colour, stateInWords(run, new Date()))}: ${runTitle(run)}`;
  terminal.print([head, ...details(run)].join('\n'));
}

function details(run: Run): string[] {
  const lines: string[] = [];
  if (run.cause !== null && run.state !== 'Killed') lines.push(`  ${run.cause.message}`, ...frames(run));
  if (run.cause !== null && run.cause.hint !== '') lines.push(`  ${run.cause.hint}`);
  if (run.problem !== null) lines.push(`  ${run.problem.message} ${run.problem.hint}`);
  for (const warning of run.warnings) lines.push(`  warning: ${warning.message}`);
  const outputs = run.results?.run_summary.outputs;
  if (outputs !== undefined && outputs.artifacts_data !== '')
    lines.push(`  artifacts: ${run.folder}/${outputs.artifacts_data}`);
  lines.push(`  results:   ${run.folder}/_results.json`);
  return lines;
}

const frames = (run: Run): string[] =>
  (run.cause?.traceback ?? [])
    .filter((frame) => !frame.file.startsWith('/') && !frame.file.startsWith('<'))
    .map((frame) => `    ${frame.file}:${frame.line} in ${frame.function}: ${frame.text.trim()}`);

/** One line for a run in a list. */
export function runRow(run: Run): string[] {
  const time = formatSeconds(runSeconds(run, new Date()));
  const outcome = hasEnded(run.state) ? run.state : `${run.state}…`;
  return [
    run.id,
    runTitle(run),
    outcome,
    time,
    `${formatCount(run.dataset.files)} files`,
    run.cause?.message ?? run.problem?.message ?? '',
  ];
}
