/** Tasks of type `training-pipeline`: a pipeline by name, run through the command line in a terminal. */
import * as vscode from 'vscode';
import { taskType } from './ids';
import type { PipelineSettings } from './pipelineSettings';

interface PipelineTask extends vscode.TaskDefinition {
  readonly pipeline: string;
}

export class PipelineTasks implements vscode.TaskProvider {
  constructor(
    private readonly pipelines: PipelineSettings,
    /** Absolute path of `dist/cli.js`. */
    private readonly program: string,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const pipelines = await this.pipelines.pipelines();
    return pipelines.map(({ name }) => this.task({ type: taskType, pipeline: name }));
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const { pipeline } = task.definition;
    if (typeof pipeline !== 'string') return undefined;
    return this.task({ ...task.definition, pipeline }, task.scope);
  }

  private task(definition: PipelineTask, scope: vscode.Task['scope'] = vscode.TaskScope.Workspace): vscode.Task {
    const run = new vscode.ProcessExecution(
      process.execPath,
      [this.program, 'run', '--pipeline', definition.pipeline],
      {
        env: { ELECTRON_RUN_AS_NODE: '1' },
      },
    );
    return new vscode.Task(definition, scope, definition.pipeline, 'Training Pipelines', run);
  }
}
