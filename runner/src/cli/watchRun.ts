/** Watches a run to its end, or until the user leaves it. */
import { runTitle } from '../domain/format';
import { exitCodeOfRun, hasEnded, type Run } from '../domain/run';
import type { DrivenRun, RunEvents } from '../runner';
import type { CommandContext } from './commandContext';
import { secretsFor } from './runOptions';
import { report } from './runReport';
import type { SignalListener } from './signalListener';

export const interruptedCode = 130;
/** As shells say it: 128 and the number of SIGHUP. */
const hungUpCode = 129;

export interface Watch {
  /** What Ctrl-C and SIGTERM mean. */
  readonly onInterrupt: 'stop' | 'leave';
  readonly secrets: Readonly<Record<string, string>>;
  readonly said: ReadonlySet<string>;
  readonly signals: SignalListener;
}

export async function watchRun(context: CommandContext, driven: DrivenRun, watch: Watch): Promise<number> {
  let left: number | undefined;
  const leave = (code: number): void => {
    left ??= code;
    void driven.release();
  };
  let isStopping = false;
  const stop = (): void => {
    context.terminal.note(isStopping ? 'Killing.' : 'Stopping: train.py has 10 s to end. Once more kills it at once.');
    void driven.stop(isStopping);
    isStopping = true;
  };
  watch.signals.hear({
    interrupt: watch.onInterrupt === 'leave' ? () => leave(interruptedCode) : stop,
    hangUp: () => leave(hungUpCode),
  });
  const run = await driven.ended;
  if (left !== undefined && !hasEnded(run.state)) {
    await reportLeft(context, run.id, watch);
    return left;
  }
  await report(context, run, watch.said);
  return exitCodeOfRun(run);
}

/** The run as it is, and that it goes on. */
export async function reportLeft(
  context: CommandContext,
  id: string,
  { secrets, said }: Pick<Watch, 'secrets' | 'said'>,
): Promise<void> {
  await report(context, await goOnInBackground(context, id, secrets), said);
  context.terminal.note(`The run goes on. Watch it with: training-pipelines attach ${id}`);
}

/** Somebody has to take the run's output in when it ends: another process of this program, where nobody does. */
async function goOnInBackground(
  context: CommandContext,
  id: string,
  secrets: Readonly<Record<string, string>>,
): Promise<Run> {
  const run = await (await context.runner()).run(id);
  if (hasEnded(run.state) || run.problem?.code !== 'unwatched') return run;
  await context.detach(['attach', id, '--quiet'], { ...secretsFor(run, context.environment), ...secrets });
  return { ...run, problem: null };
}

/** Shows what a run does while it goes on; `said` collects the warnings that were shown. */
export function eventsOf({ terminal }: CommandContext, said: Set<string>): RunEvents {
  let shown = '';
  return {
    onRun: (run) => {
      if (!hasEnded(run.state) && run.state !== shown) {
        terminal.note(terminal.paint('dim', `${run.state}: ${runTitle(run)}`));
        shown = run.state;
      }
      if (terminal.options.quiet) return;
      for (const { message } of run.warnings) {
        if (!said.has(message)) terminal.note(`${terminal.paint('yellow', 'warning')}: ${message}`);
        said.add(message);
      }
    },
    onLog: ({ stream, bytes }) => {
      if (stream !== 'event') terminal.log(bytes, stream);
    },
    onProgress: (progress) => terminal.progress(progress),
    onOutput: (text) => terminal.log(Buffer.from(text), 'stderr'),
  };
}
