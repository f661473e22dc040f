/** Small whole values for tests of the store. */
import { createHash } from 'node:crypto';
import type { Results } from '../../runner/src/domain/results';
import type { Run } from '../../runner/src/domain/run';
import type { VersionFile } from '../../runner/src/domain/version';

export const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

export function runOf(id: string, change: Partial<Run> = {}): Run {
  return {
    id,
    name: null,
    pipeline: 'digits',
    package: 'digits',
    from: '1.0',
    version: '',
    state: 'Running',
    cause: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    phases: [],
    problem: null,
    engine: 'process',
    image: null,
    gpu: { requested: 'none', got: [] },
    dataset: { path: 'data', tree: digestOf('data'), files: 1, bytes: 4 },
    parameters: {},
    warnings: [],
    folder: `.training-pipelines/runs/${id}`,
    results: null,
    ...change,
  };
}

export function resultsOf(version: string): Results {
  return {
    parameters: {
      pipeline: 'digits',
      inputs: { package: 'digits', version: '1.0', train_data: 'data', gpu: 'False' },
      env: { epochs: '3' },
    },
    run_summary: {
      execution_time: 2,
      start_at: 1_767_225_600,
      end_at: 1_767_225_602,
      outputs: { train_data: '', artifacts_data: '', package: 'digits', version },
    },
  };
}

/** The version of the zip whose bytes are `content`, made by a run. */
export function versionOf(version: string, run: string, content: string): VersionFile {
  return {
    schema: 1,
    package: 'digits',
    version,
    from: '1.0',
    run,
    createdAt: '2026-01-01T00:00:02.000Z',
    sealed: { zip: digestOf(content), tree: digestOf(`tree of ${content}`), files: [] },
    madeFrom: null,
  };
}

export const stagedOf = (zip: string, content: string) => ({
  zip,
  zipDigest: digestOf(content),
  tree: digestOf(`tree of ${content}`),
  files: [],
});
