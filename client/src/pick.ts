/** Asks which run, version or package is meant, where a command was not called on one. */
import * as vscode from 'vscode';
import { runTitle, stateInWords } from '../../runner/src/domain/format';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import { versionId } from '../../runner/src/domain/version';
import type { WorkspaceModel } from './workspaceModel';

/** The run of a tree node (`{ kind, id }`) or an id, if that is what a command was given. */
export function runOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  const node = argument as { kind?: unknown; id?: unknown } | undefined;
  return typeof node?.id === 'string' ? node.id : undefined;
}

export function versionOf(argument: unknown): { name: string; version: string } | undefined {
  const node = argument as { kind?: unknown; name?: unknown; version?: unknown } | undefined;
  if (node?.kind !== 'version' || typeof node.name !== 'string' || typeof node.version !== 'string') return undefined;
  return { name: node.name, version: node.version };
}

export function packageOf(argument: unknown): string | undefined {
  const node = argument as { kind?: unknown; name?: unknown } | undefined;
  const isPackage = node?.kind === 'package' || node?.kind === 'workingFolder';
  return isPackage && typeof node?.name === 'string' ? node.name : undefined;
}

export async function pickRun(
  model: WorkspaceModel,
  which: 'any' | 'active' | 'ended',
  title: string,
): Promise<Run | undefined> {
  if (!model.isLoaded) await model.refresh();
  const runs = model.runs.filter((run) => which === 'any' || hasEnded(run.state) === (which === 'ended'));
  if (runs.length === 0) {
    await vscode.window.showInformationMessage(
      which === 'active'
        ? 'No run is in progress.'
        : 'No runs yet. A run trains a package on a dataset and keeps the result as a new version.',
    );
    return undefined;
  }
  if (which === 'active' && runs.length === 1) return runs[0];
  const now = new Date();
  const choices = runs.map((run) => ({
    label: runTitle(run),
    description: stateInWords(run, now),
    detail: run.cause?.message,
    run,
  }));
  return (await vscode.window.showQuickPick(choices, { title, matchOnDescription: true, matchOnDetail: true }))?.run;
}

export async function pickVersion(
  model: WorkspaceModel,
  title: string,
): Promise<{ name: string; version: string } | undefined> {
  if (!model.isLoaded) await model.refresh();
  const all = model.packages.flatMap(({ name }) => model.versionsOf(name));
  if (all.length === 0) {
    await vscode.window.showInformationMessage(
      'No versions yet. Publish the working folder, or run a training pipeline.',
    );
    return undefined;
  }
  const choices = all.map((version) => ({
    label: versionId(version.package, version.version),
    description: version.run === '' ? 'published' : `trained from ${version.from}`,
    chosen: { name: version.package, version: version.version },
  }));
  return (await vscode.window.showQuickPick(choices, { title }))?.chosen;
}

export async function pickPackage(
  model: WorkspaceModel,
  title: string,
): Promise<{ name: string; folder: string | null } | undefined> {
  if (!model.isLoaded) await model.refresh();
  const { packages } = model;
  if (packages.length === 0) {
    const create = 'New ML package';
    const chosen = await vscode.window.showInformationMessage(
      'No ML package in this workspace yet. A package is a folder whose train.py defines a class Main with train and save.',
      create,
    );
    if (chosen === create) await vscode.commands.executeCommand('trainingPipelines.newPackage');
    return undefined;
  }
  if (packages.length === 1) return packages[0];
  const choices = packages.map((one) => ({ label: one.name, description: one.folder ?? 'imported', one }));
  return (await vscode.window.showQuickPick(choices, { title }))?.one;
}
