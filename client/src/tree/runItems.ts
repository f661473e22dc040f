/** How a run and its parts look in the tree. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runTitle, stateInWords } from '../../../runner/src/domain/format';
import type { Marks } from '../../../runner/src/domain/marks';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { commands, items } from '../ids';
import { runDescription, runLabel, spokenRun } from './words';

export { causeInShort, userFrame } from './words';

export type RunNode =
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'group'; readonly label: string; readonly ids: readonly string[] }
  | { readonly kind: 'results'; readonly id: string }
  | {
      readonly kind: 'field';
      readonly id: string;
      readonly label: string;
      readonly value: string;
      readonly fields?: readonly (readonly [string, string])[];
    }
  | {
      readonly kind: 'folder';
      readonly id: string;
      readonly name: 'artifacts' | 'data_directory';
      readonly path: string;
    }
  | {
      readonly kind: 'entry';
      readonly id: string;
      readonly path: string;
      readonly isFolder: boolean;
      readonly label: string;
    }
  | {
      readonly kind: 'zip';
      readonly id: string;
      readonly name: string;
      readonly version: string;
      readonly text: string;
    }
  | { readonly kind: 'log'; readonly id: string }
  | { readonly kind: 'more'; readonly left: number };

const icon = (name: string, colour?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(name, colour === undefined ? undefined : new vscode.ThemeColor(colour));

export function stateIcon(run: Run): vscode.ThemeIcon {
  switch (run.state) {
    case 'Scheduled':
      return icon('clock', 'descriptionForeground');
    case 'Waiting for resources':
      return icon('watch', 'descriptionForeground');
    case 'Packaging':
    case 'Running':
    case 'Finalizing':
      return run.problem === null
        ? icon('sync~spin', 'charts.blue')
        : icon('debug-disconnect', 'problemsWarningIcon.foreground');
    case 'Successful':
      return icon('pass', 'charts.green');
    case 'Killed':
      return icon('circle-slash', 'descriptionForeground');
    default:
      return icon(isEngineFault(run) ? 'debug-disconnect' : 'error', 'problemsErrorIcon.foreground');
  }
}

const isEngineFault = (run: Run): boolean => run.cause?.kind === 'engine' || run.cause?.kind === 'lost';

/** What menus are bound to: the state, then what the run has. */
function contextOf(run: Run, marks: Marks): string {
  const words: string[] = [hasEnded(run.state) ? items.endedRun : items.activeRun];
  if (run.version !== '' && hasEnded(run.state)) words.push('version');
  words.push(marks.starred ? 'starred' : 'plain');
  return words.join(' ');
}

export function runItem(run: Run, marks: Marks, now: Date): vscode.TreeItem {
  const item = new vscode.TreeItem(runLabel(run, marks), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `run:${run.id}`;
  const isNamed = runLabel(run, marks) !== runTitle(run);
  const parts = [...(isNamed ? [runTitle(run)] : []), runDescription(run, now)];
  item.description = `${marks.starred ? '★ ' : ''}${parts.join(', ')}`;
  item.iconPath = stateIcon(run);
  item.contextValue = contextOf(run, marks);
  item.command = { command: commands.openRun, title: 'Open run', arguments: [{ kind: 'run', id: run.id }] };
  item.accessibilityInformation = { label: spokenRun(run, marks, now) };
  item.tooltip = tooltip(run, marks, now);
  return item;
}

/** Two items with the same text look the same, so that the row need not be drawn again. */
export function runItemText(run: Run, marks: Marks, now: Date): string {
  return JSON.stringify([
    runLabel(run, marks),
    runDescription(run, now),
    contextOf(run, marks),
    run.state,
    run.problem,
  ]);
}

function tooltip(run: Run, marks: Marks, now: Date): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(`${runTitle(run)}: ${stateInWords(run, now)}`);
  text.appendText(`\n\n${run.dataset.path} on ${run.engine}, GPU ${run.gpu.requested}`);
  const trouble = run.cause?.message ?? run.problem?.message;
  if (trouble !== undefined) text.appendText(`\n\n${trouble}`);
  for (const warning of run.warnings) text.appendText(`\n\nWarning: ${warning.message}`);
  if (marks.note !== '') text.appendText(`\n\nNote: ${marks.note}`);
  return text;
}

