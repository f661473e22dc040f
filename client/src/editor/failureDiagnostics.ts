/** A failed run puts its error on the failing line of the user's file, until the file changes or a run succeeds. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatWhen, runTitle } from '../../../runner/src/domain/format';
import { hasEnded, type Frame, type Run } from '../../../runner/src/domain/run';
import { commands } from '../ids';
import { userFrame } from '../tree/runItems';
import type { WorkspaceModel } from '../workspaceModel';

export class FailureDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('training-pipelines-runs');
  private readonly subscriptions: vscode.Disposable[];
  /** The newest ended run of each package that was looked at. */
  private readonly seen = new Map<string, string>();

  constructor(
    private readonly model: WorkspaceModel,
    private readonly workspace: string,
  ) {
    this.subscriptions = [
      this.collection,
      model.onEnded((run) => this.show(run)),
      model.onRuns((run) => {
        if (run === undefined) this.showNewest();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.collection.delete(document.uri);
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private showNewest(): void {
    for (const { name } of this.model.packages) {
      const newest = this.model.runs.find((run) => run.package === name && hasEnded(run.state));
      if (newest !== undefined && this.seen.get(name) !== newest.id) this.show(newest);
    }
  }

  private show(run: Run): void {
    this.seen.set(run.package, run.id);
    const folder = this.model.packages.find((one) => one.name === run.package)?.folder ?? undefined;
    if (folder === undefined) return;
    const root = vscode.Uri.file(join(this.workspace, folder));
    this.clear(root);
    const frame = run.cause === null ? undefined : userFrame(run.cause);
    if (frame !== undefined && run.state === 'Failed') void this.mark(run, frame, root);
  }

  private async mark(run: Run, frame: Frame, root: vscode.Uri): Promise<void> {
    const uri = vscode.Uri.joinPath(root, frame.file);
    const document = await vscode.workspace.openTextDocument(uri).then(undefined, () => undefined);
    // A line that reads otherwise now is not the one that failed.
    const line =
      document === undefined || frame.line > document.lineCount ? undefined : document.lineAt(frame.line - 1);
    if (line === undefined || line.text.trim() !== frame.text.trim() || this.seen.get(run.package) !== run.id) return;
    const range = new vscode.Range(
      line.lineNumber,
      line.firstNonWhitespaceCharacterIndex,
      line.lineNumber,
      line.text.trimEnd().length,
    );
    this.collection.set(uri, [diagnostic(run, frame, range, root)]);
  }

  private clear(root: vscode.Uri): void {
    this.collection.forEach((uri) => {
      if (uri.path.startsWith(`${root.path}/`)) this.collection.delete(uri);
    });
  }
}

function diagnostic(run: Run, frame: Frame, range: vscode.Range, root: vscode.Uri): vscode.Diagnostic {
  const line = range.start.line;
  const found = new vscode.Diagnostic(
    range,
    run.cause?.message ?? 'The run failed here.',
    vscode.DiagnosticSeverity.Error,
  );
  found.source = 'Training Pipelines';
  const target = vscode.Uri.parse(`command:${commands.openRun}?${encodeURIComponent(JSON.stringify([run.id]))}`);
  found.code = { value: 'run-error', target };
  const when = formatWhen(new Date(run.endedAt ?? run.startedAt), new Date());
  const others = (run.cause?.traceback ?? []).filter(
    (one) => one !== frame && !one.file.startsWith('/') && !one.file.startsWith('<'),
  );
  found.relatedInformation = [
    info(vscode.Uri.joinPath(root, frame.file), line, `raised in run ${runTitle(run)}, ${when}`),
    ...others.map((one) =>
      info(vscode.Uri.joinPath(root, one.file), Math.max(0, one.line - 1), `called from ${one.file}:${one.line}`),
    ),
  ];
  return found;
}

const info = (uri: vscode.Uri, line: number, text: string): vscode.DiagnosticRelatedInformation =>
  new vscode.DiagnosticRelatedInformation(new vscode.Location(uri, new vscode.Position(line, 0)), text);
