/** Run details: one page for each run, live while the run goes on. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { formatCount } from '../../../runner/src/domain/format';
import { runTitle } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import { versionId } from '../../../runner/src/domain/version';
import { getVersionRequest, stopRunRequest, unwatchLogRequest, watchLogRequest } from '../../../runner/src/protocol';
import {
  pageMessageSchema,
  type HostMessage,
  type PageMessage,
  type PictureView,
  type RunPageState,
} from '../../../webview/src/protocol';
import { commands } from '../ids';
import { showError } from '../showError';
import { pageHtml } from './page';
import type { PageParts } from './pageParts';

const viewType = 'trainingPipelines.run';
const rememberedSchema = z.object({ run: z.string().regex(/^[\w-]+$/) });
const pictureNames = /\.(png|jpe?g|gif|svg|webp)$/i;
const mostFiles = 200;

export class RunPages implements vscode.Disposable {
  private readonly pages = new Map<string, RunPage>();
  private readonly serializer: vscode.Disposable;

  constructor(private readonly parts: PageParts) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) => {
        const remembered = rememberedSchema.safeParse(state);
        if (remembered.success) this.adopt(remembered.data.run, panel);
        else panel.dispose();
      },
    });
  }

  async open(id: string): Promise<void> {
    const known = this.pages.get(id);
    if (known !== undefined) {
      known.reveal();
      return;
    }
    const run = this.parts.model.run(id);
    const title = run === undefined ? 'Run' : `Run: ${runTitle(run)}`;
    const options = { enableScripts: true };
    this.adopt(id, vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active, options));
  }

  private adopt(id: string, panel: vscode.WebviewPanel): void {
    this.pages.set(id, new RunPage(this.parts, id, panel, () => this.pages.delete(id)));
  }

  isVisible(id: string): boolean {
    return this.pages.get(id)?.isVisible === true;
  }

  dispose(): void {
    this.serializer.dispose();
    for (const page of this.pages.values()) page.dispose();
  }
}

class RunPage implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];
  private lines = 0;

  constructor(
    private readonly parts: PageParts,
    private readonly id: string,
    private readonly panel: vscode.WebviewPanel,
    onDispose: () => void,
  ) {
    const roots = [
      vscode.Uri.joinPath(parts.extensionUri, 'dist'),
      vscode.Uri.joinPath(parts.extensionUri, 'client', 'media'),
      vscode.Uri.file(join(parts.storeFolder(), 'runs', id)),
    ];
    this.panel.webview.options = { enableScripts: true, localResourceRoots: roots };
    this.panel.iconPath = vscode.Uri.joinPath(parts.extensionUri, 'client', 'media', 'mortar-board.svg');
    this.subscriptions = [
      this.panel.webview.onDidReceiveMessage((message: unknown) => void this.take(message)),
      parts.model.onRuns((changed) => {
        if (changed === undefined || changed.id === id) void this.send();
      }),
      parts.runner.onLog((appended) => {
        if (appended.id !== id) return;
        this.lines = appended.from + appended.lines.length;
        this.post({ kind: 'log', from: appended.from, lines: appended.lines });
      }),
      // A fresh runner knows nothing of what this page follows.
      parts.runner.onState((state) => {
        if (state === 'up') void this.watchLog();
      }),
    ];
    this.panel.onDidDispose(() => {
      this.dispose();
      onDispose();
    });
    this.panel.webview.html = pageHtml(this.panel.webview, parts.extensionUri, 'Run');
  }

  get isVisible(): boolean {
    return this.panel.visible;
  }

  reveal(): void {
    this.panel.reveal();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    void this.parts.runner.request(unwatchLogRequest, { id: this.id }).catch(() => undefined);
    this.panel.dispose();
  }

  private async watchLog(): Promise<void> {
    await this.parts.runner.request(watchLogRequest, { id: this.id, from: this.lines }).catch(() => undefined);
  }

  private async take(message: unknown): Promise<void> {
    const parsed = pageMessageSchema.safeParse(message);
    if (!parsed.success) return;
    try {
      await this.answer(parsed.data);
    } catch (error) {
      await showError(error, this.parts.log);
    }
  }

  private async answer(message: PageMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.lines = 0;
        await this.send();
        return this.watchLog();
      case 'stop':
        await this.parts.runner.request(stopRunRequest, { id: this.id, now: false });
        return;
      case 'runAgain':
        await vscode.commands.executeCommand(commands.runAgain, this.id);
        return;
      case 'showLog':
        await vscode.commands.executeCommand(commands.showLog, this.id);
        return;
      case 'showResults':
        await vscode.commands.executeCommand(commands.showResults, this.id);
        return;
      case 'openFrame':
        return this.openFrame(message.file, message.line);
      case 'openFile':
        return this.openFile(message.path);
      default:
    }
  }

  /** Only files of this run's folder are opened, whatever the page asks. */
  private async openFile(path: string): Promise<void> {
    const run = this.run;
    if (run === undefined) return;
    const found = (await this.artifacts(run)).find((file) => file.path === path);
    if (found !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(found.path));
  }

  private async openFrame(file: string, line: number): Promise<void> {
    const run = this.run;
    const folder = this.parts.model.packages.find((one) => one.name === run?.package)?.folder ?? undefined;
    const isFrame = run?.cause?.traceback.some((frame) => frame.file === file && frame.line === line) === true;
    if (folder === undefined || !isFrame) return;
    const uri = vscode.Uri.file(join(this.parts.workspace ?? '', folder, file));
    const selection = new vscode.Range(line - 1, 0, line - 1, 0);
    await vscode.window.showTextDocument(uri, { selection });
  }

  private get run(): Run | undefined {
    return this.parts.model.run(this.id);
  }

  private async send(): Promise<void> {
    const run = this.run;
    if (run === undefined) return;
    this.panel.title = `Run: ${runTitle(run)}`;
    const files = await this.artifacts(run);
    const pictures: PictureView[] = files
      .filter((file) => pictureNames.test(file.name))
      .map((file) => ({ ...file, source: this.panel.webview.asWebviewUri(vscode.Uri.file(file.path)).toString() }));
    const others = files.filter((file) => !pictureNames.test(file.name));
    const state: RunPageState = { run, pictures, files: others, madeOf: await this.madeOf(run) };
    this.post({ kind: 'runPage', state });
  }

  private async artifacts(run: Run): Promise<{ name: string; path: string; bytes: number }[]> {
    const place = run.results?.run_summary.outputs.artifacts_data ?? '';
    if (place === '') return [];
    const folder = join(this.parts.storeFolder(), 'runs', run.id, place);
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile()).slice(0, mostFiles);
    return Promise.all(
      files.map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { name: path.slice(folder.length + 1), path, bytes: (await stat(path)).size };
      }),
    );
  }

  private async madeOf(run: Run): Promise<RunPageState['madeOf']> {
    if (run.version === '') return [];
    const found = await this.parts.runner
      .request(getVersionRequest, { id: versionId(run.package, run.version) })
      .catch(() => undefined);
    const made = found?.file.madeFrom;
    if (found === undefined || made === null || made === undefined) return [];
    return [
      { label: 'Code', text: `${made.source.version}, tree ${short(made.source.tree)}` },
      {
        label: 'Data',
        text: `${made.dataset.name}: ${formatCount(made.dataset.files)} files, tree ${short(made.dataset.tree)}`,
      },
      {
        label: 'Image',
        text: made.image === null ? 'none: the local Python' : `${made.image.name} ${short(made.image.digest)}`,
      },
      { label: 'Python', text: `${made.python}, ${made.distributions.length} distributions` },
      { label: 'Engine', text: made.engine },
      { label: 'Content', text: short(found.file.sealed.tree) },
      { label: 'Harness', text: made.harness },
    ];
  }

  private post(message: HostMessage): void {
    void this.panel.webview.postMessage(message);
  }
}

const short = (digest: string): string => `${digest.slice(0, 15)}…${digest.slice(-4)}`;
