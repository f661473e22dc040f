/** Builds the extension's parts, connects them and registers them; no logic of its own. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/registerCommands';
import { EndNotifications } from './editor/endNotifications';
import { FailureDiagnostics } from './editor/failureDiagnostics';
import { Headlines } from './editor/headlines';
import { startLanguageClient } from './editor/languageClient';
import { LensFacts } from './editor/lensFacts';
import { RunProgress } from './editor/runProgress';
import { StatusBar } from './editor/statusBar';
import type { Parts } from './extensionContext';
import { contextKeys, settings, taskType, versionScheme } from './ids';
import { KeptSecrets } from './keptSecrets';
import { ComparePages } from './panel/comparePages';
import { draftFile } from './panel/draftFile';
import { DraftKeeper } from './panel/draftKeeper';
import { PanelHost } from './panel/panelHost';
import { RunPages } from './panel/runPages';
import { PipelineSettings } from './pipelineSettings';
import { RunnerClient } from './runnerClient';
import { secretsOf } from './secrets';
import { PipelineTasks } from './taskProvider';
import { PackagesTree } from './tree/packagesTree';
import { RunList } from './tree/runList';
import { RunsTree } from './tree/runsTree';
import { TrainedMarks } from './tree/trainedMarks';
import { WorkingFolders } from './tree/workingFolders';
import { VersionFileSystem } from './versionFileSystem';
import type { EngineDefinition } from '../../runner/src/domain/engineDefinition';
import { Views } from './views';
import { WorkspaceModel } from './workspaceModel';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Training Pipelines', { log: true });
  const folder = vscode.workspace.workspaceFolders?.find((one) => one.uri.scheme === 'file');
  const workspace = folder?.uri.fsPath;
  const storeFolder = (): string => userSetting(settings.store) ?? join(workspace ?? '', '.training-pipelines');

  const definedEngines = (): readonly EngineDefinition[] =>
    vscode.workspace.getConfiguration(settings.section).inspect<EngineDefinition[]>(settings.engines)?.globalValue ??
    [];

  const runner = new RunnerClient({
    program: context.asAbsolutePath(join('dist', 'runner.js')),
    log,
    defaultEngine: () => userSetting(settings.engine),
    open: () => ({
      workspace: workspace ?? '',
      store: storeFolder(),
      trusted: vscode.workspace.isTrusted,
      engines: definedEngines(),
    }),
  });
  const model = new WorkspaceModel(runner, log);
  const runsTree = new RunsTree(model, new RunList(model, runner, context.workspaceState), workspace ?? '');
  const working = new WorkingFolders(model, runner, workspace ?? '');
  const packagesTree = new PackagesTree(model, working, workspace ?? '');
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
    memory: context.globalState,
    storeFolder,
  };
  const runPages = new RunPages(base);
  const comparePages = new ComparePages(base);
  const panel = new PanelHost(base, new DraftKeeper(draftFile(context.storageUri), Date.now));
  const shownViews = new Views(base);
  const isVisible = (id: string): boolean => runPages.isVisible(id) || panel.isVisible(id);
  const progress = new RunProgress(model, isVisible);
  const parts: Parts = {
    ...base,
    showProgress: (id) => progress.watch(id),
    views: shownViews,
    openDraft: (draft) => panel.openDraft(draft),
    openCompare: (left, right) => comparePages.open(left, right),
    frontRun: () => runPages.front,
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
      new PipelineTasks({
        pipelines,
        program: context.asAbsolutePath(join('dist', 'cli.js')),
        defaultEngine: () => userSetting(settings.engine),
        secrets: ({ name, secrets = [] }) => secretsOf(base.secrets, workspace ?? '', name, secrets),
      }),
    ),
    language,
    ...registerCommands(parts),
    shownViews,
    comparePages,
    progress,
    vscode.window.registerFileDecorationProvider(new TrainedMarks(model, runner)),
    new StatusBar(model),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void runner.restart()),
  );
  if (workspace === undefined) return;
  const headlines = new Headlines(runner);
  context.subscriptions.push(
    new FailureDiagnostics(model, workspace),
    new LensFacts(language, model, working, headlines, workspace),
    new EndNotifications({ model, runner, headlines, workspace, isVisible }),
  );
  void model.refresh();
}

/** Where to connect and where to keep things is the user's to say, never the workspace's. */
function userSetting(name: string): string | undefined {
  const value = vscode.workspace.getConfiguration(settings.section).inspect<string>(name)?.globalValue;
  return value === '' ? undefined : value;
}
