/** Commands that change the store: publish, import, export, delete, prune. */
import { resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import { formatBytes } from '../domain/format';
import type { Deleted } from '../domain/version';
import type { CommandContext } from './commandContext';
import { shownHere } from './runReport';
import { parseSize } from '../run/quantities';

export async function publishCommand(
  context: CommandContext,
  target: string | undefined,
  options: { readonly name?: string },
): Promise<number> {
  const { terminal, currentFolder } = context;
  const request = {
    currentFolder,
    ...(target === undefined ? {} : { package: target }),
    ...(options.name === undefined ? {} : { name: options.name }),
  };
  const runner = await context.runner();
  const published = await runner.publish(request, (progress) => terminal.progress(progress));
  if (terminal.options.json) terminal.document(published);
  else {
    const what = `${published.package} ${published.version}`;
    const path = shownHere(currentFolder, runner.workspace, published.path);
    terminal.print(
      published.created ? `Published ${what}: ${path}` : `The working folder is the same as ${what}: ${path}`,
    );
    for (const warning of published.warnings) terminal.note(`warning: ${warning.message}`);
  }
  return 0;
}

export async function exportCommand(
  context: CommandContext,
  id: string,
  file: string,
  options: { readonly record?: boolean; readonly force?: boolean },
): Promise<number> {
  const { terminal } = context;
  const how = { record: options.record === true, force: options.force === true };
  const runner = await context.runner();
  // What the path ends with says whether it is a folder's.
  const end = /[/\\]$/.exec(file)?.[0] ?? '';
  const exported = await runner.export(id, `${resolve(context.currentFolder, file)}${end}`, how);
  const path = shownHere(context.currentFolder, runner.workspace, exported.path);
  if (terminal.options.json) terminal.document(exported);
  else terminal.print(`Exported ${exported.package} ${exported.version}: ${path}`);
  return 0;
}

export interface ImportCommandOptions {
  readonly maxBytes?: string;
  readonly maxEntries?: string;
  readonly anyName?: boolean;
}

export async function importCommand(
  context: CommandContext,
  file: string,
  options: ImportCommandOptions,
): Promise<number> {
  const { terminal } = context;
  const how = {
    anyName: options.anyName === true,
    ...(options.maxBytes === undefined ? {} : { maxBytes: parseSize('--max-bytes', options.maxBytes) }),
    ...(options.maxEntries === undefined ? {} : { maxEntries: wholeNumber('--max-entries', options.maxEntries, 1) }),
  };
  const runner = await context.runner();
  const imported = await runner.import(resolve(context.currentFolder, file), how, (progress) =>
    terminal.progress(progress),
  );
  if (terminal.options.json) terminal.document(imported);
  else {
    const path = shownHere(context.currentFolder, runner.workspace, imported.path);
    terminal.print(`Imported ${file} as ${imported.package} ${imported.version}: ${path}`);
    for (const warning of imported.warnings) terminal.note(`warning: ${warning.message}`);
  }
  return 0;
}

export function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  throw new ExpectedError('usage', `"${text}" is no value for ${option}.`, `Use a whole number of ${least} or more.`);
}

export async function deleteCommand(
  context: CommandContext,
  ids: readonly string[],
  options: { readonly force?: boolean },
): Promise<number> {
  return shown(context, await (await context.runner()).delete(ids, { force: options.force === true }));
}

export async function pruneCommand(context: CommandContext, options: { readonly keep: string }): Promise<number> {
  const keep = wholeNumber('--keep', options.keep, 0);
  return shown(context, await (await context.runner()).prune(keep));
}

function shown({ terminal }: CommandContext, deleted: Deleted): number {
  if (terminal.options.json) terminal.document(deleted);
  else if (deleted.deleted.length === 0) terminal.print('Nothing to delete.');
  else terminal.print(`Deleted ${deleted.deleted.join(', ')}. That frees ${formatBytes(deleted.bytes)}.`);
  return 0;
}
