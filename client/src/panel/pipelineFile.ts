/** Saving, copying, renaming and deleting pipelines, with the secrets that belong to them. */
import * as vscode from 'vscode';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import type { Draft } from '../../../webview/src/protocol';
import type { PageParts } from './pageParts';
import { pipelineOf } from './draftRequest';
import { secretsOf, storeSecret } from '../secrets';

export interface AskedName {
  readonly title: string;
  readonly value: string;
  /** A name that is taken may stand for its own pipeline. */
  readonly own?: string;
}

export class PipelineFile {
  constructor(private readonly parts: PageParts) {}

  async named(name: string): Promise<Pipeline | undefined> {
    return (await this.parts.pipelines.pipelines()).find((one) => one.name === name);
  }

  /** Undefined where the user thinks better of it. */
  async askName({ title, value, own }: AskedName): Promise<string | undefined> {
    const taken = new Set((await this.parts.pipelines.pipelines()).map(({ name }) => name));
    const name = await vscode.window.showInputBox({
      title,
      value,
      prompt: 'Name of the pipeline',
      validateInput: (text) => {
        const wanted = text.trim();
        if (wanted === '') return 'A pipeline needs a name.';
        if (taken.has(wanted) && wanted !== own) return `There is a pipeline ${wanted} already.`;
        return undefined;
      },
    });
    return name?.trim();
  }

  /** Saves under `name`; secrets that are kept for the draft so far are kept for that name too. */
  async save(draft: Draft, name: string): Promise<Pipeline> {
    const pipeline = pipelineOf(draft, name);
    const before = await this.named(name);
    await this.parts.pipelines.save(pipeline);
    const { secrets = [] } = pipeline;
    if (draft.name !== name) await this.copySecrets(draft.name, name, secrets);
    for (const row of draft.parameters) if (row.secret && row.value !== '') await this.keep(name, row.name, row.value);
    const dropped = (before?.secrets ?? []).filter((one) => !secrets.includes(one));
    for (const one of dropped) await this.keep(name, one, undefined);
    return pipeline;
  }

  async rename(draft: Draft, name: string): Promise<void> {
    const pipeline = await this.named(draft.name);
    if (pipeline === undefined) return;
    await this.parts.pipelines.save({ ...pipeline, name }, draft.name);
    const { secrets = [] } = pipeline;
    await this.copySecrets(draft.name, name, secrets);
    for (const one of secrets) await this.keep(draft.name, one, undefined);
  }

  async remove(name: string): Promise<void> {
    const pipeline = await this.named(name);
    await this.parts.pipelines.remove(name);
    for (const one of pipeline?.secrets ?? []) await this.keep(name, one, undefined);
  }

  /** Opens the file at the pipeline's name. */
  async show(name: string): Promise<void> {
    const { uri } = this.parts.pipelines;
    if (uri === undefined) return;
    const document = await vscode.workspace.openTextDocument(uri);
    const at = document.getText().indexOf(`"name": ${JSON.stringify(name)}`);
    const place = document.positionAt(Math.max(0, at));
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(place, place) });
  }

  /** Names of the draft's secrets that have a value. */
  async stored(draft: Draft): Promise<string[]> {
    const names = draft.parameters.filter((row) => row.secret && row.name !== '').map((row) => row.name);
    return Object.keys(await this.values(draft.name, names));
  }

  values(pipeline: string, names: readonly string[]): Promise<Record<string, string>> {
    return secretsOf(this.parts.secrets, this.parts.workspace ?? '', pipeline, names);
  }

  keep(pipeline: string, name: string, value: string | undefined): Promise<void> {
    return storeSecret(this.parts.secrets, this.parts.workspace ?? '', pipeline, name, value);
  }

  async renameSecret(pipeline: string, from: string, to: string): Promise<void> {
    const { [from]: value } = await this.values(pipeline, [from]);
    if (value === undefined) return;
    await this.keep(pipeline, to, value);
    await this.keep(pipeline, from, undefined);
  }

  private async copySecrets(from: string, to: string, names: readonly string[]): Promise<void> {
    const values = await this.values(from, names);
    for (const [name, value] of Object.entries(values)) await this.keep(to, name, value);
  }
}
