/** Save, Save as, and what the title menu does with the pipeline of a panel. */
import * as vscode from 'vscode';
import type { Draft } from '../../../webview/src/protocol';
import type { PipelineFile } from './pipelineFile';

export interface PipelineActionsOptions {
  readonly file: PipelineFile;
  readonly draft: () => Draft;
  readonly packageName: () => string;
  /** The pipeline goes by this name now, and is saved. */
  readonly onNamed: (name: string) => Promise<void>;
  readonly close: () => void;
}

export class PipelineActions {
  constructor(private readonly options: PipelineActionsOptions) {}

  async save(as: boolean): Promise<void> {
    const { name } = this.options.draft();
    if (name !== '' && !as) return this.saveUnder(name);
    const value = name === '' ? this.options.packageName() : name;
    await this.saveAsked('Save pipeline', value);
  }

  /** A copy under another name, which the panel then shows. */
  async duplicate(): Promise<void> {
    await this.saveAsked('Duplicate pipeline', `${this.options.draft().name} copy`.trim());
  }

  async rename(): Promise<void> {
    const { name: own } = this.options.draft();
    if (own === '') return this.save(true);
    const name = await this.options.file.askName({ title: 'Rename pipeline', value: own, own });
    if (name === undefined || name === own) return;
    await this.options.file.rename(this.options.draft(), name);
    await this.options.onNamed(name);
  }

  async deletePipeline(): Promise<void> {
    const { name } = this.options.draft();
    if (name === '') {
      await vscode.window.showInformationMessage('This pipeline is not saved, so there is nothing to delete.');
      return;
    }
    const action = 'Delete pipeline';
    const question = `Delete the pipeline ${name}? Its runs and versions stay.`;
    const chosen = await vscode.window.showWarningMessage(question, { modal: true }, action);
    if (chosen !== action) return;
    await this.options.file.remove(name);
    this.options.close();
  }

  async openJson(): Promise<void> {
    if (this.options.draft().name === '') {
      const save = 'Save';
      const text = 'This pipeline is not saved yet. Saved pipelines are kept in .vscode/training-pipelines.json.';
      if ((await vscode.window.showInformationMessage(text, save)) !== save) return;
      await this.save(false);
    }
    const { name } = this.options.draft();
    if (name !== '') await this.options.file.show(name);
  }

  private async saveAsked(title: string, value: string): Promise<void> {
    const name = await this.options.file.askName({ title, value });
    if (name !== undefined) await this.saveUnder(name);
  }

  private async saveUnder(name: string): Promise<void> {
    await this.options.file.save(this.options.draft(), name);
    await this.options.onNamed(name);
  }
}
