/** A and M on the files of a trained version: what training added and changed. */
import * as vscode from 'vscode';
import { versionId } from '../../../runner/src/domain/version';
import { compareVersionsRequest, type Letter } from '../../../runner/src/protocol';
import { versionScheme } from '../ids';
import type { RunnerClient } from '../runnerClient';
import type { WorkspaceModel } from '../workspaceModel';

const colours: Readonly<Record<Letter, string>> = {
  A: 'gitDecoration.addedResourceForeground',
  M: 'gitDecoration.modifiedResourceForeground',
  D: 'gitDecoration.deletedResourceForeground',
};

export class TrainedMarks implements vscode.FileDecorationProvider {
  private readonly known = new Map<string, Promise<ReadonlyMap<string, Letter>>>();

  constructor(
    private readonly model: WorkspaceModel,
    private readonly runner: RunnerClient,
  ) {}

  async provideFileDecoration(uri: vscode.Uri): Promise<vscode.FileDecoration | undefined> {
    if (uri.scheme !== versionScheme) return undefined;
    const [, name = '', version = '', ...path] = uri.path.split('/');
    if (path.length === 0) return undefined;
    const letter = (await this.letters(name, version)).get(path.join('/'));
    if (letter === undefined) return undefined;
    const words = letter === 'A' ? 'Added by training' : 'Changed by training';
    return new vscode.FileDecoration(letter, words, new vscode.ThemeColor(colours[letter]));
  }

  /** A version never changes, so it is asked once. */
  private letters(name: string, version: string): Promise<ReadonlyMap<string, Letter>> {
    const id = versionId(name, version);
    const known = this.known.get(id) ?? this.ask(name, version).catch(() => this.forget(id));
    this.known.set(id, known);
    return known;
  }

  private forget(id: string): ReadonlyMap<string, Letter> {
    this.known.delete(id);
    return new Map();
  }

  private async ask(name: string, version: string): Promise<ReadonlyMap<string, Letter>> {
    await this.model.loadVersions([versionId(name, version)]);
    const from = this.model.version(name, version)?.from ?? '';
    if (from === '') return new Map();
    const ids = { left: versionId(name, from), right: versionId(name, version) };
    const { changes } = await this.runner.request(compareVersionsRequest, ids);
    return new Map(changes.map((change) => [change.path, change.letter]));
  }
}
