/** The Packages view: package, its working folder and versions, and the files of a version, read from its zip. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes } from '../../../runner/src/domain/format';
import type { Version } from '../../../runner/src/domain/version';
import { versionId } from '../../../runner/src/domain/version';
import { commands, items, versionScheme } from '../ids';
import type { WorkspaceModel } from '../workspaceModel';
import { shortDay } from './words';
import type { WorkingFolders } from './workingFolders';

export type PackageNode =
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'workingFolder'; readonly name: string; readonly folder: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'moreVersions'; readonly name: string; readonly left: number }
  | { readonly kind: 'file'; readonly uri: vscode.Uri; readonly isFolder: boolean };

export const versionUri = (name: string, version: string, path = ''): vscode.Uri =>
  vscode.Uri.from({ scheme: versionScheme, path: `/${name}/${version}${path === '' ? '' : `/${path}`}` });

/** An empty file in place of one that a version does not have. */
export const absentUri = (path: string): vscode.Uri =>
  vscode.Uri.from({ scheme: versionScheme, path: `/-/-/${path}`, query: 'absent' });

const pageSize = 50;

export class PackagesTree implements vscode.TreeDataProvider<PackageNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<PackageNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];
  private readonly nodes = new Map<string, PackageNode>();
  private readonly shown = new Map<string, number>();

  constructor(
    private readonly model: WorkspaceModel,
    private readonly working: WorkingFolders,
    private readonly workspace: string,
  ) {
    this.subscriptions = [
      model.onPackages(() => this.changed.fire(undefined)),
      working.onChange((name) => this.changed.fire(this.nodes.get(`workingFolder:${name}`))),
      working,
    ];
  }

  getTreeItem(node: PackageNode): vscode.TreeItem {
    switch (node.kind) {
      case 'package':
        return this.packageItem(node.name);
      case 'workingFolder':
        return this.workingFolderItem(node.name, node.folder);
      case 'version':
        return this.versionItem(node.name, node.version);
      case 'moreVersions':
        return moreVersionsItem(node);
      default:
        return fileItem(node);
    }
  }

  async getChildren(node?: PackageNode): Promise<PackageNode[]> {
    if (node === undefined) return this.model.packages.map(({ name }) => this.kept({ kind: 'package', name }));
    switch (node.kind) {
      case 'package':
        return this.packageChildren(node.name);
      case 'version':
        return files(versionUri(node.name, node.version));
      case 'file':
        return node.isFolder ? files(node.uri) : [];
      default:
        return [];
    }
  }

  getParent(node: PackageNode): PackageNode | undefined {
    return node.kind === 'version' || node.kind === 'workingFolder'
      ? this.kept({ kind: 'package', name: node.name })
      : undefined;
  }

  /** The node of a version, so that the view can reveal it; as many are shown as that takes. */
  async versionNode(name: string, version: string): Promise<PackageNode | undefined> {
    const versions = this.model.packages.find((one) => one.name === name)?.versions ?? [];
    const index = versions.indexOf(version);
    if (index === -1) return undefined;
    if (index >= this.shownOf(name)) await this.more(name, index + 1);
    return this.kept({ kind: 'version', name, version });
  }

  async more(name: string, count = this.shownOf(name) + pageSize): Promise<void> {
    this.shown.set(name, count);
    this.changed.fire(this.nodes.get(`package:${name}`));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.changed.dispose();
  }

  private shownOf(name: string): number {
    return this.shown.get(name) ?? pageSize;
  }

  /** The same object for the same thing, so that the view keeps what is unfolded and can redraw one row. */
  private kept(node: Exclude<PackageNode, { kind: 'file' }>): PackageNode {
    const key = node.kind === 'version' ? `version:${versionId(node.name, node.version)}` : `${node.kind}:${node.name}`;
    const known = this.nodes.get(key);
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(node)) return known;
    this.nodes.set(key, node);
    return node;
  }

  private async packageChildren(name: string): Promise<PackageNode[]> {
    const found = this.model.packages.find((one) => one.name === name);
    if (found === undefined) return [];
    const { folder, versions } = found;
    const shown = versions.slice(0, this.shownOf(name));
    await this.model.loadVersions(shown.map((version) => versionId(name, version))).catch(() => undefined);
    const left = versions.length - shown.length;
    return [
      ...(folder === null ? [] : [this.kept({ kind: 'workingFolder', name, folder })]),
      ...shown.map((version) => this.kept({ kind: 'version', name, version })),
      ...(left === 0 ? [] : [this.kept({ kind: 'moreVersions', name, left })]),
    ];
  }

  private packageItem(name: string): vscode.TreeItem {
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
    const { folder = null, versions = [] } = this.model.packages.find((one) => one.name === name) ?? {};
    const [newest] = versions;
    item.id = `package:${name}`;
    item.iconPath = new vscode.ThemeIcon('package');
    item.description = newest ?? 'not published yet';
    item.contextValue = folder === null ? items.importedPackage : items.package;
    item.tooltip = `${name}: ${folder ?? 'no working folder here'}`;
    const words = newest === undefined ? 'not published yet' : `newest version ${newest}`;
    item.accessibilityInformation = { label: `ML package ${name}, ${words}` };
    return item;
  }

  private workingFolderItem(name: string, folder: string): vscode.TreeItem {
    const item = new vscode.TreeItem('Working folder');
    const words = this.working.words(name);
    item.id = `workingFolder:${name}`;
    item.iconPath = new vscode.ThemeIcon('edit');
    item.description = words;
    item.contextValue = items.workingFolder;
    const changes = this.working.of(name)?.changes ?? [];
    const listed = changes.slice(0, 10).map(({ letter, path }) => `${letter} ${path}`);
    const more = changes.length > listed.length ? [`and ${changes.length - listed.length} more`] : [];
    item.tooltip = [`${folder}${words === '' ? '' : `, ${words}`}`, ...listed, ...more].join('\n');
    item.accessibilityInformation = { label: `Working folder of ${name}, ${words}` };
    const train = vscode.Uri.file(join(this.workspace, folder, 'train.py'));
    item.command = { command: 'vscode.open', title: 'Open train.py', arguments: [train] };
    return item;
  }

  private versionItem(name: string, number: string): vscode.TreeItem {
    const version = this.model.version(name, number);
    const item = new vscode.TreeItem(number, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `version:${versionId(name, number)}`;
    const isTrained = version !== undefined && version.run !== '';
    item.iconPath = new vscode.ThemeIcon(
      isTrained ? 'mortar-board' : 'tag',
      isTrained ? new vscode.ThemeColor('charts.green') : undefined,
    );
    item.contextValue = isTrained ? items.trainedVersion : items.version;
    if (version !== undefined) describe(item, version);
    return item;
  }
}

