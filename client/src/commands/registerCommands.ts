/** Binds every command id to what it does; what is missing and whatever goes wrong is said. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { clientCommands as lensCommands } from '../../../server/src/protocol';
import { enginesRequest } from '../../../runner/src/protocol';
import type { Parts } from '../extensionContext';
import { commands, settings, views } from '../ids';
import { packageOf, pickRun, runOf } from '../pick';
import { showError } from '../showError';
import { compareRuns } from './compareRuns';
import { compareVersions, compareWorkingFolder } from './compareVersions';
import { deleteRun, deleteVersion } from './deleteItems';
import { clearFilter, filterRuns, groupRuns, searchRuns } from './findRuns';
import { markPackage } from './markPackage';
import { noteRun, renameRun, starRun } from './markRun';
import { newPackage } from './newPackage';
import { runAgain } from './runAgain';
import { runPipeline } from './runPipeline';
import { runFromVersion, runWithChanges } from './runWithChanges';
import * as files from './showFiles';
import { stopRun } from './stopRun';
import { takeOverVersion } from './takeOverVersion';
import * as versions from './versions';
import { trustHost } from './trustHost';

type Handler = (argument?: unknown, second?: unknown) => unknown;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Reading and showing: also in a workspace that is not trusted. */
function readingHandlers(parts: Parts): Readonly<Record<string, Handler>> {
  return {
    [commands.openRun]: (argument) => openRun(parts, argument),
    [commands.showLog]: (argument) => files.showLog(parts, argument),
    [commands.showResults]: (argument) => files.showResults(parts, argument),
    [commands.exportVersion]: (argument) => versions.exportVersion(parts, argument),
    [commands.compareVersions]: (argument, second) => compareVersions(parts, argument, second),
    [commands.compareRuns]: (argument, second) => compareRuns(parts, argument, second),
    [commands.compareWorkingFolder]: (argument) => compareWorkingFolder(parts, argument),
    [commands.verifyVersion]: (argument) => versions.verifyVersion(parts, argument),
    [commands.goToVersion]: (argument) => versions.goToVersion(parts, argument),
    [commands.openRunOfVersion]: (argument) => versions.openRunOfVersion(parts, argument),
    [commands.revealVersion]: (argument) => versions.revealVersion(parts, argument),
    [commands.revealRun]: (argument) => files.revealRun(parts, argument),
    [commands.revealFile]: (argument) => files.revealFile(parts, argument),
    [commands.openToSide]: (argument) => files.openToSide(parts, argument),
    [commands.saveFileAs]: (argument) => files.saveFileAs(parts, argument),
    [commands.copyId]: (argument) => files.copyId(parts, argument),
    [commands.copyPath]: (argument) => files.copyPath(parts, argument),
    [commands.refresh]: () => parts.model.refresh(),
    [commands.loadMore]: (argument) => loadMore(parts, argument),
    [commands.searchRuns]: (argument) => searchRuns(parts, argument),
    [commands.filterRuns]: () => filterRuns(parts),
    [commands.clearFilter]: () => clearFilter(parts),
    [commands.groupRuns]: () => groupRuns(parts),
  };
}

/** What runs, connects or writes: only in a trusted workspace. */
function trustedHandlers(parts: Parts): Readonly<Record<string, Handler>> {
  return {
    [commands.newPackage]: () => newPackage(parts),
    [commands.markPackage]: () => markPackage(parts),
    [commands.runPipeline]: async (argument, name) => followed(parts, await runPipeline(parts, text(name) ?? argument)),
    [commands.runAgain]: async (argument) => runAgainFrom(parts, argument),
    [commands.runWithChanges]: (argument) => runWithChanges(parts, argument),
    [commands.runFromVersion]: (argument) => runFromVersion(parts, argument),
    [commands.stopRun]: (argument) => stopRun(parts, argument),
    [commands.publishVersion]: (argument) => versions.publishVersion(parts, argument),
    [commands.importPackage]: () => versions.importPackage(parts),
    [commands.restoreVersion]: (argument) => versions.restoreVersion(parts, argument),
    [commands.takeOverVersion]: (argument) => takeOverVersion(parts, argument),
    [commands.selectEngine]: () => selectEngine(parts),
    [commands.duplicatePipeline]: () => parts.actOnPanel('duplicate'),
    [commands.renamePipeline]: () => parts.actOnPanel('rename'),
    [commands.deletePipeline]: () => parts.actOnPanel('deletePipeline'),
    [commands.openPipelineJson]: () => parts.actOnPanel('openJson'),
    [commands.runPanel]: () => parts.actOnPanel('runNow'),
    [commands.browseDataset]: () => parts.actOnPanel('browse'),
    [commands.renameRun]: (argument) => renameRun(parts, argument),
    [commands.starRun]: (argument) => starRun(parts, argument, true),
    [commands.unstarRun]: (argument) => starRun(parts, argument, false),
    [commands.noteRun]: (argument) => noteRun(parts, argument),
    [commands.deleteVersion]: (argument, second) => deleteVersion(parts, argument, second),
    [commands.deleteRun]: (argument, second) => deleteRun(parts, argument, second),
    [commands.restartRunner]: () => parts.runner.restart(),
  };
}

