/** How the working folders stand to their versions: looked at when something in them may have changed, while anybody looks. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { workingFolderRequest, type WorkingFolder } from '../../../runner/src/protocol';
import type { RunnerClient } from '../runnerClient';
import type { WorkspaceModel } from '../workspaceModel';

const settleMilliseconds = 400;

export class WorkingFolders implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<string>();
  /** The name of the package whose folder is seen otherwise now. */
  readonly onChange = this.changed.event;
  private readonly known = new Map<string, WorkingFolder>();
  private readonly watchers = new Map<string, vscode.Disposable>();
  private readonly pending = new Map<string, NodeJS.Timeout>();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly model: WorkspaceModel,
    private readonly runner: RunnerClient,
    private readonly workspace: string,
  ) {
    this.subscription = model.onPackages(() => this.watchAll());
  }

  of(name: string): WorkingFolder | undefined {
    return this.known.get(name);
  }

  /** In words: "same as 3.0", "changed since 3.0". */
  words(name: string): string {
    const known = this.known.get(name);
    if (known === undefined) return '';
    if (known.sameAs !== null) return `same as ${known.sameAs}`;
    return known.since === null ? 'not published yet' : `changed since ${known.since}`;
  }

  dispose(): void {
    this.subscription.dispose();
    for (const watcher of this.watchers.values()) watcher.dispose();
    for (const timer of this.pending.values()) clearTimeout(timer);
    this.changed.dispose();
  }

  private watchAll(): void {
    const folders = new Map(
      this.model.packages.flatMap(({ name, folder }) => (folder === null ? [] : [[name, folder]])),
    );
    for (const [name, watcher] of this.watchers) {
      if (folders.has(name)) continue;
      watcher.dispose();
      this.watchers.delete(name);
      this.known.delete(name);
    }
    for (const [name, folder] of folders) {
      if (!this.watchers.has(name)) this.watchers.set(name, this.watch(name, folder));
      this.soon(name);
    }
  }

  private watch(name: string, folder: string): vscode.Disposable {
    const pattern = new vscode.RelativePattern(vscode.Uri.file(join(this.workspace, folder)), '**/*');
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const look = (): void => this.soon(name);
    return vscode.Disposable.from(
      watcher,
      watcher.onDidChange(look),
      watcher.onDidCreate(look),
      watcher.onDidDelete(look),
    );
  }

  private soon(name: string): void {
    clearTimeout(this.pending.get(name));
    this.pending.set(
      name,
      setTimeout(() => void this.look(name), settleMilliseconds),
    );
  }

  private async look(name: string): Promise<void> {
    this.pending.delete(name);
    const found = await this.runner.request(workingFolderRequest, { package: name }).catch(() => undefined);
    const before = this.words(name);
    if (found === undefined) this.known.delete(name);
    else this.known.set(name, found);
    if (before !== this.words(name)) this.changed.fire(name);
  }
}
