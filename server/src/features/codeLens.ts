/** CodeLens over `class Main`: run it, how the last run went, what keeps it from running. */
import type { CodeLens, Command } from 'vscode-languageserver';
import { clientCommands, type RunFacts } from '../protocol';
import type { FeatureContext } from './context';

const ended: ReadonlySet<string> = new Set(['Successful', 'Failed', 'Killed']);
const icons: Readonly<Record<string, string>> = {
  Successful: '$(pass)',
  Failed: '$(error)',
  Killed: '$(circle-slash)',
  Scheduled: '$(clock)',
  'Waiting for resources': '$(watch)',
};

/** `next`: the version that a run from the working folder would make now; "" where that is not known. */
export function codeLenses(context: FeatureContext, next: string = ''): CodeLens[] {
  const { main, source } = context;
  if (main === undefined) return [];
  const range = source.rangeOf(main.binding);
  const commands = [...runCommands(context, next), ...problemCommands(context)];
  return commands.map((command) => ({ range, command }));
}

function runCommands(context: FeatureContext, next: string): Command[] {
  const folder = context.package.folder;
  const [pipeline, ...others] = context.package.pipelines;
  if (pipeline === undefined) {
    return [{ title: '$(play) Set up a run', command: clientCommands.openPanel, arguments: [folder] }];
  }
  const [run] = context.runs;
  const shown = context.package.pipelines.find(({ name }) => name === run?.pipeline) ?? pipeline;
  const more = others.length === 0 ? [] : [panel(folder, `${others.length} more`)];
  if (run !== undefined && !ended.has(run.state)) return [...progress(run), ...more];
  const what = next === '' ? 'working folder' : `working folder → ${next}`;
  return [
    { title: `$(play) Run ${shown.name}: ${what}`, command: clientCommands.run, arguments: [folder, shown.name] },
    ...(run === undefined ? [] : [lastRun(run)]),
    panel(folder, 'Open pipeline panel', shown.name),
    ...more,
  ];
}

function panel(folder: string, title: string, pipeline?: string): Command {
  return {
    title,
    command: clientCommands.openPanel,
    arguments: pipeline === undefined ? [folder] : [folder, pipeline],
  };
}

function progress(run: RunFacts): Command[] {
  const version = versionOf(run);
  return [
    {
      title: `${icons[run.state] ?? '$(sync~spin)'} ${version}${run.summary}`,
      command: clientCommands.openRun,
      arguments: [run.id],
    },
    { title: 'Stop', command: clientCommands.stopRun, arguments: [run.id] },
  ];
}

function lastRun(run: RunFacts): Command {
  return {
    title: `${icons[run.state] ?? '$(sync~spin)'} ${versionOf(run)}${run.summary}`,
    command: clientCommands.openRun,
    arguments: [run.id],
  };
}

function versionOf(run: RunFacts): string {
  const version = run.version === '' ? run.from : run.version;
  return version === '' ? '' : `${version} `;
}

function problemCommands(context: FeatureContext): Command[] {
  const errors = context.findings.filter(({ severity, code }) => severity === 'error' && code !== 'run-error').length;
  if (errors === 0) return [];
  const title =
    errors === 1 ? '1 problem keeps this package from running' : `${errors} problems keep this package from running`;
  return [
    { title, command: clientCommands.showProblems },
    { title: 'Show problems', command: clientCommands.showProblems },
  ];
}