export function groupItem(label: string, count: number, iconName: string): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `group:${label}`;
  item.description = String(count);
  item.iconPath = icon(iconName);
  item.contextValue = items.group;
  item.accessibilityInformation = { label: `${label}, ${count === 1 ? '1 run' : `${count} runs`}` };
  return item;
}

export function moreItem(left: number): vscode.TreeItem {
  const more = new vscode.TreeItem('Load more');
  more.description = `${left} more`;
  more.iconPath = icon('ellipsis');
  more.command = { command: commands.loadMore, title: 'Load more' };
  return more;
}

export function partItem(
  node: Exclude<RunNode, { kind: 'run' | 'group' | 'more' }>,
  runFolder: string,
  artifacts: string,
): vscode.TreeItem {
  switch (node.kind) {
    case 'results':
      return withContext(
        part('Results', 'json', '_results.json', fileCommand(join(runFolder, '_results.json')), true),
        items.results,
      );
    case 'field':
      return fieldItem(node);
    case 'folder':
      return folderItem(
        node.name === 'artifacts' ? 'Artifacts' : 'Dataset',
        node.name === 'artifacts' ? 'file-media' : 'database',
        node.path,
        node.name === 'artifacts' ? artifacts : 'copy of the dataset',
      );
    case 'entry':
      return entryItem(node);
    case 'zip':
      return withContext(
        part('Package zip', 'file-zip', node.text, {
          command: commands.goToVersion,
          title: 'Go to version',
          arguments: [node],
        }),
        items.zip,
      );
    default:
      return withContext(
        part('Log', 'output', 'log.txt', {
          command: commands.showLog,
          title: 'Show log',
          arguments: [{ kind: 'run', id: node.id }],
        }),
        items.log,
      );
  }
}

function withContext(item: vscode.TreeItem, context: string): vscode.TreeItem {
  item.contextValue = context;
  return item;
}

function fieldItem(node: Extract<RunNode, { kind: 'field' }>): vscode.TreeItem {
  const isGroup = node.fields !== undefined;
  const kind = node.value !== '' && !Number.isNaN(Number.parseFloat(node.value)) ? 'symbol-number' : 'symbol-string';
  const item = part(node.label, isGroup ? 'json' : kind, node.value, undefined, isGroup);
  item.accessibilityInformation = { label: `${node.label}: ${node.value}` };
  item.contextValue = items.field;
  return item;
}

function part(label: string, iconName: string, text: string, command?: vscode.Command, folds = false): vscode.TreeItem {
  const state = folds ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(label, state);
  item.iconPath = icon(iconName);
  item.description = text;
  item.tooltip = `${label}: ${text}`;
  if (command !== undefined) item.command = command;
  return item;
}

function folderItem(label: string, iconName: string, path: string, text: string): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.iconPath = icon(iconName);
  item.resourceUri = vscode.Uri.file(path);
  item.label = label;
  item.description = text;
  item.contextValue = items.artifactFolder;
  return item;
}

function entryItem(node: Extract<RunNode, { kind: 'entry' }>): vscode.TreeItem {
  const state = node.isFolder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(node.label, state);
  item.resourceUri = vscode.Uri.file(node.path);
  item.contextValue = node.isFolder ? items.artifactFolder : items.artifact;
  item.iconPath = node.isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
  if (!node.isFolder) item.command = fileCommand(node.path);
  return item;
}

const fileCommand = (path: string): vscode.Command => ({
  command: 'vscode.open',
  title: 'Open',
  arguments: [vscode.Uri.file(path)],
});
