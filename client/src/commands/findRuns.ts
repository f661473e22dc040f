/** Search, filter and group the Runs view. */
import * as vscode from 'vscode';
import type { RunFilter } from '../../../runner/src/domain/runFilter';
import type { Parts } from '../extensionContext';
import { commands } from '../ids';
import type { Grouping } from '../tree/runList';

export async function searchRuns(parts: Parts, argument?: unknown): Promise<void> {
  const { list } = parts.runsTree;
  const text =
    typeof argument === 'string'
      ? argument
      : await vscode.window.showInputBox({
          title: 'Search runs',
          prompt: 'Pipeline, version, dataset, error, note, or a parameter like epochs=30. Empty: all.',
          value: list.filter.text ?? '',
        });
  if (text !== undefined) await show(parts, { ...list.filter, text });
}

interface Choice extends vscode.QuickPickItem {
  readonly add: (filter: RunFilter) => RunFilter;
}

const states = ['In progress', 'Successful', 'Failed', 'Killed'] as const;

export async function filterRuns(parts: Parts): Promise<void> {
  const { model } = parts;
  const { list } = parts.runsTree;
  if (!model.isLoaded) await model.refresh();
  const { filter } = list;
  const { packages, pipelines, engines } = model.facets;
  const separator = (label: string): Choice => ({
    label,
    kind: vscode.QuickPickItemKind.Separator,
    add: (one) => one,
  });
  const choices: Choice[] = [
    separator('State'),
    ...states.map((state) => ({
      label: state,
      picked: filter.states?.includes(state) ?? false,
      add: (one: RunFilter) => ({ ...one, states: [...(one.states ?? []), state] }),
    })),
    separator('Marks'),
    { label: '$(star-full) Starred', picked: filter.starred ?? false, add: (one) => ({ ...one, starred: true }) },
    ...facet('Package', packages, filter.packages, (one, name) => ({
      ...one,
      packages: [...(one.packages ?? []), name],
    })),
    ...facet('Pipeline', pipelines, filter.pipelines, (one, name) => ({
      ...one,
      pipelines: [...(one.pipelines ?? []), name],
    })),
    ...facet('Engine', engines, filter.engines, (one, name) => ({ ...one, engines: [...(one.engines ?? []), name] })),
  ];
  const options = { title: 'Filter runs', canPickMany: true as const, placeHolder: 'Show runs that are…' };
  const picked = await vscode.window.showQuickPick(choices, options);
  if (picked === undefined) return;
  const text: RunFilter = filter.text === undefined ? {} : { text: filter.text };
  await show(
    parts,
    picked.reduce((one, choice) => choice.add(one), text),
  );
}

function facet(
  title: string,
  names: readonly string[],
  chosen: readonly string[] | undefined,
  add: (filter: RunFilter, name: string) => RunFilter,
): Choice[] {
  if (names.length < 2 && (chosen ?? []).length === 0) return [];
  const head: Choice = { label: title, kind: vscode.QuickPickItemKind.Separator, add: (one) => one };
  const choices = names.map((name) => ({
    label: name,
    description: title.toLowerCase(),
    picked: chosen?.includes(name) ?? false,
    add: (filter: RunFilter) => add(filter, name),
  }));
  return [head, ...choices];
}

async function show(parts: Parts, filter: RunFilter): Promise<void> {
  await parts.runsTree.list.setFilter(filter);
  await vscode.commands.executeCommand(commands.showRuns);
}

export const clearFilter = (parts: Parts): Promise<void> => parts.runsTree.list.setFilter({});

const groupingWords: readonly { readonly label: string; readonly by: Grouping }[] = [
  { label: 'Not grouped', by: 'none' },
  { label: 'By day', by: 'day' },
  { label: 'By pipeline', by: 'pipeline' },
  { label: 'By package', by: 'package' },
  { label: 'By state', by: 'state' },
];

export async function groupRuns(parts: Parts): Promise<void> {
  const { list } = parts.runsTree;
  const choices = groupingWords.map((one) => ({ ...one, description: one.by === list.grouping ? 'now' : '' }));
  const picked = await vscode.window.showQuickPick(choices, { title: 'Group runs' });
  if (picked !== undefined) await list.group(picked.by);
}
