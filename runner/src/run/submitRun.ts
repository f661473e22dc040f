/** Hands a packaged run over to its engine: the dataset first, where the engine is to have a copy, then the run itself. */
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { ExpectedError, isExpected } from '../domain/errors';
import type { Problem } from '../domain/run';
import type { DatasetEntry } from '../domain/treeHash';
import type { Engine, RunSpec, StartedRun } from '../engine/engine';
import { isOnEngine } from './engineDataset';
import { orElsewhere } from './firstFree';
import { datasetListPath, hashRunDataset } from './packaging';
import type { RunContext, SafeEvents } from './runContext';
import type { RunDraft } from './runDocument';

export interface Submission {
  readonly context: RunContext;
  readonly engine: Engine;
  readonly draft: () => RunDraft;
  readonly spec: () => RunSpec;
  readonly secrets: Readonly<Record<string, string>>;
  readonly events: SafeEvents;
  /** Everything is ready: from now on only the engine's resources are missing. */
  readonly onReady: () => Promise<void>;
  /** What keeps the run from starting for now; null once nothing does. */
  readonly onProblem: (problem: Problem | null) => void;
  /** The other engines that the run may go to. */
  readonly others: () => readonly Engine[];
  /** Ends the preparing. */
  readonly stopping: AbortSignal;
  /** Ends the starting too. */
  readonly released: AbortSignal;
}

/** How often a copy that was cleared before the run could refer to it is sent again. */
const sendings = 2;

export async function submitRun(submission: Submission): Promise<StartedRun> {
  const { engine, events, released } = submission;
  for (let sent = 1; ; sent++) {
    await sendDataset(submission);
    await submission.onReady();
    const { gpu, done } = await waitForTurn(submission);
    try {
      return await engine.start({ ...submission.spec(), gpu }, submission.secrets, {
        onProgress: events.progress,
        signal: released,
      });
    } catch (error) {
      if (!isExpected(error, 'dataset-missing') || sent === sendings) throw error;
    } finally {
      await done();
    }
  }
}

/** What the run may have of the engine's GPUs; said on the run while it has to wait for them. */
async function waitForTurn(submission: Submission) {
  const { engine, events, stopping } = submission;
  const spec = submission.spec();
  if (engine.waitForGpus === undefined || spec.gpu.kind === 'none')
    return { gpu: spec.gpu, done: () => Promise.resolve() };
  const onWaiting = (text: string): void => {
    events.progress({ text });
    submission.onProblem({ code: 'gpu-busy', message: text, hint: 'The run starts by itself once it has its turn.' });
  };
  const { waitForGpus } = engine;
  const turn = await orElsewhere(submission.others(), spec.gpu, stopping, (signal) =>
    waitForGpus.call(engine, spec, { onWaiting, signal }),
  );
  submission.onProblem(null);
  return turn;
}

async function sendDataset({ context, engine, draft, spec, events, stopping }: Submission): Promise<void> {
  if (engine.send === undefined) return;
  const { run, intent } = draft();
  const { tree, files, bytes } = run.dataset;
  const { path } = intent.dataset;
  if (isOnEngine(path)) return;
  await engine.send(
    {
      ref: spec().ref,
      path,
      tree,
      files,
      bytes,
      name: posix.basename(run.dataset.path),
      entries:
        (await readDatasetList(context, run.id)) ?? (await hashRunDataset(context, path, events, stopping)).entries,
      image: spec().environment.target,
      cacheFolder: context.store.cacheFolder,
      onProgress: events.progress,
    },
    stopping,
  );
}

/** What the dataset was when it was counted; undefined where that can't be read any more. */
export async function readDatasetList(context: RunContext, id: string): Promise<DatasetEntry[] | undefined> {
  try {
    return JSON.parse(await readFile(datasetListPath(context, id), 'utf8')) as DatasetEntry[];
  } catch {
    return undefined;
  }
}

export function requireSecrets({ intent }: RunDraft, secrets: Readonly<Record<string, string>>): void {
  const missing = intent.secretNames.find((name) => !(name in secrets));
  if (missing === undefined) return;
  const hint = `Put ${missing} into the environment and attach to the run.`;
  throw new ExpectedError('parameter-invalid', `The value of the secret ${missing} is not here.`, hint);
}
