/** Choosing the dataset's folder: by the system's dialog, or among those that were used before. */
import { isAbsolute, relative } from 'node:path';
import * as vscode from 'vscode';
import type { Run } from '../../../runner/src/domain/run';
import type { Pipeline } from '../../../runner/src/domain/pipeline';

export interface DatasetChoiceOptions {
  readonly workspace: string;
  readonly recent: () => readonly string[];
  readonly choose: (dataset: string) => void;
}

export class DatasetChoice {
  private isOpen = false;

  constructor(private readonly options: DatasetChoiceOptions) {}

  /** The page and the keybinding may both ask for it. */
  async browse(): Promise<void> {
    if (this.isOpen) return;
    this.isOpen = true;
    try {
      const picked = await vscode.window.showOpenDialog({
        canSelectFolders: true,
        canSelectFiles: false,
        defaultUri: vscode.Uri.file(this.options.workspace),
        openLabel: 'Use as dataset',
        title: 'Dataset folder',
      });
      const [folder] = picked ?? [];
      if (folder !== undefined) this.options.choose(this.shownPath(folder.fsPath));
    } finally {
      this.isOpen = false;
    }
  }

  async chooseRecent(): Promise<void> {
    const items = this.options.recent().map((label) => ({ label }));
    const browse = { label: '$(folder-opened) Browse…' };
    const picked = await vscode.window.showQuickPick([...items, browse], { title: 'Recent dataset folders' });
    if (picked === browse) return this.browse();
    if (picked !== undefined) this.options.choose(picked.label);
  }

  private shownPath(path: string): string {
    const way = relative(this.options.workspace, path);
    return way.startsWith('..') || isAbsolute(way) ? path : way.replaceAll('\\', '/');
  }
}

const mostRecent = 10;

/** Of runs, newest first, then of saved pipelines; without those that are chosen already. */
export function recentDatasets(
  runs: readonly Run[],
  pipelines: readonly Pipeline[],
  chosen: readonly string[],
): string[] {
  const all = [...runs.map((run) => run.dataset.path), ...pipelines.map(({ dataset = '' }) => dataset)];
  return [...new Set(all)].filter((path) => path !== '' && !chosen.includes(path)).slice(0, mostRecent);
}
