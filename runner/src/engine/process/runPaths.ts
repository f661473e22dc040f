/** Where a local run's things lie, all of it below the run's work folder. */
import { join } from 'node:path';
import type { RunRef } from '../engine';

export interface RunPaths {
  readonly folder: string;
  readonly base: string;
  readonly control: string;
  /** Written by the harness as its first act: which process runs this. Whoever makes it first is the run. */
  readonly started: string;
  /** A copy of it, where the training code does not look for folders to remove. */
  readonly startedCopy: string;
  readonly record: string;
  /** Asks a harness that no signal can reach (Windows). */
  readonly stop: string;
  readonly out: string;
  readonly log: string;
  /** What the harness itself had to complain about. */
  readonly complaints: string;
  readonly claim: string;
}

export function runPaths({ workFolder }: Pick<RunRef, 'workFolder'>): RunPaths {
  const base = join(workFolder, 'base');
  const control = join(base, 'control');
  return {
    folder: workFolder,
    base,
    control,
    started: join(control, 'started'),
    startedCopy: join(workFolder, 'started'),
    record: join(control, 'record.json'),
    stop: join(control, 'stop'),
    out: join(base, 'out'),
    log: join(workFolder, 'log.frames'),
    complaints: join(workFolder, 'harness-errors.txt'),
    claim: join(workFolder, 'claim'),
  };
}
