/** What a shell can offer for an argument: `__words COMMAND` prints one a line, with a tab before what it is. */
import { runTitle } from '../domain/format';
import { hasEnded } from '../domain/run';
import { versionId } from '../domain/version';
import type { Runner } from '../runner';
import type { CommandContext } from './commandContext';

type Kind = 'runs' | 'unfinished' | 'versions' | 'packages';

/** By command; the first argument's kinds, for those that name something of the store. */
export const offeredKinds: Readonly<Record<string, readonly Kind[]>> = {
  show: ['runs', 'versions'],
  logs: ['runs'],
  stop: ['unfinished'],
  attach: ['unfinished'],
  export: ['versions'],
  verify: ['versions'],
  delete: ['versions', 'runs'],
  check: ['packages'],
  publish: ['packages'],
  run: ['packages'],
  versions: ['packages'],
};

/** Nobody looks through more. */
const mostRuns = 100;

export async function wordsCommand(context: CommandContext, command: string): Promise<number> {
  const runner = await context.runner();
  for (const kind of offeredKinds[command] ?? []) {
    for (const [word, meaning] of await offered[kind](runner)) context.terminal.print(`${word}\t${meaning}`);
  }
  return 0;
}

type Offer = (runner: Runner) => Promise<(readonly [string, string])[]>;

const offered: Readonly<Record<Kind, Offer>> = {
  runs: async (runner) =>
    (await runner.runs()).slice(0, mostRuns).map((run) => [run.id, `${runTitle(run)}, ${run.state}`]),
  unfinished: async (runner) =>
    (await runner.runs())
      .filter((run) => !hasEnded(run.state))
      .map((run) => [run.id, `${runTitle(run)}, ${run.state}`]),
  versions: async (runner) =>
    (await runner.versions(undefined)).map(({ package: name, version, from }) => [
      versionId(name, version),
      from === '' ? 'published' : `trained from ${from}`,
    ]),
  packages: async (runner) =>
    (await runner.packages()).map(({ name, folder }) => [name, folder ?? 'no working folder']),
};