/** These need no folder either; the panel says by itself what is missing. */
function freeHandlers(parts: Parts): Readonly<Record<string, Handler>> {
  return {
    [commands.openPanel]: (argument) => parts.openPanel(text(argument), folderOf(parts, argument)),
    [lensCommands.openPanel]: (folder, name) => parts.openPanel(text(name), relativeFolder(parts, folder)),
    [commands.showRunnerLog]: () => parts.log.show(),
    [commands.showRuns]: () => vscode.commands.executeCommand(`${views.runs}.focus`),
    [commands.openWalkthrough]: () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', 'training-pipelines.training-pipelines#start'),
  };
}

export function registerCommands(parts: Parts): vscode.Disposable[] {
  const register = (handlers: Readonly<Record<string, Handler>>, mayRun: () => Promise<boolean>) =>
    Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (argument?: unknown, second?: unknown) => {
        try {
          if (!(await mayRun())) return undefined;
          return await handler(...targets(parts, argument, second));
        } catch (error) {
          await showError(error, parts.log);
          return undefined;
        }
      }),
    );
  const hasFolder = (): Promise<boolean> => needsFolder(parts);
  return [
    ...register(readingHandlers(parts), hasFolder),
    ...register(trustedHandlers(parts), async () => (await hasFolder()) && needsTrust()),
    ...register(freeHandlers(parts), () => Promise.resolve(true)),
  ];
}

/** Keys name no row: they say "selection" and the view, or "front" for the page in front. */
function targets(parts: Parts, argument: unknown, second: unknown): [unknown, unknown] {
  const { selected } = (argument ?? {}) as { selected?: unknown };
  if (selected === 'front') return [parts.frontRun(), undefined];
  if (selected !== 'runs' && selected !== 'packages') return [argument, second];
  const selection = parts.views.selection(selected);
  return [selection[0], selection];
}

async function needsFolder(parts: Parts): Promise<boolean> {
  if (parts.workspace !== undefined) return true;
  const open = 'Open Folder';
  const text = vscode.workspace.workspaceFolders?.length
    ? 'This workspace has no files on disk, so nothing can be trained here. Past runs are kept with the folder they ran in.'
    : 'Open a folder to train in. Its packages, versions and runs are kept inside it.';
  if ((await vscode.window.showInformationMessage(text, open)) === open)
    await vscode.commands.executeCommand('workbench.action.files.openFolder');
  return false;
}

async function needsTrust(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const text =
    'This workspace is not trusted. train.py is checked and past runs can be read; nothing runs and nothing connects.';
  if ((await vscode.window.showInformationMessage(text, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}

const folderOf = (parts: Parts, argument: unknown): string | undefined => {
  const name = packageOf(argument);
  return name === undefined ? undefined : (parts.model.packages.find((one) => one.name === name)?.folder ?? name);
};

/** A CodeLens names the package by the URI of its folder; pipelines name it relative to the workspace. */
function relativeFolder(parts: Parts, uri: unknown): string | undefined {
  if (typeof uri !== 'string' || parts.workspace === undefined) return undefined;
  return relative(parts.workspace, vscode.Uri.parse(uri).fsPath).replaceAll('\\', '/') || '.';
}

/** Its progress is told; what was made is told at its end. */
function followed(parts: Parts, id: string | undefined): string | undefined {
  if (id !== undefined) parts.showProgress(id);
  return id;
}

/** From a page of a run the next page is wanted; elsewhere the user stays where they are. */
async function runAgainFrom(parts: Parts, argument: unknown): Promise<string | undefined> {
  const isOnPage = parts.frontRun() !== undefined && parts.frontRun() === runOf(argument);
  const id = await runAgain(parts, argument);
  if (id !== undefined && isOnPage) await parts.openRun(id);
  return followed(parts, id);
}

async function openRun(parts: Parts, argument: unknown): Promise<void> {
  const id = runOf(argument) ?? (await pickRun(parts.model, 'any', 'Open run'))?.id;
  if (id !== undefined) await parts.openRun(id);
}

async function loadMore(parts: Parts, argument: unknown): Promise<void> {
  const { kind, name } = (argument ?? {}) as { kind?: unknown; name?: unknown };
  if (kind === 'moreVersions' && typeof name === 'string') await parts.packagesTree.more(name);
  else await parts.runsTree.list.more();
}

/** Where to run is a choice of the user, never of the workspace. */
async function selectEngine(parts: Parts): Promise<void> {
  const engines = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'Asking the engines' },
    () => parts.runner.request0(enginesRequest),
  );
  const configuration = vscode.workspace.getConfiguration(settings.section);
  const now = configuration.inspect<string>(settings.engine)?.globalValue ?? '';
  const choices = [
    { label: 'Automatic', description: 'Docker where it answers, else the local Python', name: '' },
    ...engines.map((engine) => ({
      label: engine.name,
      description: engine.state === 'ready' ? `${engine.version} ${engine.platform}` : engine.state,
      detail: engine.problem?.message,
      name: engine.name,
    })),
  ];
  const shown = choices.map((one) => (one.name === now ? { ...one, label: `$(check) ${one.label}` } : one));
  const chosen = await vscode.window.showQuickPick(shown, { title: 'Select engine' });
  if (chosen === undefined) return;
  await configuration.update(settings.engine, chosen.name, vscode.ConfigurationTarget.Global);
  if (chosen.name.trim() !== '') await trustHost(parts.runner, chosen.name);
}
