/** What the buttons and links of a run's page do. Only what belongs to the run is opened, whatever the page asks. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { formatCount } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import { versionFileName, versionId } from '../../../runner/src/domain/version';
import { checkDataRequest, verifyRequest } from '../../../runner/src/protocol';
import type { RunMessage } from '../../../webview/src/protocol';
import { openChange, showVersionChanges, versionSide } from '../commands/compareVersions';
import { commands } from '../ids';
import { isOwnFile } from '../tree/words';
import { versionUri } from '../tree/packagesTree';
import type { PageParts } from './pageParts';
import { artifactsOf, differenceOf, lastSuccess, sourceChanged, versionFile } from './runFacts';

type MadeOfAction = Extract<RunMessage, { kind: 'madeOf' }>['action'];

export class RunActions {
  constructor(private readonly parts: PageParts) {}

  async answer(message: RunMessage, run: Run): Promise<void> {
    switch (message.kind) {
      case 'openFrame':
        return this.openFrame(run, message.file, message.line);
      case 'openFile':
        return this.openFile(run, message.path);
      case 'openChange':
        return this.openChange(run, message.path);
      case 'madeOf':
        return this.madeOf(run, message.action);
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
        return;
      default:
    }
  }

  private async openFile(run: Run, path: string): Promise<void> {
    const found = (await artifactsOf(this.parts, run)).find((file) => file.path === path);
    if (found !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(found.path));
  }

  /** The user's file where it still reads as it ran, else the file of the version. */
  private async openFrame(run: Run, file: string, line: number): Promise<void> {
    if (!isOwnFile(file) || file.split('/').includes('..') || line < 1) return;
    const uri = await this.sourceOf(run, file);
    const selection = new vscode.Range(line - 1, 0, line - 1, 0);
    await vscode.window.showTextDocument(uri, { selection });
  }

  private async sourceOf(run: Run, file: string): Promise<vscode.Uri> {
    const folder = this.parts.model.packages.find((one) => one.name === run.package)?.folder ?? null;
    const kept = versionUri(run.package, run.from, file);
    if (folder === null) return kept;
    const own = vscode.Uri.file(join(this.parts.workspace ?? '', folder, ...file.split('/')));
    if (!(await sourceChanged(this.parts, run, file))) return own;
    const source = await versionFile(this.parts, run.package, run.from);
    return source?.sealed.files.some((one) => one.path === file) === true ? kept : own;
  }

  private async openChange(run: Run, path: string): Promise<void> {
    const success = await lastSuccess(this.parts, run);
    if (success === undefined) return;
    const found = await differenceOf(this.parts, run.package, success.from, run.from);
    const change = found?.changes.find((one) => one.path === path);
    const side = (version: string) => versionSide({ name: run.package, version });
    if (change !== undefined) await openChange(change, side(success.from), side(run.from));
  }

  private async madeOf(run: Run, action: MadeOfAction): Promise<void> {
    const named = { kind: 'version', name: run.package, version: run.version };
    switch (action) {
      case 'files':
        await vscode.commands.executeCommand(commands.goToVersion, named);
        return;
      case 'source':
        return showVersionChanges(
          this.parts,
          { name: run.package, version: run.from },
          { name: run.package, version: run.version },
        );
      case 'data':
        return this.checkData(run);
      case 'verify':
        return this.verify(run);
      case 'record': {
        const place = join(this.parts.storeFolder(), 'packages', run.package, run.version, versionFileName);
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(place));
        return;
      }
      default:
        return this.showPart(run, action);
    }
  }

  private async showPart(run: Run, action: MadeOfAction): Promise<void> {
    const made = (await versionFile(this.parts, run.package, run.version))?.madeFrom;
    if (made === null || made === undefined) return;
    if (action === 'distributions') {
      const document = await vscode.workspace.openTextDocument({
        content: made.distributions.join('\n'),
        language: 'plaintext',
      });
      await vscode.window.showTextDocument(document, { preview: true });
      return;
    }
    const { image, parameters } = made;
    const isImage = action === 'image' && image !== null;
    const text = isImage ? `${image.name}@${image.digest}` : JSON.stringify(parameters, null, 2);
    await vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(action === 'image' ? 'The image is copied' : 'The parameters are copied', 3_000);
  }

  private async verify(run: Run): Promise<void> {
    const id = versionId(run.package, run.version);
    const verified = await this.parts.runner.request(verifyRequest, { id });
    const [first] = verified.problems;
    const shown = `${run.package} ${run.version}`;
    if (first === undefined)
      await vscode.window.showInformationMessage(`${shown} is what was sealed: all digests match.`);
    else await vscode.window.showErrorMessage(`${shown} is not what was sealed: ${first.path} differs.`);
  }

  private async checkData(run: Run): Promise<void> {
    const { path } = run.dataset;
    const found = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: `Reading ${path}` },
      () => this.parts.runner.request(checkDataRequest, { id: run.id }),
    );
    if (found.same) {
      await vscode.window.showInformationMessage(`${path} holds what this run trained on.`);
      return;
    }
    const counts = [
      `${formatCount(found.added)} added`,
      `${formatCount(found.changed)} changed`,
      `${formatCount(found.removed)} removed`,
    ];
    const first = found.changes.slice(0, 3).map((change) => `${change.letter} ${change.path}`);
    await vscode.window.showWarningMessage(
      `${path} is not what this run trained on: ${found.known ? counts.join(', ') : 'its digest differs'}. ${first.join(', ')}`.trim(),
    );
  }
}
