/** Builds the extension's parts, connects them and registers them; no logic of its own. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/registerCommands';
import { EndNotifications } from './editor/endNotifications';
import { FailureDiagnostics } from './editor/failureDiagnostics';
import { startLanguageClient } from './editor/languageClient';
import { LensFacts } from './editor/lensFacts';
import { StatusBar } from './editor/statusBar';
import type { Parts } from './extensionContext';
import { contextKeys, settings, taskType, versionScheme, views } from './ids';
import { KeptSecrets } from './keptSecrets';
import { PanelHost } from './panel/panelHost';
import { RunPages } from './panel/runPages';
import { PipelineSettings } from './pipelineSettings';
import { RunnerClient } from './runnerClient';
import { PipelineTasks } from './taskProvider';
import { PackagesTree } from './tree/packagesTree';
import { RunsTree } from './tree/runsTree';
import { VersionFileSystem } from './versionFileSystem';
import type { EngineDefinition } from '../../runner/src/domain/engineDefinition';
import { showViews } from './views';
import { WorkspaceModel } from './workspaceModel';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Training Pipelines', { log: true });
  const folder = vscode.workspace.workspaceFolders?.find((one) => one.uri.scheme === 'file');
  const workspace = folder?.uri.fsPath;
  const configuredStore = (): string | undefined =>
    vscode.workspace.getConfiguration(settings.section).inspect<string>(settings.store)?.globalValue;
  const storeFolder = (): string => configuredStore() ?? join(workspace ?? '', '.training-pipelines');

  const definedEngines = (): readonly EngineDefinition[] =>
    vscode.workspace.getConfiguration(settings.section).inspect<EngineDefinition[]>(settings.engines)?.globalValue ??
    [];

  const runner = new RunnerClient({
    program: context.asAbsolutePath(join('dist', 'runner.js')),
    log,
    open: () => ({
      workspace: workspace ?? '',
      store: storeFolder(),
      trusted: vscode.workspace.isTrusted,
      engines: definedEngines(),
    }),
  });
  const model = new WorkspaceModel(runner, log);
  const runsTree = new RunsTree(model, workspace ?? '');
  const packagesTree = new PackagesTree(model);
  const pipelines = new PipelineSettings(folder?.uri);
  const files = new VersionFileSystem(storeFolder);
  const base = {
    workspace,
    extensionUri: context.extensionUri,
    log,
    runner,
    model,
    runsTree,
    packagesTree,
    pipelines,
    secrets: new KeptSecrets(context.secrets, log),
    storeFolder,
  };
  const runPages = new RunPages(base);
  const panel = new PanelHost(base);
  const parts: Parts = {
    ...base,
    openPanel: (pipeline, packageFolder) => panel.open(pipeline, packageFolder),
    actOnPanel: (action) => panel.act(action),
    openRun: (id) => runPages.open(id),
  };

  const language = startLanguageClient(context.extensionUri, log);
  void vscode.commands.executeCommand('setContext', contextKeys.hasFolder, workspace !== undefined);
  context.subscriptions.push(
    log,
    runner,
    model,
    files,
    runPages,
    panel,
    vscode.workspace.registerFileSystemProvider(versionScheme, files, { isReadonly: true, isCaseSensitive: true }),
    vscode.tasks.registerTaskProvider(
      taskType,
      new PipelineTasks(pipelines, context.asAbsolutePath(join('dist', 'cli.js'))),
    ),
    language,
    ...registerCommands(parts),
    ...showViews(parts, views),
    new StatusBar(model),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void runner.restart()),
  );
  if (workspace === undefined) return;
  context.subscriptions.push(
    new FailureDiagnostics(model, workspace),
    new LensFacts(language, model, workspace),
    new EndNotifications(model, workspace, (id) => runPages.isVisible(id) || panel.isVisible(id)),
  );
  void model.refresh();
}
