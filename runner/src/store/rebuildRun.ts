/** A run whose `run.json` is damaged or gone, told from what else is known of it. */
import type { Results } from '../domain/results';
import { cause, hasEnded, type Cause, type Run } from '../domain/run';
import type { VersionFile } from '../domain/version';
import type { RunRecord } from './store';

export interface Remains {
  readonly id: string;
  /** The run's folder as documents show it. */
  readonly shown: string;
  /** The record as it was one durable step before. */
  readonly previous: RunRecord | undefined;
  readonly results: Results | undefined;
  /** The version that this run made. */
  readonly made: VersionFile | undefined;
}

export function rebuildRun(remains: Remains): RunRecord {
  const { previous, results } = remains;
  if (previous !== undefined && (hasEnded(previous.run.state) || results === undefined)) return previous;
  const intent = previous?.intent ?? {};
  if (results !== undefined) return { run: ofResults(remains, results), intent };
  return { run: remains.made === undefined ? blank(remains) : ofVersion(remains, remains.made), intent };
}

/** `_results.json` is written once a run has ended, and never before. */
function ofResults(remains: Remains, results: Results): Run {
  const { inputs, pipeline, env } = results.parameters;
  const { outputs, start_at: start, end_at: end } = results.run_summary;
  const base = remains.previous?.run ?? blank(remains);
  const isSuccess = outputs.version !== '';
  return {
    ...base,
    pipeline,
    package: outputs.package,
    from: inputs.version,
    version: outputs.version,
    state: isSuccess ? 'Successful' : 'Failed',
    cause: isSuccess ? null : lost,
    startedAt: isoTime(start),
    endedAt: isoTime(end),
    problem: null,
    dataset: { ...base.dataset, path: inputs.train_data },
    parameters: env,
    results,
  };
}

function ofVersion(remains: Remains, file: VersionFile): Run {
  const { madeFrom } = file;
  const base = blank(remains);
  const known = {
    ...base,
    pipeline: file.package,
    package: file.package,
    from: file.from,
    version: file.version,
    state: 'Successful' as const,
    cause: null,
    endedAt: file.createdAt,
  };
  if (madeFrom === null) return known;
  const { dataset, engine, image, parameters, gpu } = madeFrom;
  return {
    ...known,
    engine,
    image: image?.name ?? null,
    gpu: { requested: 'none', got: gpu },
    dataset: { path: dataset.name, tree: dataset.tree, files: dataset.files, bytes: dataset.bytes },
    parameters,
  };
}

const lost: Cause = cause('lost', 'The record of this run (run.json) is damaged or gone.', {
  hint: 'What is left of it is in its folder; a damaged file is set aside there.',
});

function blank({ id, shown }: Remains): Run {
  const startedAt = timeOfId(id);
  return {
    id,
    name: null,
    pipeline: 'unknown',
    package: 'unknown',
    from: '',
    version: '',
    state: 'Failed',
    cause: lost,
    startedAt,
    endedAt: startedAt,
    phases: [],
    problem: null,
    engine: 'unknown',
    image: null,
    gpu: { requested: 'none', got: [] },
    dataset: { path: '', tree: '', files: 0, bytes: 0 },
    parameters: {},
    warnings: [],
    folder: shown,
    results: null,
  };
}

const isoTime = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString();

function timeOfId(id: string): string {
  const text = id.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})-.*$/, '$1-$2-$3T$4:$5:$6.$7Z');
  return Number.isNaN(Date.parse(text)) ? new Date(0).toISOString() : text;
}
