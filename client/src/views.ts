/** The two tree views: what is selected in them, their badge, message and context keys. */
import * as vscode from 'vscode';
import { contextKeys, views as ids } from './ids';
import type { RunnerClient } from './runnerClient';
import type { PackageNode, PackagesTree } from './tree/packagesTree';
import type { RunNode } from './tree/runItems';
import type { RunsTree } from './tree/runsTree';
import type { WorkspaceModel } from './workspaceModel';

export interface ViewsParts {
  readonly model: WorkspaceModel;
  readonly runner: RunnerClient;
  readonly runsTree: RunsTree;
  readonly packagesTree: PackagesTree;
}

export class Views implements vscode.Disposable {
  private readonly runs: vscode.TreeView<RunNode>;
  private readonly packages: vscode.TreeView<PackageNode>;
  private readonly subscriptions: vscode.Disposable[];
  private restarting = false;
  private readonly told = new Map<string, boolean>();

  constructor(private readonly parts: ViewsParts) {
    const { model, runner, runsTree, packagesTree } = parts;
    const common = { showCollapseAll: true, canSelectMany: true };
    this.runs = vscode.window.createTreeView(ids.runs, { treeDataProvider: runsTree, ...common });
    this.packages = vscode.window.createTreeView(ids.packages, { treeDataProvider: packagesTree, ...common });
    this.subscriptions = [
      this.runs,
      this.packages,
      runsTree,
      packagesTree,
      runner.onState((state) => {
        this.restarting = state === 'restarting';
        this.setContext(contextKeys.runnerGone, state === 'gone');
        this.update();
      }),
      model.onRuns(() => this.update()),
      model.onPackages(() => this.update()),
      runsTree.list.onChange(() => this.update()),
    ];
  }

  /** What keys and menus act on where they name nothing: the selection of the view that has it. */
  selection(view: 'runs' | 'packages'): readonly (RunNode | PackageNode)[] {
    return view === 'runs' ? this.runs.selection : this.packages.selection;
  }

  async revealRun(id: string): Promise<void> {
    await this.runs.reveal(this.parts.runsTree.node(id), { select: true, focus: true });
  }

  async revealVersion(name: string, version: string): Promise<boolean> {
    const node = await this.parts.packagesTree.versionNode(name, version);
    if (node === undefined) return false;
    await this.packages.reveal(node, { select: true, focus: true, expand: true });
    return true;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private update(): void {
    const { model, runsTree } = this.parts;
    const { length } = model.active;
    const words = length === 1 ? '1 run in progress' : `${length} runs in progress`;
    this.runs.badge = length === 0 ? undefined : { value: length, tooltip: words };
    this.runs.message = this.restarting
      ? 'The runner stopped and starts again. Runs in progress go on.'
      : runsTree.list.message;
    this.setContext(contextKeys.hasRuns, model.totalRuns > 0);
    this.setContext(contextKeys.hasPackages, model.packages.length > 0);
    this.setContext(
      contextKeys.hasVersions,
      model.packages.some((one) => one.versions.length > 0),
    );
    this.setContext(contextKeys.hasFilter, runsTree.list.isFiltered);
    this.setContext(contextKeys.isLoaded, model.isLoaded);
    this.setContext(
      contextKeys.hasSuccess,
      model.runs.some((run) => run.state === 'Successful'),
    );
  }

  private setContext(key: string, value: boolean): void {
    if (this.told.get(key) === value) return;
    this.told.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
