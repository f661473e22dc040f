/** A look inside a dataset folder for the panel: counted for a moment, and on where that was not enough. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ExpectedError } from '../domain/errors';
import type { DatasetPeek } from '../protocol';
import { shownPath } from '../run/paths';
import { smallPictures } from './smallPictures';

const shownEntries = 50;
const shownFolders = 200;
const tellMilliseconds = 500;

interface Count {
  files: number;
  folders: number;
  bytes: number;
}

export interface PeekOptions {
  /** After this the answer is what was counted so far. */
  readonly budgetMilliseconds?: number;
  /** Told while the counting goes on after the answer; without it, counting ends with the budget. */
  readonly onCounted?: (peek: DatasetPeek) => void;
  readonly signal?: AbortSignal;
}

/** Links are not followed. */
export async function peekDataset(workspace: string, path: string, options: PeekOptions = {}): Promise<DatasetPeek> {
  const folder = resolve(workspace, path);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new ExpectedError(
      'dataset-missing',
      `${path} ${found === undefined ? "doesn't exist" : 'is no folder'}.`,
      'Choose the folder that holds the data.',
    );
  }
  const { budgetMilliseconds = 1_500, onCounted, signal } = options;
  const names = await readdir(folder, { withFileTypes: true });
  const top = names.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  const counting = new Counting(folder, top);
  const subFolders = top.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const head = {
    path: shownPath(workspace, folder),
    subFolders: subFolders.slice(0, shownFolders),
    pictures: await smallPictures(folder, top),
  };
  const shown = (): DatasetPeek => ({ ...head, ...counting.state() });
  await counting.go(performance.now() + budgetMilliseconds, signal);
  if (counting.partial && onCounted !== undefined) void goOn(counting, () => onCounted(shown()), signal);
  return shown();
}

async function goOn(counting: Counting, tell: () => void, signal: AbortSignal | undefined): Promise<void> {
  const isOver = (): boolean => signal?.aborted === true;
  while (counting.partial && !isOver()) {
    await counting.go(performance.now() + tellMilliseconds, signal);
    if (!isOver()) tell();
  }
}

/** Folders first. */
const rank = (entry: Dirent): number => (entry.isDirectory() ? 0 : 1);

/** A count that can be interrupted and taken up again. */
class Counting {
  private readonly total: Count = { files: 0, folders: 0, bytes: 0 };
  private readonly entries: { name: string; kind: 'file' | 'folder'; files: number; bytes: number }[] = [];
  private readonly waiting: Dirent[];
  /** Folders below the current entry that are still to be read. */
  private open: string[] = [];

  constructor(
    private readonly folder: string,
    top: readonly Dirent[],
  ) {
    this.waiting = top.toReversed();
  }

  get partial(): boolean {
    return this.waiting.length > 0 || this.open.length > 0;
  }

  state() {
    return { ...this.total, partial: this.partial, entries: this.entries.slice(0, shownEntries) };
  }

  async go(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const isOver = (): boolean => signal?.aborted === true || performance.now() >= deadline;
    while (this.partial && !isOver()) {
      const next = this.open.pop();
      if (next === undefined) await this.enter(this.waiting.pop());
      else await this.read(next);
    }
  }

  private async enter(entry: Dirent | undefined): Promise<void> {
    if (entry === undefined) return;
    const path = join(this.folder, entry.name);
    const isFolder = entry.isDirectory();
    this.entries.push({ name: entry.name, kind: isFolder ? 'folder' : 'file', files: 0, bytes: 0 });
    if (isFolder) {
      this.total.folders += 1;
      this.open = [path];
    } else await this.addFile(path);
  }

  private async read(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        this.total.folders += 1;
        this.open.push(path);
      } else if (entry.isFile()) await this.addFile(path);
    }
  }

  private async addFile(path: string): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    const entry = this.entries.at(-1);
    if (found?.isFile() !== true || entry === undefined) return;
    this.total.files += 1;
    this.total.bytes += found.size;
    entry.files += 1;
    entry.bytes += found.size;
  }
}
