/** Asks which run, version or package is meant, where a command was not called on one. */
import * as vscode from 'vscode';
import { stateInWords } from '../../runner/src/domain/format';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import { versionId } from '../../runner/src/domain/version';
import { commands } from './ids';
import { runLabel } from './tree/words';
import type { WorkspaceModel } from './workspaceModel';

interface NodeShape {
  readonly kind?: unknown;
  readonly id?: unknown;
  readonly name?: unknown;
  readonly version?: unknown;
}
const shapeOf = (argument: unknown): NodeShape => (typeof argument === 'object' && argument !== null ? argument : {});

/** The run of a tree node (`{ kind, id }`) or an id, if that is what a command was given. */
export function runOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument === '' ? undefined : argument;
  const { id } = shapeOf(argument);
  return typeof id === 'string' ? id : undefined;
}

/** Of a version's node, or of the package zip below a run. */
export function versionOf(argument: unknown): { name: string; version: string } | undefined {
  const { kind, name, version } = shapeOf(argument);
  if (kind !== 'version' && kind !== 'zip') return undefined;
  return typeof name === 'string' && typeof version === 'string' ? { name, version } : undefined;
}

export function packageOf(argument: unknown): string | undefined {
  const { kind, name } = shapeOf(argument);
  const isPackage = kind === 'package' || kind === 'workingFolder';
  return isPackage && typeof name === 'string' ? name : undefined;
}

export async function pickRun(
  model: WorkspaceModel,
  which: 'any' | 'active' | 'ended',
  title: string,
  except?: string,
): Promise<Run | undefined> {
  if (!model.isLoaded) await model.refresh();
  const runs = model.runs.filter(
    (run) => run.id !== except && (which === 'any' || hasEnded(run.state) === (which === 'ended')),
  );
  if (runs.length === 0) {
    await tellNoRuns(which, except);
    return undefined;
  }
  if (which === 'active' && runs.length === 1) return runs[0];
  const now = new Date();
  const choices = runs.map((run) => ({
    label: `${model.marks(run.id).starred ? '$(star-full) ' : ''}${runLabel(run, model.marks(run.id))}`,
    description: stateInWords(run, now),
    detail: [run.cause?.message, model.marks(run.id).note].filter(Boolean).join(' '),
    run,
  }));
  const older = model.totalRuns - model.runs.length;
  const placeHolder = older > 0 ? `The newest; ${older} older ones are in the Runs view` : '';
  const options = { title, placeHolder, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(choices, options))?.run;
}

async function tellNoRuns(which: 'any' | 'active' | 'ended', except?: string): Promise<void> {
  if (which === 'active') {
    await vscode.window.showInformationMessage('No run is in progress.');
    return;
  }
  if (except !== undefined) {
    await vscode.window.showInformationMessage('There is no other run yet.');
    return;
  }
  const open = 'Open pipeline panel';
  const text = 'No runs yet. A run trains a package on a dataset and keeps the result as a new version.';
  if ((await vscode.window.showInformationMessage(text, open)) === open)
    await vscode.commands.executeCommand(commands.openPanel);
}

export async function pickVersion(
  model: WorkspaceModel,
  title: string,
  except?: { readonly name: string; readonly version: string },
): Promise<{ name: string; version: string } | undefined> {
  if (!model.isLoaded) await model.refresh();
  const all = model.packages
    .flatMap(({ name, versions }) => versions.map((version) => ({ name, version })))
    .filter((one) => one.name !== except?.name || one.version !== except.version);
  // Versions of the same package are the likely ones.
  const sorted = [...all.filter((one) => one.name === except?.name), ...all.filter((one) => one.name !== except?.name)];
  if (sorted.length === 0) {
    await vscode.window.showInformationMessage(
      except === undefined
        ? 'No versions yet. Publish the working folder, or run a training pipeline.'
        : `${versionId(except.name, except.version)} is the only version yet.`,
    );
    return undefined;
  }
  const choices = sorted.map((chosen) => {
    const known = model.version(chosen.name, chosen.version);
    const how = known === undefined ? '' : known.run === '' ? 'published' : `trained from ${known.from}`;
    return { label: versionId(chosen.name, chosen.version), description: how, chosen };
  });
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
    if (chosen === create) await vscode.commands.executeCommand(commands.newPackage);
    return undefined;
  }
  if (packages.length === 1) return packages[0];
  const choices = packages.map((one) => ({ label: one.name, description: one.folder ?? 'imported', one }));
  return (await vscode.window.showQuickPick(choices, { title }))?.one;
}

/** The run that a command was called on, or the one that the user chooses. */
export async function chosenRun(
  model: WorkspaceModel,
  argument: unknown,
  which: 'any' | 'active' | 'ended',
  title: string,
): Promise<Run | undefined> {
  const id = runOf(argument);
  return id === undefined ? pickRun(model, which, title) : model.fetchRun(id);
}
