/** `run`, `attach` and `stop`. */
import { ExpectedError } from '../domain/errors';
import type { DrivenRun } from '../runner';
import type { CommandContext } from './commandContext';
import { requestOf, secretsFor, type RunOptions } from './runOptions';
import { report } from './runReport';
import { eventsOf, goOnInBackground, watchRun } from './watchRun';

export async function runCommand(
  context: CommandContext,
  target: string | undefined,
  options: RunOptions,
): Promise<number> {
  const request = requestOf(context, target, options);
  const { secrets = {} } = request;
  const runner = await context.runner();
  const said = new Set<string>();
  const starting = new AbortController();
  const interrupt = context.signals.onInterrupt(() => starting.abort());
  let driven: DrivenRun;
  try {
    driven = await runner.start(request, options.detach === true ? {} : eventsOf(context, said), starting.signal);
  } catch (error) {
    if (!starting.signal.aborted) throw error;
    throw new ExpectedError('cancelled', 'Stopped before there was a run.', '', { cause: error });
  } finally {
    interrupt.dispose();
  }
  if (starting.signal.aborted) void driven.stop();
  else if (options.detach === true) return detach(context, driven, secrets);
  return watchRun(context, driven, { onInterrupt: 'stop', secrets, said });
}

async function detach(
  context: CommandContext,
  driven: DrivenRun,
  secrets: Readonly<Record<string, string>>,
): Promise<number> {
  await driven.release();
  await report(context, await goOnInBackground(context, driven.id, secrets));
  context.terminal.note(`It goes on in the background. Watch it with: training-pipelines attach ${driven.id}`);
  return 0;
}

export async function attachCommand(context: CommandContext, id: string | undefined): Promise<number> {
  const runner = await context.runner();
  const run = id === undefined ? await runner.newestUnfinished() : await runner.run(id);
  if (run === undefined)
    throw new ExpectedError('run-missing', 'No run is in progress.', '`runs` lists what there is.');
  const secrets = secretsFor(run, context.environment);
  const said = new Set<string>();
  const driven = await runner.attach(run.id, eventsOf(context, said), secrets);
  return watchRun(context, driven, { onInterrupt: 'leave', secrets, said });
}

export async function stopCommand(context: CommandContext, id: string): Promise<number> {
  await report(context, await (await context.runner()).stop(id));
  return 0;
}
