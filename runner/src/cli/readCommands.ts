/** Commands that only look: runs, versions, show, logs, engines, verify. */
import { ExpectedError } from '../domain/errors';
import { formatBytes, formatNumber, formatSeconds, formatWhen, runSeconds, runTitle } from '../domain/format';
import { hasEnded, type Run } from '../domain/run';
import { versionId, type VersionFile } from '../domain/version';
import type { Runner } from '../runner';
import type { CommandContext } from './commandContext';
import { report, shownHere } from './runReport';
import { interruptedCode } from './watchRun';
import { table } from './table';

export async function runsCommand(context: CommandContext): Promise<number> {
  const { terminal } = context;
  const runs = await (await context.runner()).runs();
  if (terminal.options.json) terminal.document({ runs });
  else if (runs.length === 0)
    terminal.print('No runs yet. A run trains a package on a dataset and keeps the result as a new version.');
  else terminal.print(runTable(runs, terminal.columns));
  return 0;
}

/** Names have a column where there are any. */
function runTable(runs: readonly Run[], columns: number): string {
  const isNamed = runs.some((run) => run.name !== null);
  const head = ['RUN', ...(isNamed ? ['NAME'] : []), 'PIPELINE', 'STATE', 'TIME', 'STARTED', 'WHY'];
  return table(
    head,
    runs.map((run) => runRow(run, isNamed)),
    columns,
  );
}

function runRow(run: Run, isNamed: boolean): string[] {
  const now = new Date();
  return [
    run.id,
    ...(isNamed ? [run.name ?? ''] : []),
    runTitle(run),
    run.state,
    formatSeconds(runSeconds(run, now)),
    formatWhen(new Date(run.startedAt), now),
    oneLine(run.cause?.message ?? run.problem?.message ?? ''),
  ];
}

const oneLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? '';

export async function versionsCommand(context: CommandContext, target: string | undefined): Promise<number> {
  const { terminal, currentFolder } = context;
  const runner = await context.runner();
  const versions = await runner.versions(target, currentFolder);
  if (terminal.options.json) {
    terminal.document({ versions });
    return 0;
  }
  if (versions.length === 0) {
    terminal.print('No versions yet. `publish` makes one of a working folder, and so does `run`.');
    return 0;
  }
  const rows = versions.map((version) => [
    versionId(version.package, version.version),
    version.run === '' ? 'published' : `trained from ${version.from}`,
    formatWhen(new Date(version.createdAt), new Date()),
    formatBytes(version.bytes),
    shownHere(currentFolder, runner.workspace, version.path),
  ]);
  terminal.print(table(['VERSION', 'MADE', 'WHEN', 'SIZE', 'ZIP'], rows, terminal.columns));
  return 0;
}

export async function showCommand(context: CommandContext, id: string): Promise<number> {
  const { terminal } = context;
  const runner = await context.runner();
  if (!id.includes('@')) {
    await report(context, await runner.run(id));
    return 0;
  }
  const { version, file } = await runner.version(id);
  if (terminal.options.json) {
    terminal.document(version);
    return 0;
  }
  const made = version.run === '' ? 'published' : `by run ${version.run} from ${version.from}`;
  const lines = [
    versionId(version.package, version.version),
    `  zip:      ${shownHere(context.currentFolder, runner.workspace, version.path)}, ${formatBytes(version.bytes)}`,
    `  content:  ${version.contentHash}, ${formatNumber(file.sealed.files.length, 'entry', 'entries')}`,
    `  made:     ${made}, ${formatWhen(new Date(version.createdAt), new Date())}`,
    ...madeFromLines(file.madeFrom),
  ];
  terminal.print(lines.join('\n'));
  return 0;
}

function madeFromLines(made: VersionFile['madeFrom']): string[] {
  if (made === null) return [];
  const { dataset, image, gpu, parameters } = made;
  const changed = dataset.changed ? ', changed during the run' : '';
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return [
    `  dataset:  ${dataset.name}, ${formatNumber(dataset.files, 'file')}, ${formatBytes(dataset.bytes)}${changed}`,
    `            ${dataset.tree}`,
    `  engine:   ${made.engine}, Python ${made.python}, ${formatNumber(made.distributions.length, 'distribution')}`,
    ...(image === null ? [] : [`  image:    ${image.name}, ${image.digest}`]),
    ...(gpu.length === 0 ? [] : [`  GPU:      ${gpu.map(({ model }) => model).join(', ')}`]),
    `  parameters: ${values.join(' ')}`,
  ];
}

export async function logsCommand(
  context: CommandContext,
  id: string,
  options: { readonly follow?: boolean },
): Promise<number> {
  const { terminal } = context;
  const runner = await context.runner();
  const run = await runner.run(id);
  const follow = options.follow === true && !hasEnded(run.state);
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, terminal.outClosed]);
  const interrupt = context.signals.onInterrupt(() => end.abort());
  try {
    for await (const text of logTexts(runner, run.id, { json: terminal.options.json, follow, signal })) {
      if (signal.aborted) break;
      await terminal.write(text);
    }
  } finally {
    interrupt.dispose();
  }
  return end.signal.aborted ? interruptedCode : 0;
}

interface Reading {
  readonly json: boolean;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

async function* logTexts(runner: Runner, id: string, reading: Reading): AsyncIterable<Uint8Array | string> {
  const { json, follow, signal } = reading;
  if (json) for await (const line of runner.logLines(id, { follow, signal })) yield `${JSON.stringify(line)}\n`;
  else yield* follow ? runner.followLog(id, signal) : runner.readLog(id, 0);
}

export async function verifyCommand(context: CommandContext, id: string | undefined): Promise<number> {
  const { terminal } = context;
  if (id !== undefined && !id.includes('@')) {
    throw new ExpectedError('usage', `"${id}" names no version.`, 'Write a version like digits@1.1.');
  }
  const verified = await (await context.runner()).verify(id, (progress) => terminal.progress(progress));
  if (terminal.options.json) terminal.document(verified);
  else if (verified.ok) terminal.print(`${formatNumber(verified.checked, 'version is', 'versions are')} as sealed.`);
  else {
    for (const { version, path, expected, found } of verified.problems) {
      terminal.print(`${version} is not what was sealed: ${path}\n  expected ${expected}\n  found    ${found}`);
    }
  }
  return verified.ok ? 0 : 1;
}
