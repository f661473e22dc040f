/** What came of a run, in words. */
import { isAbsolute, relative, resolve } from 'node:path';
import { causeSentence, formatBytes, formatNumber, formatSeconds, runTitle, stateInWords } from '../domain/format';
import { hasEnded, type Run } from '../domain/run';
import { versionId } from '../domain/version';
import type { Runner } from '../runner';
import type { CommandContext } from './commandContext';

/** `said`: warnings that were shown already. */
export async function report(context: CommandContext, run: Run, said: ReadonlySet<string> = new Set()): Promise<void> {
  const { terminal } = context;
  if (terminal.options.json) return terminal.document(run);
  const runner = await context.runner();
  const here = (path: string): string => shownHere(context.currentFolder, runner.workspace, path);
  const colour = run.state === 'Failed' ? 'red' : run.state === 'Successful' ? 'green' : 'yellow';
  const lines = [
    `${terminal.paint(colour, stateInWords(run, new Date()))}: ${runTitle(run)}`,
    ...causeLines(run),
    ...(run.problem === null ? [] : [`  ${run.problem.message}`, ...hintLines(run.problem.hint)]),
    ...run.warnings
      .filter((warning) => !said.has(warning.message))
      .map((warning) => `  ${terminal.paint('yellow', 'warning')}: ${warning.message}`),
    ...(run.name === null ? [] : [`  name:      ${run.name}`]),
    ...phaseLines(run),
    ...(await keptLines(runner, run, here)),
  ];
  terminal.print(lines.join('\n'));
}

function causeLines(run: Run): string[] {
  if (run.cause === null) return [];
  const words = run.state === 'Killed' ? [] : [`  ${causeSentence(run.cause)}`];
  return [...words, ...frameLines(run.cause.traceback), ...chainLines(run.cause.chain), ...hintLines(run.cause.hint)];
}

type Cause = NonNullable<Run['cause']>;

/** The user's own frames; those of libraries are in the log. */
function frameLines(traceback: Cause['traceback']): string[] {
  const own = traceback.filter((frame) => isOwn(frame.file));
  const others = traceback.length - own.length;
  const lines = own.map(
    (frame) =>
      `    ${frame.file}:${frame.line} in ${frame.function}${frame.text === '' ? '' : `: ${frame.text.trim()}`}`,
  );
  return others === 0 ? lines : [...lines, `    and ${formatNumber(others, 'frame')} of libraries (see the log)`];
}

const chainLines = (chain: Cause['chain']): string[] =>
  chain.flatMap(({ message, traceback }) => [`  It came from ${message}`, ...frameLines(traceback)]);

const isOwn = (file: string): boolean => !/^(\/|[A-Za-z]:|<)/.test(file);

const hintLines = (hint: string): string[] => (hint === '' ? [] : [`  ${hint}`]);

function phaseLines(run: Run): string[] {
  const phases = run.phases.filter((phase) => phase.seconds >= 0.01);
  if (!hasEnded(run.state) || phases.length === 0) return [];
  return [`  phases:    ${phases.map(({ name, seconds }) => `${name} ${formatSeconds(seconds)}`).join(', ')}`];
}

async function keptLines(runner: Runner, run: Run, here: (path: string) => string): Promise<string[]> {
  const outputs = run.results?.run_summary.outputs;
  const lines: string[] = [];
  const made =
    run.version === '' ? undefined : await runner.version(versionId(run.package, run.version)).catch(nothing);
  if (made !== undefined) lines.push(`  package:   ${here(made.version.path)}, ${formatBytes(made.version.bytes)}`);
  if (outputs !== undefined && outputs.artifacts_data !== '')
    lines.push(`  artifacts: ${here(`${run.folder}/${outputs.artifacts_data}`)}`);
  if (outputs !== undefined && outputs.train_data !== '')
    lines.push(`  dataset:   ${here(`${run.folder}/${outputs.train_data}`)}`);
  if (run.results !== null) lines.push(`  results:   ${here(`${run.folder}/_results.json`)}`);
  lines.push(`  log:       ${here(`${run.folder}/log.txt`)}`);
  return lines;
}

const nothing = (): undefined => undefined;

/** Documents name paths from the workspace; people are told them from where they are, where that is shorter. */
export function shownHere(currentFolder: string, workspace: string, path: string): string {
  const absolute = resolve(workspace, path);
  const near = relative(currentFolder, absolute);
  return isAbsolute(near) || near.startsWith('..') || near === '' ? absolute : near;
}
