/** The Packages view: package, its working folder and versions, and the files of a version, read from its zip. */
import * as vscode from 'vscode';
import { formatBytes, formatWhen } from '../../../runner/src/domain/format';
import type { Version } from '../../../runner/src/domain/version';
import { versionId } from '../../../runner/src/domain/version';
import { items, versionScheme } from '../ids';
import type { WorkspaceModel } from '../workspaceModel';

export type PackageNode =
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'workingFolder'; readonly name: string; readonly folder: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'file'; readonly uri: vscode.Uri; readonly isFolder: boolean };

export const versionUri = (name: string, version: string, path = ''): vscode.Uri =>
  vscode.Uri.from({ scheme: versionScheme, path: `/${name}/${version}${path === '' ? '' : `/${path}`}` });

export class PackagesTree implements vscode.TreeDataProvider<PackageNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<PackageNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly subscription: vscode.Disposable;

  constructor(private readonly model: WorkspaceModel) {
    this.subscription = model.onPackages(() => this.changed.fire(undefined));
  }

  getTreeItem(node: PackageNode): vscode.TreeItem {
    switch (node.kind) {
      case 'package':
        return this.packageItem(node.name);
      case 'workingFolder':
        return workingFolderItem(node.folder);
      case 'version':
        return this.versionItem(node.name, node.version);
      default:
        return fileItem(node);
    }
  }

  async getChildren(node?: PackageNode): Promise<PackageNode[]> {
    if (node === undefined) return this.model.packages.map(({ name }) => ({ kind: 'package', name }));
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

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  private packageChildren(name: string): PackageNode[] {
    const folder = this.model.packages.find((one) => one.name === name)?.folder ?? null;
    const versions = this.model.versionsOf(name);
    const working: PackageNode[] = folder === null ? [] : [{ kind: 'workingFolder', name, folder }];
    return [...working, ...versions.map(({ version }): PackageNode => ({ kind: 'version', name, version }))];
  }

  private packageItem(name: string): vscode.TreeItem {
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
    item.id = `package:${name}`;
    item.iconPath = new vscode.ThemeIcon('package');
    item.description = this.model.packages.find((one) => one.name === name)?.versions[0] ?? 'not published yet';
    item.contextValue = items.package;
    return item;
  }

  private versionItem(name: string, number: string): vscode.TreeItem {
    const version = this.model.version(name, number);
    const item = new vscode.TreeItem(number, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = `version:${versionId(name, number)}`;
    item.iconPath = new vscode.ThemeIcon(version?.run === '' ? 'tag' : 'mortar-board');
    item.contextValue = items.version;
    if (version !== undefined) describe(item, version);
    return item;
  }
}

function describe(item: vscode.TreeItem, version: Version): void {
  const how = version.run === '' ? 'published' : 'trained';
  const when = formatWhen(new Date(version.createdAt), new Date());
  item.description = `${how} ${when}, ${formatBytes(version.bytes)}`;
  item.accessibilityInformation = { label: `version ${version.version}, ${item.description}` };
  const from = version.from === '' ? '' : ` from ${version.from}`;
  item.tooltip = `${version.package} ${version.version}, ${how}${from}\n${version.contentHash}`;
}

function workingFolderItem(folder: string): vscode.TreeItem {
  const item = new vscode.TreeItem('Working folder');
  item.iconPath = new vscode.ThemeIcon('edit');
  item.description = folder;
  item.contextValue = items.workingFolder;
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
