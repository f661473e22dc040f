/** `run`, `attach` and `stop`. */
import { ExpectedError } from '../domain/errors';
import { acceptNames } from '../engineAddress';
import type { DrivenRun, RunEvents, RunRequest } from '../runner';
import type { CommandContext } from './commandContext';
import { requestOf, secretsFor, type RunOptions } from './runOptions';
import { report } from './runReport';
import { SignalListener } from './signalListener';
import { eventsOf, reportLeft, watchRun } from './watchRun';

export async function runCommand(
  context: CommandContext,
  target: string | undefined,
  options: RunOptions,
): Promise<number> {
  const { engine } = options;
  // It is known before the engines are read.
  const named = engine === undefined ? undefined : await acceptNames(context.environment, engine);
  const request = requestOf(context, target, named === undefined ? options : { ...options, engine: named });
  const { secrets = {} } = request;
  const said = new Set<string>();
  const signals = new SignalListener(context.signals);
  try {
    const isDetached = options.detach === true;
    const driven = await start(context, request, signals, isDetached ? {} : eventsOf(context, said));
    if (!isDetached) return await watchRun(context, driven, { onInterrupt: 'stop', secrets, said, signals });
    await driven.release();
    await reportLeft(context, driven.id, { secrets, said });
    return 0;
  } finally {
    signals.dispose();
  }
}

/** Ctrl-C before there is a run gives it up; where it came too late for that, the run is stopped. */
async function start(
  context: CommandContext,
  request: RunRequest,
  signals: SignalListener,
  events: RunEvents,
): Promise<DrivenRun> {
  const runner = await context.runner();
  const starting = new AbortController();
  signals.hear({ interrupt: () => starting.abort() });
  let driven: DrivenRun;
  try {
    driven = await runner.start(request, events, starting.signal);
  } catch (cause) {
    if (!starting.signal.aborted) throw cause;
    throw new ExpectedError('cancelled', 'Stopped before there was a run.', '', { cause });
  }
  if (starting.signal.aborted) void driven.stop();
  return driven;
}

export async function attachCommand(context: CommandContext, id: string | undefined): Promise<number> {
  const runner = await context.runner();
  const run = id === undefined ? await runner.newestUnfinished() : await runner.run(id);
  if (run === undefined)
    throw new ExpectedError('run-missing', 'No run is in progress.', '`runs` lists what there is.');
  const secrets = secretsFor(run, context.environment);
  const said = new Set<string>();
  const signals = new SignalListener(context.signals);
  try {
    const driven = await runner.attach(run.id, eventsOf(context, said), secrets);
    return await watchRun(context, driven, { onInterrupt: 'leave', secrets, said, signals });
  } finally {
    signals.dispose();
  }
}

export async function stopCommand(context: CommandContext, id: string): Promise<number> {
  await report(context, await (await context.runner()).stop(id));
  return 0;
}
