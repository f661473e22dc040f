/** The files of versions inside VS Code, read from their zips without unpacking: `training-pipelines:/digits/1.1/train.py`. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openZip, type ZipReader } from '../../runner/src/archive/zipReader';

interface Place {
  readonly name: string;
  readonly version: string;
  /** Inside the package, "" for its root. */
  readonly path: string;
}

const cachedZips = 8;
const readonly = vscode.FilePermission.Readonly;

/** An empty file, shown beside one that only the other side has. */
const isAbsent = (uri: vscode.Uri): boolean => uri.query === 'absent';

export class VersionFileSystem implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private readonly zips = new Map<string, Promise<ZipReader>>();

  constructor(private readonly storeFolder: () => string) {}

  watch(): vscode.Disposable {
    // A version never changes.
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (isAbsent(uri)) return { type: vscode.FileType.File, size: 0, ctime: 0, mtime: 0, permissions: readonly };
    const place = placeOf(uri);
    const { entries } = await this.zip(place, uri);
    const file = entries.find((entry) => entry.path === place.path && entry.mode !== 'dir');
    if (file !== undefined)
      return {
        type: vscode.FileType.File,
        size: file.bytes,
        ctime: 0,
        mtime: 0,
        permissions: readonly,
      };
    const isFolder =
      place.path === '' ||
      entries.some((entry) => entry.path === place.path || entry.path.startsWith(`${place.path}/`));
    if (!isFolder) throw vscode.FileSystemError.FileNotFound(uri);
    return {
      type: vscode.FileType.Directory,
      size: 0,
      ctime: 0,
      mtime: 0,
      permissions: readonly,
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const place = placeOf(uri);
    const { entries } = await this.zip(place, uri);
    const prefix = place.path === '' ? '' : `${place.path}/`;
    const found = new Map<string, vscode.FileType>();
    for (const entry of entries) {
      if (!entry.path.startsWith(prefix)) continue;
      const [name = '', ...below] = entry.path.slice(prefix.length).split('/');
      const isFolder = below.length > 0 || entry.mode === 'dir';
      if (name !== '') found.set(name, isFolder ? vscode.FileType.Directory : vscode.FileType.File);
    }
    return [...found];
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    if (isAbsent(uri)) return new Uint8Array();
    const place = placeOf(uri);
    const zip = await this.zip(place, uri);
    if (!zip.entries.some((entry) => entry.path === place.path)) throw vscode.FileSystemError.FileNotFound(uri);
    return zip.readFile(place.path);
  }

  createDirectory = refuse;
  writeFile = refuse;
  delete = refuse;
  rename = refuse;

  dispose(): void {
    this.changed.dispose();
    for (const zip of this.zips.values()) void zip.then((open) => open.close()).catch(() => undefined);
  }

  private async zip(place: Place, uri: vscode.Uri): Promise<ZipReader> {
    const path = join(this.storeFolder(), 'packages', place.name, place.version, `${place.name}.zip`);
    const known = this.zips.get(path);
    if (known !== undefined) return known;
    const opened = openZip(path);
    this.zips.set(path, opened);
    if (this.zips.size > cachedZips) this.forgetOldest();
    try {
      return await opened;
    } catch {
      this.zips.delete(path);
      throw vscode.FileSystemError.FileNotFound(uri);
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.zips;
    if (oldest === undefined) return;
    this.zips.delete(oldest[0]);
    void oldest[1].then((zip) => zip.close()).catch(() => undefined);
  }
}

function refuse(): never {
  throw vscode.FileSystemError.NoPermissions('A version never changes.');
}

function placeOf(uri: vscode.Uri): Place {
  const [, name = '', version = '', ...path] = uri.path.split('/');
  return { name, version, path: path.join('/') };
}
