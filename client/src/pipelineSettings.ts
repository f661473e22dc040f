/** The pipelines of `.vscode/training-pipelines.json`, read and written with the file's comments kept. */
import { applyEdits, modify, parse } from 'jsonc-parser';
import * as vscode from 'vscode';
import { ExpectedError } from '../../runner/src/domain/errors';
import {
  configurationPath,
  configurationSchema,
  type Configuration,
  type Pipeline,
} from '../../runner/src/domain/pipeline';

const format = { formattingOptions: { insertSpaces: true, tabSize: 2 } } as const;

export class PipelineSettings {
  constructor(private readonly folder: vscode.Uri | undefined) {}

  get uri(): vscode.Uri | undefined {
    return this.folder && vscode.Uri.joinPath(this.folder, ...configurationPath.split('/'));
  }

  async read(): Promise<Configuration> {
    const text = await this.text();
    const parsed = configurationSchema.safeParse(parse(text, [], { allowTrailingComma: true }) ?? {});
    return parsed.success ? parsed.data : {};
  }

  async pipelines(): Promise<readonly Pipeline[]> {
    return (await this.read()).pipelines ?? [];
  }

  /** Adds the pipeline, or replaces the one of the same name. */
  async save(pipeline: Pipeline, replaces = pipeline.name): Promise<void> {
    const known = await this.pipelines();
    const index = known.findIndex((one) => one.name === replaces);
    await this.edit(['pipelines', index === -1 ? known.length : index], pipeline);
  }

  /** Names a folder as a package; what is said of it already stays. */
  async addPackage(folder: string): Promise<void> {
    const known = (await this.read()).packages?.[folder];
    if (known === undefined) await this.edit(['packages', folder], {});
  }

  async remove(name: string): Promise<void> {
    const index = (await this.pipelines()).findIndex((one) => one.name === name);
    if (index !== -1) await this.edit(['pipelines', index], undefined);
  }

  private async edit(path: (string | number)[], value: unknown): Promise<void> {
    const uri = this.uri;
    if (uri === undefined)
      throw new ExpectedError('usage', 'No folder is open, so a pipeline has no place.', 'Open a folder first.');
    const text = await this.text();
    const start = text.trim() === '' ? '{}\n' : text;
    const edited = applyEdits(start, modify(start, path, value, format));
    await vscode.workspace.fs.writeFile(uri, Buffer.from(edited));
  }

  private async text(): Promise<string> {
    if (this.uri === undefined) return '';
    try {
      return Buffer.from(await vscode.workspace.fs.readFile(this.uri)).toString('utf8');
    } catch {
      return '';
    }
  }
}
