/** Binds every command id to what it does; whatever goes wrong is said. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { clientCommands as lensCommands } from '../../../server/src/protocol';
import { enginesRequest } from '../../../runner/src/protocol';
import { versionId } from '../../../runner/src/domain/version';
import type { Parts } from '../extensionContext';
import { commands, settings } from '../ids';
import { packageOf, pickRun, runOf, versionOf } from '../pick';
import { showError } from '../showError';
import { newPackage } from './newPackage';
import { runAgain } from './runAgain';
import { runPipeline } from './runPipeline';
import { revealRun, showLog, showResults } from './showFiles';
import { stopRun } from './stopRun';
import * as versions from './versions';

type Handler = (argument?: unknown, second?: unknown) => unknown;

export function registerCommands(parts: Parts): vscode.Disposable[] {
  const handlers: Readonly<Record<string, Handler>> = {
    [commands.newPackage]: () => newPackage(parts),
    [commands.openPanel]: (argument) =>
      parts.openPanel(typeof argument === 'string' ? argument : undefined, folderOf(parts, argument)),
    [lensCommands.openPanel]: (folder, name) => parts.openPanel(text(name), relativeFolder(parts, folder)),
    [commands.runPipeline]: async (argument, name) =>
      openStarted(parts, await runPipeline(parts, text(name) ?? argument)),
    [commands.runAgain]: async (argument) => openStarted(parts, await runAgain(parts, argument)),
    [commands.stopRun]: (argument) => stopRun(parts, argument),
    [commands.openRun]: (argument) => openRun(parts, argument),
    [commands.showLog]: (argument) => showLog(parts, argument),
    [commands.showResults]: (argument) => showResults(parts, argument),
    [commands.publishVersion]: (argument) => versions.publishVersion(parts, argument),
    [commands.importPackage]: () => versions.importPackage(parts),
    [commands.exportVersion]: (argument) => versions.exportVersion(parts, argument),
    [commands.compareVersions]: (argument) => versions.compareVersions(parts, argument),
    [commands.verifyVersion]: (argument) => versions.verifyVersion(parts, argument),
    [commands.restoreVersion]: (argument) => versions.restoreVersion(parts, argument),
    [commands.selectEngine]: () => selectEngine(parts),
    [commands.refresh]: (argument) => (argument === 'more' ? parts.runsTree.more() : parts.model.refresh()),
    [commands.deleteVersion]: (argument) => versions.deleteVersion(parts, argument),
    [commands.deleteRun]: (argument) => versions.deleteRun(parts, argument),
    [commands.revealRun]: (argument) => revealRun(parts, argument),
    [commands.copyId]: (argument) => copyId(argument),
    [commands.duplicatePipeline]: () => parts.actOnPanel('duplicate'),
    [commands.renamePipeline]: () => parts.actOnPanel('rename'),
    [commands.deletePipeline]: () => parts.actOnPanel('deletePipeline'),
    [commands.openPipelineJson]: () => parts.actOnPanel('openJson'),
    [commands.runPanel]: () => parts.actOnPanel('runNow'),
    [commands.browseDataset]: () => parts.actOnPanel('browse'),
    [commands.showRunnerLog]: () => parts.log.show(),
    [commands.restartRunner]: () => parts.runner.restart(),
  };
  return Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, async (argument?: unknown, second?: unknown) => {
      try {
        return await handler(argument, second);
      } catch (error) {
        await showError(error, parts.log);
        return undefined;
      }
    }),
  );
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const folderOf = (parts: Parts, argument: unknown): string | undefined => {
  const name = packageOf(argument);
  return name === undefined ? undefined : (parts.model.packages.find((one) => one.name === name)?.folder ?? name);
};

/** A CodeLens names the package by the URI of its folder; pipelines name it relative to the workspace. */
function relativeFolder(parts: Parts, uri: unknown): string | undefined {
  if (typeof uri !== 'string' || parts.workspace === undefined) return undefined;
  return relative(parts.workspace, vscode.Uri.parse(uri).fsPath).replaceAll('\\', '/') || '.';
}

async function openStarted(parts: Parts, id: string | undefined): Promise<string | undefined> {
  if (id !== undefined) await parts.openRun(id);
  return id;
}

async function openRun(parts: Parts, argument: unknown): Promise<void> {
  const id = runOf(argument) ?? (await pickRun(parts.model, 'any', 'Open run'))?.id;
  if (id !== undefined) await parts.openRun(id);
}

async function copyId(argument: unknown): Promise<void> {
  const version = versionOf(argument);
  const text = version === undefined ? runOf(argument) : versionId(version.name, version.version);
  if (text !== undefined) await vscode.env.clipboard.writeText(text);
}

/** Where to run is a choice of the user, never of the workspace. */
async function selectEngine(parts: Parts): Promise<void> {
  const engines = await parts.runner.request0(enginesRequest);
  const choices = [
    { label: 'Automatic', description: 'Docker where it answers, else the local Python', name: '' },
    ...engines.map((engine) => ({
      label: engine.name,
      description: engine.state === 'ready' ? `${engine.version} ${engine.platform}` : engine.state,
      detail: engine.problem?.message,
      name: engine.name,
    })),
  ];
  const chosen = await vscode.window.showQuickPick(choices, { title: 'Select engine' });
  if (chosen === undefined) return;
  const configuration = vscode.workspace.getConfiguration(settings.section);
  await configuration.update(settings.engine, chosen.name, vscode.ConfigurationTarget.Global);
}
