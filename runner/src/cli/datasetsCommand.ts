/** `datasets`: the copies of datasets that engines elsewhere keep. */
import { ExpectedError } from '../domain/errors';
import { formatBytes, formatCount, formatNumber, formatWhen } from '../domain/format';
import { datasetAge, type StoredDataset } from '../domain/storedDatasets';
import { acceptAddress, isAddress } from '../engineAddress';
import type { DatasetSelection } from '../run/storedDatasets';
import type { CommandContext } from './commandContext';
import { table } from './table';

export interface DatasetsOptions {
  readonly engine?: string;
  readonly clear?: boolean;
  readonly unusedFor?: string;
}

export async function datasetsCommand(
  context: CommandContext,
  wanted: readonly string[],
  { engine, clear = false, unusedFor }: DatasetsOptions,
): Promise<number> {
  const age = unusedFor === undefined ? {} : { unusedMilliseconds: parseAge(unusedFor) };
  const named = engine !== undefined && isAddress(engine) ? await acceptAddress(context.environment, engine) : engine;
  const selection = { engine: named, wanted, ...age };
  return clear ? clearThem(context, selection) : listThem(context, selection);
}

async function listThem(context: CommandContext, selection: DatasetSelection): Promise<number> {
  const found = await (await context.runner()).datasets(selection);
  if (context.terminal.options.json) context.terminal.document(found);
  else showList(context, found.datasets);
  tellProblems(context, found.problems);
  return 0;
}

async function clearThem(context: CommandContext, selection: DatasetSelection): Promise<number> {
  const { terminal } = context;
  const done = await (await context.runner()).clearDatasets(selection);
  const count = done.cleared.length;
  if (terminal.options.json) terminal.document(done);
  else if (count === 0) terminal.print('Nothing to clear.');
  else terminal.print(`Cleared ${formatNumber(count, 'dataset')}. That frees ${formatBytes(done.bytes)}.`);
  for (const { name, engine, users } of done.kept)
    terminal.note(`${name} stays on ${engine}: ${users[0] ?? 'a run'} has it.`);
  tellProblems(context, done.problems);
  return 0;
}

function parseAge(text: string): number {
  const age = datasetAge(text);
  if (age !== undefined) return age;
  throw new ExpectedError('usage', `"${text}" is no value for --unused-for.`, 'Use a time like 30d, 12h or 90m.');
}

function showList({ terminal }: CommandContext, datasets: readonly StoredDataset[]): void {
  if (datasets.length === 0) return terminal.print('No engine keeps a copy of a dataset for this store.');
  const head = ['DATASET', 'ENGINE', 'FILES', 'SIZE', 'LAST USED', 'IN USE BY', 'TREE'];
  const now = new Date();
  const rows = datasets.map((one) => [
    one.name,
    one.engine,
    formatCount(one.files),
    formatBytes(one.bytes),
    one.usedAt === '' ? '' : formatWhen(new Date(one.usedAt), now),
    one.users.join(', '),
    one.tree.replace(/^sha256:/, '').slice(0, 12),
  ]);
  terminal.print(table(head, rows, terminal.columns));
}

function tellProblems(
  { terminal }: CommandContext,
  problems: readonly { readonly engine: string; readonly message: string }[],
): void {
  for (const { engine, message } of problems) terminal.note(`${engine} could not be asked: ${message}`);
}
