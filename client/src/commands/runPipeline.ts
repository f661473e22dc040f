/** Run training pipeline: a saved pipeline, or the panel where there is none yet. */
import * as vscode from 'vscode';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { startRunRequest, type RunRequest } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { packageOf } from '../pick';
import { secretsOf } from '../secrets';

/** `argument`: a tree node of a package, a pipeline's name, or nothing. */
export async function runPipeline(parts: Parts, argument?: unknown): Promise<string | undefined> {
  const pipelines = await parts.pipelines.pipelines();
  const name = typeof argument === 'string' ? argument : undefined;
  const packageName = packageOf(argument);
  const folder = parts.model.packages.find((one) => one.name === packageName)?.folder ?? undefined;
  const fitting = pipelines.filter(
    (one) => (name === undefined || one.name === name) && (folder === undefined || one.package === folder),
  );
  const pipeline = fitting.length > 1 ? await pickPipeline(fitting) : fitting[0];
  if (pipeline === undefined) {
    if (fitting.length === 0) await parts.openPanel(undefined, folder);
    return undefined;
  }
  return startPipeline(parts, pipeline);
}

async function pickPipeline(pipelines: readonly Pipeline[]): Promise<Pipeline | undefined> {
  const choices = pipelines.map((pipeline) => ({
    label: pipeline.name,
    description: pipeline.package,
    detail: pipeline.dataset,
    pipeline,
  }));
  return (await vscode.window.showQuickPick(choices, { title: 'Run training pipeline' }))?.pipeline;
}

export async function startPipeline(parts: Parts, pipeline: Pipeline): Promise<string> {
  const secrets = await secretsOf(parts.secrets, parts.workspace ?? '', pipeline.name, pipeline.secrets ?? []);
  return startRun(parts, { pipeline: pipeline.name, secrets, currentFolder: parts.workspace ?? '' });
}

export async function startRun(parts: Pick<Parts, 'runner' | 'model'>, request: RunRequest): Promise<string> {
  const { id } = await parts.runner.request(startRunRequest, request);
  await parts.model.refresh();
  return id;
}
