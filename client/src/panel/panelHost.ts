/** Opens the pipeline panel, brings it back after a reload, and acts on it for the editor's title menu. */
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { emptyDraft, type Draft } from '../../../webview/src/protocol';
import { pages } from '../ids';
import type { DraftKeeper } from './draftKeeper';
import { draftOf } from './draftRequest';
import type { PageParts } from './pageParts';
import { Panel } from './panel';
import { PipelineFile } from './pipelineFile';
import { wakePanel } from './wakePanel';

/** What has not come back by then is opened anew. */
const wakeMilliseconds = 5_000;

/** What the title menu and the palette do with the pipeline of the panel. */
export type PanelAction = 'duplicate' | 'rename' | 'deletePipeline' | 'openJson' | 'runNow' | 'browse';

export class PanelHost implements vscode.Disposable {
  private current: Panel | undefined;
  private onAdopted: () => void = () => undefined;
  private readonly serializer: vscode.Disposable;

  constructor(
    private readonly parts: PageParts,
    private readonly drafts: DraftKeeper,
  ) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(pages.panel, {
      deserializeWebviewPanel: async (webview: vscode.WebviewPanel, state: unknown) => {
        const draft = (await this.drafts.restore(state)) ?? (await this.firstDraft());
        this.adopt(this.panelOf(webview, draft));
      },
    });
  }

  async open(pipelineName?: string, packageFolder?: string): Promise<void> {
    await this.wake();
    if (this.current?.isAbout(pipelineName, packageFolder) === true) {
      this.current.reveal();
      return;
    }
    if (!this.parts.model.isLoaded && this.parts.workspace !== undefined) await this.parts.model.refresh();
    await this.openDraft(await this.firstDraft(pipelineName, packageFolder));
  }

  /** A form that is filled already, as by an earlier run. */
  async openDraft(draft: Draft): Promise<void> {
    await this.wake();
    if (this.current !== undefined) {
      this.current.show(draft);
      return;
    }
    const options = { enableScripts: true };
    const webview = vscode.window.createWebviewPanel(pages.panel, 'Pipeline', vscode.ViewColumn.Active, options);
    this.adopt(this.panelOf(webview, draft));
  }

  /** On the panel that is open; without one, on a pipeline that is chosen first. Says what is missing. */
  async act(action: PanelAction): Promise<void> {
    if (this.current === undefined && !(await this.openChosen())) return;
    const { current } = this;
    if (current === undefined) return;
    await (action === 'runNow' || action === 'browse' ? current[action]() : current.actions[action]());
  }

  isVisible(runId: string): boolean {
    const run = this.parts.model.run(runId);
    return run !== undefined && this.current?.shows(run) === true;
  }

  dispose(): void {
    this.serializer.dispose();
    this.current?.dispose();
  }

  /** Brings back the panel that sleeps since the window was loaded, if there is one. */
  private async wake(): Promise<void> {
    if (this.current !== undefined) return;
    const awake = new Promise<void>((resolve) => (this.onAdopted = resolve));
    if (await wakePanel(pages.panel)) await Promise.race([awake, delay(wakeMilliseconds)]);
  }

  private async openChosen(): Promise<boolean> {
    const pipelines = await this.parts.pipelines.pipelines();
    if (pipelines.length === 0) {
      await vscode.window.showInformationMessage('No pipeline is saved yet. The pipeline panel saves one.');
      return false;
    }
    const items = pipelines.map(({ name, package: folder }) => ({ label: name, description: folder }));
    const picked =
      items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: 'Which pipeline?' });
    if (picked === undefined) return false;
    await this.open(picked.label);
    return true;
  }

  /** The pipeline of that name, one of that package, or else an empty form for the package. */
  private async firstDraft(pipelineName?: string, packageFolder?: string): Promise<Draft> {
    const pipelines = await this.parts.pipelines.pipelines();
    const fits = (one: Pipeline): boolean => packageFolder === undefined || one.package === packageFolder;
    const pipeline = pipelines.find((one) => one.name === pipelineName) ?? pipelines.find(fits);
    if (pipeline === undefined) return { ...emptyDraft, package: packageFolder ?? this.firstPackage() };
    const stored = await new PipelineFile(this.parts).values(pipeline.name, pipeline.secrets ?? []);
    return draftOf(pipeline, new Set(Object.keys(stored)));
  }

  private firstPackage(): string {
    const [first] = this.parts.model.packages;
    return first === undefined ? '' : (first.folder ?? first.name);
  }

  private panelOf(webview: vscode.WebviewPanel, draft: Draft): Panel {
    return new Panel(this.parts, webview, draft, (now) => this.drafts.keep(now));
  }

  private adopt(panel: Panel): void {
    this.current = panel;
    this.onAdopted();
    panel.onDispose(() => {
      if (this.current === panel) this.current = undefined;
    });
  }
}
