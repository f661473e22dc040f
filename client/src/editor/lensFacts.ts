/** Tells the language server how the newest runs went, for CodeLens and hover. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { formatSeconds, runSeconds, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { runsChangedMethod, type RunFacts } from '../../../server/src/protocol';
import type { WorkspaceModel } from '../workspaceModel';

const toldRuns = 5;
const settleMilliseconds = 100;

export class LensFacts implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly told = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly client: LanguageClient,
    private readonly model: WorkspaceModel,
    private readonly workspace: string,
  ) {
    this.subscriptions = [model.onRuns(() => this.soon()), model.onPackages(() => this.soon())];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tell();
    }, settleMilliseconds);
  }

  private tell(): void {
    for (const { name, folder } of this.model.packages) {
      if (folder === null) continue;
      const uri = vscode.Uri.file(join(this.workspace, folder)).toString();
      const runs = this.model.runs.filter((run) => run.package === name).slice(0, toldRuns);
      const facts = { folder: uri, runs: runs.map(factsOf), next: '' };
      const text = JSON.stringify(facts);
      if (this.told.get(uri) === text) continue;
      this.told.set(uri, text);
      void this.client.sendNotification(runsChangedMethod, facts).catch(() => this.told.delete(uri));
    }
  }
}

function factsOf(run: Run): RunFacts {
  const { id, pipeline, from, version, state, endedAt } = run;
  const words = hasEnded(state)
    ? `${state}, ${formatSeconds(runSeconds(run, new Date()))}`
    : stateInWords({ ...run, phases: [] }, new Date()).replace(/ \d.*$/, '');
  return {
    id,
    pipeline,
    from,
    version,
    state,
    summary: words,
    endedAt: endedAt === null ? null : Date.parse(endedAt),
    // The failing line is the client's to mark: it does so for files that are not open, too.
    cause: null,
  };
}
