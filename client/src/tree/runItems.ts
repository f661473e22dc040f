/** How a run and its parts look in the tree. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatSeconds, formatWhen, runSeconds, runTitle, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Cause, type Frame, type Run } from '../../../runner/src/domain/run';
import { commands, items } from '../ids';

export type RunNode =
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'results'; readonly id: string }
  | { readonly kind: 'field'; readonly id: string; readonly label: string; readonly value: string }
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
  | { readonly kind: 'zip'; readonly id: string; readonly version: string }
  | { readonly kind: 'log'; readonly id: string }
  | { readonly kind: 'more' };

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

/** In order of worth, since it is cut from the right. */
function description(run: Run, now: Date): string {
  if (!hasEnded(run.state)) return run.problem === null ? stateInWords(run, now) : run.problem.message;
  const when = formatWhen(new Date(run.endedAt ?? run.startedAt), now);
  if (run.state === 'Failed') return `${causeInShort(run)}, ${when}`;
  if (run.state === 'Killed') return `${stateInWords(run, now)}, ${when}`;
  return `${formatSeconds(runSeconds(run, now))}, ${when}`;
}

/** "RuntimeError, train.py:38" or the kind of the cause. */
export function causeInShort({ cause }: Run): string {
  if (cause === null) return 'failed';
  const kind = cause.kind.replaceAll('-', ' ');
  const frame = userFrame(cause);
  const error = /\b([A-Z]\w*(?:Error|Exception|Interrupt|Exit))\b/.exec(cause.message)?.[1];
  return frame === undefined ? (error ?? kind) : `${error ?? kind}, ${frame.file}:${frame.line}`;
}

/** The innermost frame that is the user's own. */
export const userFrame = (cause: Cause): Frame | undefined =>
  cause.traceback.filter((frame) => isOwn(frame.file) && frame.line > 0).at(-1);

const isOwn = (file: string): boolean => !file.startsWith('/') && !file.startsWith('<') && !/^[A-Za-z]:/.test(file);

export function runItem(run: Run, now: Date): vscode.TreeItem {
  const item = new vscode.TreeItem(runTitle(run), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `run:${run.id}`;
  item.description = description(run, now);
  item.iconPath = stateIcon(run);
  item.contextValue = hasEnded(run.state) ? items.endedRun : items.activeRun;
  item.command = { command: commands.openRun, title: 'Open run', arguments: [{ kind: 'run', id: run.id }] };
  const spoken = runTitle(run).replace(' → ', ' to ');
  item.accessibilityInformation = { label: `${spoken}, ${stateInWords(run, now)}, ${item.description}` };
  item.tooltip = tooltip(run, now);
  return item;
}

function tooltip(run: Run, now: Date): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(`${runTitle(run)}: ${stateInWords(run, now)}`);
  text.appendText(`\n\n${run.dataset.path} on ${run.engine}, GPU ${run.gpu.requested}`);
  const trouble = run.cause?.message ?? run.problem?.message;
  if (trouble !== undefined) text.appendText(`\n\n${trouble}`);
  for (const warning of run.warnings) text.appendText(`\n\nWarning: ${warning.message}`);
  return text;
}

export function partItem(node: Exclude<RunNode, { kind: 'run' }>, runFolder: string): vscode.TreeItem {
  switch (node.kind) {
    case 'results':
      return part('Results', 'json', '_results.json', fileCommand(join(runFolder, '_results.json')), true);
    case 'field':
      return part(node.label, Number.isNaN(Number(node.value)) ? 'symbol-string' : 'symbol-number', node.value);
    case 'folder':
      return folderItem(
        node.name === 'artifacts' ? 'Artifacts' : 'Dataset',
        node.name === 'artifacts' ? 'file-media' : 'database',
        node.path,
      );
    case 'entry':
      return entryItem(node);
    case 'zip':
      return part('Package zip', 'file-zip', node.version);
    case 'log':
      return part('Log', 'output', 'log.txt', {
        command: commands.showLog,
        title: 'Show log',
        arguments: [{ kind: 'run', id: node.id }],
      });
    default: {
      const more = part('Load more', 'ellipsis', '');
      more.command = { command: commands.refresh, title: 'Load more', arguments: ['more'] };
      return more;
    }
  }
}

function part(label: string, iconName: string, text: string, command?: vscode.Command, folds = false): vscode.TreeItem {
  const state = folds ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(label, state);
  item.iconPath = icon(iconName);
  item.description = text;
  if (command !== undefined) item.command = command;
  return item;
}

function folderItem(label: string, iconName: string, path: string): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.iconPath = icon(iconName);
  item.resourceUri = vscode.Uri.file(path);
  item.label = label;
  item.contextValue = items.artifact;
  return item;
}

function entryItem(node: Extract<RunNode, { kind: 'entry' }>): vscode.TreeItem {
  const state = node.isFolder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(node.label, state);
  item.resourceUri = vscode.Uri.file(node.path);
  item.contextValue = items.artifact;
  item.iconPath = node.isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
  if (!node.isFolder) item.command = fileCommand(node.path);
  return item;
}

const fileCommand = (path: string): vscode.Command => ({
  command: 'vscode.open',
  title: 'Open',
  arguments: [vscode.Uri.file(path)],
});