function describe(item: vscode.TreeItem, version: Version): void {
  const how = version.run === '' ? 'published' : 'trained';
  const when = shortDay(new Date(version.createdAt), new Date());
  item.description = `${how} ${when}, ${formatBytes(version.bytes)}`;
  item.accessibilityInformation = { label: `version ${version.version}, ${item.description}` };
  const from = version.from === '' ? '' : ` from ${version.from}`;
  const run = version.run === '' ? '' : `\nby run ${version.run}`;
  item.tooltip = `${version.package} ${version.version}, ${how}${from} ${new Date(version.createdAt).toLocaleString()}${run}\n${version.contentHash}`;
}

function moreVersionsItem(node: Extract<PackageNode, { kind: 'moreVersions' }>): vscode.TreeItem {
  const item = new vscode.TreeItem('Load more');
  item.description = `${node.left} more`;
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.command = { command: commands.loadMore, title: 'Load more', arguments: [node] };
  return item;
}

function fileItem(node: Extract<PackageNode, { kind: 'file' }>): vscode.TreeItem {
  const state = node.isFolder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(node.uri, state);
  item.contextValue = items.file;
  item.iconPath = node.isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
  if (!node.isFolder) item.command = { command: 'vscode.open', title: 'Open', arguments: [node.uri] };
  return item;
}

async function files(folder: vscode.Uri): Promise<PackageNode[]> {
  const found = await vscode.workspace.fs.readDirectory(folder);
  return found
    .map(([name, type]) => ({ name, isFolder: type === vscode.FileType.Directory }))
    .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || a.name.localeCompare(b.name, 'en'))
    .map(({ name, isFolder }) => ({ kind: 'file', uri: vscode.Uri.joinPath(folder, name), isFolder }));
}
