/** The Runs view: in progress first, then newest first; below a run what came of it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatNumber, formatSeconds } from '../../../runner/src/domain/format';
import { maskedSecret } from '../../../runner/src/domain/results';
import type { Run } from '../../../runner/src/domain/run';
import { versionId } from '../../../runner/src/domain/version';
import type { WorkspaceModel } from '../workspaceModel';
import { groupItem, moreItem, partItem, runItem, runItemText, type RunNode } from './runItems';
import type { RunList } from './runList';

/** A row that is drawn between press and release swallows the click, so elapsed times are brought up to date less often. */
const clockMilliseconds = 5_000;

export class RunsTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly nodes = new Map<string, RunNode & { kind: 'run' }>();
  /** What each row shows, so that only rows that differ are drawn again. */
  private readonly drawn = new Map<string, string>();
  /** "5 files, 93 KB" of runs whose parts were looked at. */
  private readonly artifactWords = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];
  private readonly clock = setInterval(() => this.model.active.forEach((run) => this.redraw(run)), clockMilliseconds);

  constructor(
    private readonly model: WorkspaceModel,
    readonly list: RunList,
    private readonly workspace: string,
  ) {
    this.subscriptions = [
      model.onRuns((run) => (run === undefined ? this.changed.fire(undefined) : this.redraw(run))),
      list.onChange(() => this.changed.fire(undefined)),
      list,
    ];
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    if (node.kind === 'more') return moreItem(node.left);
    if (node.kind === 'group') return groupItem(node.label, node.ids.length, this.groupIcon(node.label));
    const run = this.list.run(node.id);
    if (run === undefined) return new vscode.TreeItem('');
    if (node.kind !== 'run') return partItem(node, this.folder(run), this.artifactWords.get(node.id) ?? '');
    const marks = this.model.marks(run.id);
    const now = new Date();
    this.drawn.set(run.id, runItemText(run, marks, now));
    return runItem(run, marks, now);
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (node === undefined) return this.top();
    switch (node.kind) {
      case 'group':
        return node.ids.map((id) => this.node(id));
      case 'run':
        return this.parts(node.id);
      case 'results':
        return this.fields(node.id);
      case 'field':
        return (node.fields ?? []).map(([label, value]) => ({ kind: 'field', id: node.id, label, value }));
      case 'folder':
        return entries(node.id, node.path);
      case 'entry':
        return node.isFolder ? entries(node.id, node.path) : [];
      default:
        return [];
    }
  }

  /** Only what the view is asked to reveal needs a parent: runs, which have one where they are grouped. */
  getParent(node: RunNode): RunNode | undefined {
    if (node.kind !== 'run' || this.list.grouping === 'none') return undefined;
    return this.groupNodes().find((group) => group.ids.includes(node.id));
  }

  /** The same object for the same run, so that the view keeps what is unfolded. */
  node(id: string): RunNode & { kind: 'run' } {
    const known = this.nodes.get(id) ?? { kind: 'run', id };
    this.nodes.set(id, known);
    return known;
  }

  dispose(): void {
    clearInterval(this.clock);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.changed.dispose();
  }

  private redraw(run: Run): void {
    const known = this.drawn.get(run.id);
    if (known === undefined || known === runItemText(run, this.model.marks(run.id), new Date())) return;
    this.changed.fire(this.node(run.id));
  }

  private groupIcon(label: string): string {
    if (label === 'In progress') return 'sync';
    return { day: 'calendar', pipeline: 'settings', package: 'package', state: 'pulse', none: '' }[this.list.grouping];
  }

  private groupNodes(): (RunNode & { kind: 'group' })[] {
    return this.list.groups.map(({ label, runs }) => ({ kind: 'group', label, ids: runs.map((run) => run.id) }));
  }

  private top(): RunNode[] {
    const { list } = this;
    const nodes: RunNode[] = list.grouping === 'none' ? list.runs.map((run) => this.node(run.id)) : this.groupNodes();
    return list.left > 0 ? [...nodes, { kind: 'more', left: list.left }] : nodes;
  }

  private async parts(id: string): Promise<RunNode[]> {
    const run = this.list.run(id);
    if (run === undefined) return [];
    const folder = this.folder(run);
    const outputs = run.results?.run_summary.outputs;
    const parts: RunNode[] = [];
    if (run.results !== null) parts.push({ kind: 'results', id });
    if (outputs !== undefined && outputs.artifacts_data !== '') {
      const path = join(folder, outputs.artifacts_data);
      this.artifactWords.set(id, await sizeInWords(path));
      parts.push({ kind: 'folder', id, name: 'artifacts', path });
    }
    if (outputs !== undefined && outputs.train_data !== '') {
      parts.push({ kind: 'folder', id, name: 'data_directory', path: join(folder, outputs.train_data) });
    }
    const zip = await this.zipNode(run);
    return [...parts, ...(zip === undefined ? [] : [zip]), { kind: 'log', id }];
  }

  /** Only while the version is there: it can be deleted without its run. */
  private async zipNode(run: Run): Promise<RunNode | undefined> {
    if (run.version === '' || run.results === null) return undefined;
    await this.model.loadVersions([versionId(run.package, run.version)]).catch(() => undefined);
    const version = this.model.version(run.package, run.version);
    if (version === undefined) return undefined;
    const text = `${run.package} ${run.version}, ${formatBytes(version.bytes)}`;
    return { kind: 'zip', id: run.id, name: run.package, version: run.version, text };
  }

  private fields(id: string): RunNode[] {
    const results = this.list.run(id)?.results;
    if (results === null || results === undefined) return [];
    const { inputs, env, pipeline } = results.parameters;
    const { outputs, execution_time: seconds, start_at: start, end_at: end } = results.run_summary;
    const field = (label: string, value: string): RunNode => ({ kind: 'field', id, label, value });
    const place = (value: string): string => (value === '' ? 'not kept' : value);
    const secrets = Object.values(env).filter((value) => value === maskedSecret).length;
    const secretWords = secrets === 0 ? '' : `, ${formatNumber(secrets, 'secret')}`;
    return [
      field('version', outputs.version === '' ? 'none' : outputs.version),
      field('package', outputs.package),
      field('from version', inputs.version),
      field('pipeline', pipeline),
      field('train_data', inputs.train_data),
      field('kept train_data', place(outputs.train_data)),
      field('artifacts_data', place(outputs.artifacts_data)),
      field('gpu', inputs.gpu),
      field('execution_time', formatSeconds(seconds)),
      field('start_at', new Date(start * 1000).toLocaleString()),
      field('end_at', new Date(end * 1000).toLocaleString()),
      {
        kind: 'field',
        id,
        label: 'env',
        value: `${formatNumber(Object.keys(env).length, 'parameter')}${secretWords}`,
        fields: Object.entries(env),
      },
    ];
  }

  private folder(run: Run): string {
    return join(this.workspace, run.folder);
  }
}

async function entries(id: string, path: string): Promise<RunNode[]> {
  const found = await readdir(path, { withFileTypes: true }).catch(() => []);
  return found
    .map((entry) => ({ label: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || a.label.localeCompare(b.label, 'en'))
    .map(({ label, isFolder }) => ({ kind: 'entry', id, path: join(path, label), isFolder, label }));
}

const mostCounted = 1_000;

/** "5 files, 93 KB" */
async function sizeInWords(folder: string): Promise<string> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = found.filter((entry) => entry.isFile());
  if (files.length > mostCounted) return formatNumber(files.length, 'file');
  const sizes = await Promise.all(
    files.map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return `${formatNumber(files.length, 'file')}, ${formatBytes(sizes.reduce((sum, size) => sum + size, 0))}`;
}
