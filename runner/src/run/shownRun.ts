/** A run as it is shown: where nobody drives an unfinished one, that is said. */
import { cause, hasEnded, type Run } from '../domain/run';
import type { RunRecord } from '../store/store';
import { intentSchema } from './intent';

/** After this long a run that was never started is shown as lost. */
export const startAgainMilliseconds = 10 * 60_000;

export function shownRun(record: RunRecord, isDriven: boolean, now: number): Run {
  const { run } = record;
  if (isDriven || hasEnded(run.state)) return run;
  const stage = intentSchema.safeParse(record.intent).data?.stage;
  const neverStarted = stage === 'packaging';
  if (neverStarted && now - Date.parse(run.startedAt) > startAgainMilliseconds) return lost(run);
  if (run.problem !== null) return run;
  const message = neverStarted
    ? 'What started this run ended before training began.'
    : 'Nothing watches this run just now; it goes on where it is.';
  return { ...run, problem: { code: 'unwatched', message, hint: `\`attach ${run.id}\` goes on with it.` } };
}

const lost = (run: Run): Run => ({
  ...run,
  state: 'Failed',
  cause: cause('lost', 'The run was never started: what started it ended too early.', {
    hint: `\`attach ${run.id}\` starts it now; \`delete ${run.id}\` removes it.`,
  }),
});
