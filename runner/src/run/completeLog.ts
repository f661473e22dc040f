/** The last read of a run's log, held against what the harness counted. */
import type { CompletionRecord } from '../domain/completionRecord';
import { isExpected, messageOf } from '../domain/errors';
import type { Engine, RunRef } from '../engine/engine';
import type { RunLog } from '../store/store';
import { drainLog, type FollowHooks } from './followRun';
import { patiently, type OnSilence } from './patientEngine';
import type { RunContext } from './runContext';

export interface LogToComplete {
  readonly context: RunContext;
  readonly engine: Engine;
  readonly ref: RunRef;
  readonly hooks: Pick<FollowHooks, 'onChunks'>;
  readonly onSilence: OnSilence;
  readonly signal: AbortSignal;
}

/**
 * Where the log is not what the harness counted, it is read again from the start. Throws where it cannot be read for now;
 * what no engine gives any more is no reason to lose the run.
 */
export async function completeLog(to: LogToComplete, record: CompletionRecord | undefined): Promise<void> {
  const { context, ref, signal } = to;
  const log = await context.store.runs.openLog(ref.runId);
  try {
    if (record !== undefined && (await log.digest()) === record.log.sha256) return await log.sync();
    await drain(to, log, to.hooks);
    if (record !== undefined && (await log.digest()) !== record.log.sha256) {
      context.log.warn(`the log of ${ref.runId} is not what the harness counted; it is read again`);
      await log.reset();
      await drain(to, log, { onChunks: () => undefined });
      await noteWhatIsMissing(to, log, record);
    }
    await log.sync();
  } catch (error) {
    signal.throwIfAborted();
    if (isExpected(error, 'disk-full') || isExpected(error, 'engine-unreachable')) throw error;
    context.log.warn(`last read of the log of ${ref.runId}: ${messageOf(error)}`);
  } finally {
    await log.close();
  }
}

async function noteWhatIsMissing({ context, engine }: LogToComplete, log: RunLog, record: CompletionRecord) {
  if ((await log.digest()) === record.log.sha256) return;
  await log.note(`--- ${engine.name} has lost a part of this log ---`, context.clock.now());
}

/** From where the log is by then, each time that the connection is lost. */
function drain(to: LogToComplete, log: RunLog, hooks: Pick<FollowHooks, 'onChunks'>): Promise<void> {
  const { engine, ref, onSilence, signal } = to;
  return patiently(() => drainLog(engine, ref, log, hooks, signal), onSilence, signal);
}
