/** Tells the language server how the newest runs went and what the next one would make, for CodeLens and hover. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { formatSeconds, formatWhen, runSeconds, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { nextMajor, nextMinor } from '../../../runner/src/domain/versionNumber';
import { runsChangedMethod, type RunFacts } from '../../../server/src/protocol';
import { causeInShort, userFrame } from '../tree/words';
import type { WorkingFolders } from '../tree/workingFolders';
import type { WorkspaceModel } from '../workspaceModel';
import type { Headlines } from './headlines';

const toldRuns = 5;
const settleMilliseconds = 100;

export class LensFacts implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly told = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly client: LanguageClient,
    private readonly model: WorkspaceModel,
    private readonly working: WorkingFolders,
    private readonly headlines: Headlines,
    private readonly workspace: string,
  ) {
    this.subscriptions = [
      model.onRuns(() => this.soon()),
      model.onPackages(() => this.soon()),
      working.onChange(() => this.soon()),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.tell();
    }, settleMilliseconds);
  }

  private async tell(): Promise<void> {
    for (const { name, folder, versions } of this.model.packages) {
      if (folder === null) continue;
      const uri = vscode.Uri.file(join(this.workspace, folder)).toString();
      const runs = this.model.runs.filter((run) => run.package === name).slice(0, toldRuns);
      const shown = await Promise.all(runs.map((run, i) => this.factsOf(run, i === 0)));
      const facts = { folder: uri, runs: shown, next: nextOf(this.working.of(name)?.sameAs, versions) };
      const text = JSON.stringify(facts);
      if (this.told.get(uri) === text) continue;
      this.told.set(uri, text);
      void this.client.sendNotification(runsChangedMethod, facts).catch(() => this.told.delete(uri));
    }
  }

  private async factsOf(run: Run, isNewest: boolean): Promise<RunFacts> {
    const { id, pipeline, from, version, state, endedAt } = run;
    const number = isNewest && state === 'Successful' ? await this.headlines.of(run) : '';
    return {
      id,
      pipeline,
      from,
      version,
      state,
      summary: `${summaryOf(run)}${number === '' ? '' : `, ${number}`}`,
      endedAt: endedAt === null ? null : Date.parse(endedAt),
      // The failing line is the client's to mark: it does so for files that are not open, too.
      cause: null,
    };
  }
}

/** "Successful, 6.2 s", "Failed 3 min ago, line 38: RuntimeError", "Running". */
function summaryOf(run: Run): string {
  const now = new Date();
  if (!hasEnded(run.state)) return stateInWords({ ...run, phases: [] }, now).replace(/ \d.*$/, '');
  if (run.state !== 'Failed') return `${run.state}, ${formatSeconds(runSeconds(run, now))}`;
  const frame = run.cause === null ? undefined : userFrame(run.cause);
  const what = causeInShort(run).replace(/, [^,]*:\d+$/, '');
  const where = frame === undefined ? what : `line ${frame.line}: ${what}`;
  return `Failed ${formatWhen(new Date(run.endedAt ?? run.startedAt), now)}, ${where}`;
}

/** The version that a run from the working folder would make; "" while the folder was not looked at. */
export function nextOf(sameAs: string | null | undefined, versions: readonly string[]): string {
  if (sameAs === undefined) return '';
  return sameAs === null ? nextMinor(nextMajor(versions), []) : nextMinor(sameAs, versions);
}
