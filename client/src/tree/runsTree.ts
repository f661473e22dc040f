/** The Runs view: in progress first, then newest first; below a run what came of it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatSeconds } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import type { WorkspaceModel } from '../workspaceModel';
import { partItem, runItem, type RunNode } from './runItems';

const pageSize = 50;

export class RunsTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly nodes = new Map<string, RunNode>();
  private readonly subscription: vscode.Disposable;
  private shown = pageSize;
  /** Elapsed times count on while something runs. */
  private readonly clock = setInterval(() => {
    for (const run of this.model.active) this.changed.fire(this.node(run.id));
  }, 1_000);

  constructor(
    private readonly model: WorkspaceModel,
    private readonly workspace: string,
  ) {
    this.subscription = model.onRuns((run) => this.changed.fire(run === undefined ? undefined : this.node(run.id)));
  }

  more(): void {
    this.shown += pageSize;
    this.changed.fire(undefined);
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    if (node.kind === 'more') return partItem(node, '');
    const run = this.model.run(node.id);
    if (run === undefined) return new vscode.TreeItem('');
    return node.kind === 'run' ? runItem(run, new Date()) : partItem(node, this.folder(run));
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (node === undefined) return this.top();
    switch (node.kind) {
      case 'run':
        return this.parts(node.id);
      case 'results':
        return this.fields(node.id);
      case 'folder':
        return entries(node.id, node.path);
      case 'entry':
        return node.isFolder ? entries(node.id, node.path) : [];
      default:
        return [];
    }
  }

  getParent(node: RunNode): RunNode | undefined {
    return node.kind === 'run' || node.kind === 'more' ? undefined : this.node(node.id);
  }

  /** The same object for the same run, so that the view keeps what is unfolded. */
  node(id: string): RunNode {
    const known = this.nodes.get(id) ?? { kind: 'run', id };
    this.nodes.set(id, known);
    return known;
  }

  dispose(): void {
    clearInterval(this.clock);
    this.subscription.dispose();
    this.changed.dispose();
  }

  private top(): RunNode[] {
    const { runs } = this.model;
    const nodes = runs.slice(0, this.shown).map((run) => this.node(run.id));
    return runs.length > this.shown ? [...nodes, { kind: 'more' }] : nodes;
  }

  private parts(id: string): RunNode[] {
    const run = this.model.run(id);
    if (run === undefined) return [];
    const folder = this.folder(run);
    const outputs = run.results?.run_summary.outputs;
    const parts: RunNode[] = [];
    if (run.results !== null) parts.push({ kind: 'results', id });
    if (outputs !== undefined && outputs.artifacts_data !== '') {
      parts.push({ kind: 'folder', id, name: 'artifacts', path: join(folder, outputs.artifacts_data) });
    }
    if (outputs !== undefined && outputs.train_data !== '') {
      parts.push({ kind: 'folder', id, name: 'data_directory', path: join(folder, outputs.train_data) });
    }
    if (run.version !== '') parts.push({ kind: 'zip', id, version: `${run.package} ${run.version}` });
    return [...parts, { kind: 'log', id }];
  }

  private fields(id: string): RunNode[] {
    const results = this.model.run(id)?.results;
    if (results === null || results === undefined) return [];
    const { inputs, env, pipeline } = results.parameters;
    const { outputs, execution_time: seconds, start_at: start, end_at: end } = results.run_summary;
    const field = (label: string, value: string): RunNode => ({ kind: 'field', id, label, value });
    const place = (value: string): string => (value === '' ? 'not kept' : value);
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
      ...Object.entries(env).map(([name, value]) => field(`env ${name}`, value)),
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
