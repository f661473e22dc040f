/** Run again: the same choice as an earlier run, from the version that it started from. */
import { isAbsolute, join } from 'node:path';
import type { RunRequest } from '../../../runner/src/protocol';
import { maskedSecret } from '../../../runner/src/domain/results';
import type { Run } from '../../../runner/src/domain/run';
import type { Parts } from '../extensionContext';
import { pickRun, runOf } from '../pick';
import { secretsOf } from '../secrets';
import { startRun } from './runPipeline';

export async function runAgain(parts: Parts, argument?: unknown): Promise<string | undefined> {
  const id = runOf(argument);
  const run = id === undefined ? await pickRun(parts.model, 'ended', 'Run again') : await parts.model.fetchRun(id);
  if (run === undefined) return undefined;
  return startRun(parts, await requestOf(parts, run));
}

async function requestOf(parts: Parts, run: Run): Promise<RunRequest> {
  const workspace = parts.workspace ?? '';
  const plain = Object.entries(run.parameters).filter(([, value]) => value !== maskedSecret);
  const secretNames = Object.keys(run.parameters).filter((name) => run.parameters[name] === maskedSecret);
  const pipeline = (await parts.pipelines.pipelines()).some((one) => one.name === run.pipeline)
    ? run.pipeline
    : undefined;
  return {
    package: run.package,
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(run.from === '' ? {} : { from: run.from }),
    dataset: isAbsolute(run.dataset.path) ? run.dataset.path : join(workspace, run.dataset.path),
    engine: run.engine,
    gpu: run.gpu.requested,
    parameters: Object.fromEntries(plain),
    secrets: await secretsOf(parts.secrets, workspace, run.pipeline, secretNames),
    currentFolder: workspace,
  };
}
