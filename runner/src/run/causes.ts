/** The true cause of a run that did not succeed: from the harness's record, the engine's verdict and the stop marker. */
import { isExpected, messageOf } from '../domain/errors';
import type { CompletionRecord } from '../domain/completionRecord';
import { cause, type Cause } from '../domain/run';
import type { ResourceLimits } from '../engine/engine';
import type { Verdict } from './intent';

export interface Ending {
  readonly record: CompletionRecord | undefined;
  readonly recordProblem: string;
  readonly verdict: Verdict;
  readonly stopRequested: boolean;
  readonly engine: string;
  readonly limits: ResourceLimits;
}

/** Undefined where the run succeeded. */
export function causeOf(ending: Ending): Cause | undefined {
  const { record } = ending;
  return record === undefined ? withoutRecord(ending) : withRecord(record, ending);
}

function withRecord(record: CompletionRecord, ending: Ending): Cause | undefined {
  const how = { exitCode: record.exitCode, signal: record.signal };
  switch (record.outcome) {
    case 'completed':
      return undefined;
    case 'failed':
      return failed(record, ending);
    case 'timed-out': {
      const message = `The run reached its time limit of ${ending.limits.timeoutSeconds ?? 0} s in ${record.step}.`;
      return cause('timed-out', message, { ...how, hint: 'Raise the time limit, or make training shorter.' });
    }
    case 'interrupted':
      return ending.stopRequested ? killed(how) : interrupted(ending, how);
    default:
      return cause('engine', record.gpu.problem || record.message, {
        hint: record.hint || 'Run without a GPU, or choose an engine that has one.',
      });
  }
}

type How = Pick<Cause, 'exitCode' | 'signal'>;

const killed = (how: How): Cause => cause('killed', 'The run was stopped. No version was made.', how);

const interrupted = (ending: Ending, how: How): Cause =>
  cause('engine', `${ending.engine} stopped in mid-run. No version was made.`, {
    ...how,
    hint: 'The log is kept. Run again.',
  });

function failed(record: CompletionRecord, ending: Ending): Cause {
  const exception = record.exception;
  return cause(record.kind ?? 'code', record.message, {
    hint: record.kind === 'out-of-memory' ? memoryHint(ending) : record.hint,
    exitCode: record.exitCode,
    signal: record.signal,
    traceback: exception?.traceback ?? [],
    chain: exception?.chain ?? [],
  });
}

const memoryHint = (ending: Ending): string =>
  ending.limits.memory === null
    ? 'Use less memory, or a machine with more.'
    : 'Raise the memory limit, or use less memory.';

function withoutRecord(ending: Ending): Cause {
  const { verdict } = ending;
  const how = { exitCode: verdict.exitCode, signal: verdict.signal };
  if (ending.stopRequested) return killed(how);
  if (verdict.kind === 'forgotten') {
    const message = `The run is gone from ${ending.engine}: someone removed it. No version was made.`;
    return cause('lost', message, { hint: 'The log up to then is kept. Run again.' });
  }
  if (verdict.outOfMemory) {
    return cause('out-of-memory', 'Out of memory: the run was killed for it.', { ...how, hint: memoryHint(ending) });
  }
  const detail = [verdict.error, ending.recordProblem].find((text) => text !== '') ?? '';
  const message = `${ending.engine} ended the run without a record of completion${detail === '' ? '' : `: ${detail}`}.`;
  return cause('engine', message, { ...how, hint: 'No version was made; the log is kept. Run again.' });
}

/** For a run that ends before it reached the engine. */
export const stoppedEarly = cause('killed', 'The run was stopped before training began. No version was made.');

export function causeOfError(error: unknown, engine: string): Cause {
  if (isExpected(error, 'requirements')) return cause('requirements', error.message, { hint: error.hint });
  if (isExpected(error)) return cause('engine', error.message, { hint: error.hint });
  return cause('engine', `The run could not be started on ${engine}: ${messageOf(error)}`, { hint: 'Run again.' });
}

export const readOnlyHint = (failed: boolean, access: string): string =>
  failed && access === 'read-only'
    ? 'The dataset is read-only in a run. Write elsewhere, or run with --dataset-access copy for a private writable view.'
    : '';

export const withHint = (why: Cause, hint: string): Cause => (hint === '' ? why : { ...why, hint });
