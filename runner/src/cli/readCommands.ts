/** Commands that only look: runs, versions, show, logs, engines, verify. */
import { ExpectedError } from '../domain/errors';
import { formatBytes, formatWhen } from '../domain/format';
import { hasEnded } from '../domain/run';
import { versionId } from '../domain/version';
import type { CommandContext } from './commandContext';
import { report, runRow } from './runCommand';
import { table } from './table';

export async function runsCommand(context: CommandContext): Promise<number> {
  const { terminal } = context;
  const runs = await (await context.runner()).runs();
  if (terminal.options.json) terminal.document({ runs });
  else if (runs.length === 0)
    terminal.print('No runs yet. A run trains a package on a dataset and keeps the result as a new version.');
  else terminal.print(table(['RUN', 'PIPELINE', 'STATE', 'TIME', 'DATASET', ''], runs.map(runRow), terminal.columns));
  return 0;
}

export async function versionsCommand(context: CommandContext, target: string | undefined): Promise<number> {
  const { terminal } = context;
  const versions = await (await context.runner()).versions(target, context.currentFolder);
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
    version.path,
  ]);
  terminal.print(table(['VERSION', 'MADE', 'WHEN', 'SIZE', 'ZIP'], rows, terminal.columns));
  return 0;
}

export async function showCommand(context: CommandContext, id: string): Promise<number> {
  const { terminal } = context;
  const runner = await context.runner();
  if (!id.includes('@')) {
    report({ ...context }, await runner.run(id));
    return 0;
  }
  const { version, file } = await runner.version(id);
  if (terminal.options.json) {
    terminal.document(version);
    return 0;
  }
  const made = file.madeFrom;
  const lines = [
    versionId(version.package, version.version),
    `  zip:      ${version.path}, ${formatBytes(version.bytes)}`,
    `  content:  ${version.contentHash}, ${file.sealed.files.length} entries`,
    `  made:     ${version.run === '' ? 'published' : `by run ${version.run} from ${version.from}`}, ${version.createdAt}`,
    ...(made === null
      ? []
      : [
          `  dataset:  ${made.dataset.name} ${made.dataset.tree}`,
          `  engine:   ${made.engine}, Python ${made.python}, ${made.distributions.length} distributions`,
        ]),
  ];
  terminal.print(lines.join('\n'));
  return 0;
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
  const interrupt = context.signals.onInterrupt(() => end.abort());
  try {
    if (terminal.options.json) {
      for await (const line of runner.logLines(run.id, { follow, signal: end.signal }))
        await terminal.write(`${JSON.stringify(line)}\n`);
    } else if (follow) {
      for await (const bytes of runner.followLog(run.id, end.signal)) await terminal.write(bytes);
    } else {
      for await (const bytes of runner.readLog(run.id, 0)) await terminal.write(bytes);
    }
  } finally {
    interrupt.dispose();
  }
  return end.signal.aborted ? 130 : 0;
}

export async function enginesCommand(context: CommandContext): Promise<number> {
  const { terminal } = context;
  const engines = await (await context.runner()).engines();
  if (terminal.options.json) {
    terminal.document({ engines });
    return 0;
  }
  const rows = engines.map((engine) => [
    engine.name,
    engine.state,
    engine.version,
    engine.platform,
    engine.cpus === null ? '' : `${engine.cpus} CPUs`,
    engine.memory === null || engine.memory === 0 ? '' : formatBytes(engine.memory),
    `${engine.gpus.length} GPUs`,
    engine.problem?.message ?? engine.endpoint,
  ]);
  terminal.print(
    table(['ENGINE', 'STATE', 'VERSION', 'PLATFORM', 'CPUS', 'MEMORY', 'GPUS', ''], rows, terminal.columns),
  );
  return 0;
}

export async function verifyCommand(context: CommandContext, id: string | undefined): Promise<number> {
  const { terminal } = context;
  if (id !== undefined && !id.includes('@')) {
    throw new ExpectedError('usage', `"${id}" names no version.`, 'Write a version like digits@1.1.');
  }
  const verified = await (await context.runner()).verify(id, (progress) => terminal.progress(progress));
  if (terminal.options.json) terminal.document(verified);
  else if (verified.ok)
    terminal.print(`${verified.checked === 1 ? '1 version is' : `${verified.checked} versions are`} as sealed.`);
  else {
    for (const { version, path, expected, found } of verified.problems) {
      terminal.print(`${version} is not what was sealed: ${path}\n  expected ${expected}\n  found    ${found}`);
    }
  }
  return verified.ok ? 0 : 1;
}
