/** Tasks of type `training-pipeline`: a pipeline by name, run through the command line in a terminal. */
import * as vscode from 'vscode';
import { taskType } from './ids';
import type { Pipeline } from '../../runner/src/domain/pipeline';
import type { PipelineSettings } from './pipelineSettings';

interface PipelineTask extends vscode.TaskDefinition {
  readonly pipeline: string;
}

export interface PipelineTasksParts {
  readonly pipelines: PipelineSettings;
  /** Absolute path of `dist/cli.js`. */
  readonly program: string;
  /** The user's choice of engine, where a pipeline names none. */
  readonly defaultEngine: () => string | undefined;
  /** Values of a pipeline's secrets, by name. */
  readonly secrets: (pipeline: Pipeline) => Promise<Readonly<Record<string, string>>>;
}

export class PipelineTasks implements vscode.TaskProvider {
  constructor(private readonly parts: PipelineTasksParts) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const pipelines = await this.parts.pipelines.pipelines();
    return Promise.all(pipelines.map(({ name }) => this.task({ type: taskType, pipeline: name })));
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    const { pipeline } = task.definition;
    if (typeof pipeline !== 'string') return undefined;
    return this.task({ ...task.definition, pipeline }, task.scope);
  }

  private async task(
    definition: PipelineTask,
    scope: vscode.Task['scope'] = vscode.TaskScope.Workspace,
  ): Promise<vscode.Task> {
    const { pipelines, program, defaultEngine, secrets } = this.parts;
    const pipeline = (await pipelines.pipelines()).find((one) => one.name === definition.pipeline);
    const engine = pipeline?.engine === undefined ? defaultEngine() : undefined;
    const values = pipeline === undefined ? {} : await secrets(pipeline);
    const args = [
      program,
      'run',
      '--pipeline',
      definition.pipeline,
      ...(engine === undefined ? [] : ['--engine', engine]),
      // The command line takes the values of secrets from its environment.
      ...Object.keys(values).flatMap((name) => ['--secret', name]),
    ];
    const env = { ...values, ELECTRON_RUN_AS_NODE: '1' };
    const run = new vscode.ProcessExecution(process.execPath, args, { env });
    return new vscode.Task(definition, scope, definition.pipeline, 'Training Pipelines', run);
  }
}
