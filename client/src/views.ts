/** The two tree views, their badge and their context keys. */
import * as vscode from 'vscode';
import type { Parts } from './extensionContext';
import { contextKeys, type views as viewIds } from './ids';

export function showViews(parts: Parts, ids: typeof viewIds): vscode.Disposable[] {
  const { model, runsTree, packagesTree } = parts;
  const runs = vscode.window.createTreeView(ids.runs, { treeDataProvider: runsTree, showCollapseAll: true });
  const packages = vscode.window.createTreeView(ids.packages, {
    treeDataProvider: packagesTree,
    showCollapseAll: true,
  });
  const setContext = (key: string, value: boolean): void =>
    void vscode.commands.executeCommand('setContext', key, value);
  const update = (): void => {
    const { length } = model.active;
    runs.badge =
      length === 0
        ? undefined
        : { value: length, tooltip: length === 1 ? '1 run in progress' : `${length} runs in progress` };
    setContext(contextKeys.hasRuns, model.runs.length > 0);
    setContext(contextKeys.hasPackages, model.packages.length > 0);
  };
  const onState = parts.runner.onState((state) => {
    runs.message = state === 'restarting' ? 'The runner stopped and starts again. Runs in progress go on.' : undefined;
    setContext(contextKeys.runnerGone, state === 'gone');
  });
  return [runs, packages, runsTree, packagesTree, onState, model.onRuns(update), model.onPackages(update)];
}
