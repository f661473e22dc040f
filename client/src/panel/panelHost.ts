/** The pipeline panel's side in the extension host: answers the page, never touches Docker or files of its own. */
import { isAbsolute, relative } from 'node:path';
import * as vscode from 'vscode';
import { isExpected, messageOf } from '../../../runner/src/domain/errors';
import type { EngineFacts } from '../../../runner/src/domain/engineFacts';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { parameterNameProblem } from '../../../runner/src/domain/parameters';
import { enginesRequest, peekDatasetRequest, planRunRequest, stopRunRequest } from '../../../runner/src/protocol';
import {
  emptyDraft,
  pageMessageSchema,
  type DatasetView,
  type Draft,
  type FieldProblem,
  type HostMessage,
  type PageMessage,
  type PanelState,
  type PlanText,
} from '../../../webview/src/protocol';
import { startRun } from '../commands/runPipeline';
import { commands } from '../ids';
import { secretsOf, storeSecret } from '../secrets';
import { showError } from '../showError';
import { datasetOf, draftOf, pipelineOf, requestOf } from './draftRequest';
import { pageHtml } from './page';
import type { PageParts } from './pageParts';

const viewType = 'trainingPipelines.panel';
const thinkMilliseconds = 250;

export class PanelHost implements vscode.Disposable {
  private current: Panel | undefined;
  private readonly serializer: vscode.Disposable;

  constructor(private readonly parts: PageParts) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (webview: vscode.WebviewPanel, draft: unknown) => {
        this.adopt(new Panel(this.parts, webview, draft as Draft | undefined));
      },
    });
  }

  async open(pipelineName?: string, packageFolder?: string): Promise<void> {
    if (this.current?.isAbout(pipelineName, packageFolder) === true) {
      this.current.reveal();
      return;
    }
    const draft = await this.firstDraft(pipelineName, packageFolder);
    if (this.current !== undefined) {
      this.current.show(draft);
      return;
    }
    const options = { enableScripts: true };
    const webview = vscode.window.createWebviewPanel(viewType, 'Pipeline', vscode.ViewColumn.Active, options);
    this.adopt(new Panel(this.parts, webview, draft));
  }

  /** The pipeline of that name, one of that package, or else an empty form for the package. */
  private async firstDraft(pipelineName?: string, packageFolder?: string): Promise<Draft> {
    const pipelines = await this.parts.pipelines.pipelines();
    const fits = (one: Pipeline): boolean => packageFolder === undefined || one.package === packageFolder;
    const pipeline = pipelines.find((one) => one.name === pipelineName) ?? pipelines.find(fits);
    if (pipeline === undefined) return { ...emptyDraft, package: packageFolder ?? this.firstPackage() };
    const { secrets = [] } = pipeline;
    const stored = await secretsOf(this.parts.secrets, this.parts.workspace ?? '', pipeline.name, secrets);
    return draftOf(pipeline, new Set(Object.keys(stored)));
  }

  private firstPackage(): string {
    const [first] = this.parts.model.packages;
    return first === undefined ? '' : (first.folder ?? first.name);
  }

  isVisible(runId: string): boolean {
    const run = this.parts.model.run(runId);
    return run !== undefined && this.current?.shows(run.package) === true;
  }

  dispose(): void {
    this.serializer.dispose();
    this.current?.dispose();
  }

  private adopt(panel: Panel): void {
    this.current = panel;
    panel.onDispose(() => (this.current = undefined));
  }
}

class Panel implements vscode.Disposable {
  private draft: Draft;
  private saved: boolean;
  private engines: readonly EngineFacts[] | undefined;
  private plan: PlanText | undefined;
  private planProblem: FieldProblem | undefined;
  private planning = false;
  private dataset: DatasetView | undefined;
  private thinking: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly parts: PageParts,
    private readonly panel: vscode.WebviewPanel,
    draft: Draft | undefined,
  ) {
    this.draft = { ...emptyDraft, ...draft };
    this.saved = this.draft.name !== '';
    panel.iconPath = vscode.Uri.joinPath(parts.extensionUri, 'client', 'media', 'mortar-board.svg');
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [
        vscode.Uri.joinPath(parts.extensionUri, 'dist'),
        vscode.Uri.joinPath(parts.extensionUri, 'client', 'media'),
      ],
    };
    this.subscriptions = [
      panel.webview.onDidReceiveMessage((message: unknown) => void this.take(message)),
      parts.model.onRuns(() => this.send()),
      parts.model.onPackages(() => this.think()),
    ];
    panel.onDidDispose(() => this.dispose());
    panel.webview.html = pageHtml(panel.webview, parts.extensionUri, 'Pipeline');
  }

  onDispose(tell: () => void): void {
    this.panel.onDidDispose(tell);
  }

  /** Then what was typed stays. */
  isAbout(pipeline: string | undefined, packageFolder: string | undefined): boolean {
    if (pipeline !== undefined) return this.draft.name === pipeline;
    return this.draft.package !== '' && (packageFolder ?? this.draft.package) === this.draft.package;
  }

  reveal(): void {
    this.panel.reveal();
  }

  show(draft: Draft): void {
    this.reveal();
    this.put(draft, draft.name !== '');
  }

  shows(packageName: string): boolean {
    return this.panel.visible && this.packageName === packageName;
  }

  dispose(): void {
    clearTimeout(this.thinking);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.panel.dispose();
  }

  private get workspace(): string {
    return this.parts.workspace ?? '';
  }

  private get packageName(): string {
    const { packages } = this.parts.model;
    return packages.find((one) => (one.folder ?? one.name) === this.draft.package)?.name ?? this.draft.package;
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
        this.think();
        await this.askEngines();
        return;
      case 'edit':
        this.draft = message.draft;
        this.saved = false;
        this.think();
        return;
      case 'run':
        this.draft = message.draft;
        await this.run();
        return;
      case 'save':
        await this.save(message.draft, message.as);
        return;
      case 'browse':
        await this.browse();
        return;
      default:
        await this.answerCommand(message);
    }
  }

  private async answerCommand(message: PageMessage): Promise<void> {
    switch (message.kind) {
      case 'askEngines':
        return this.askEngines();
      case 'stop':
        await this.parts.runner.request(stopRunRequest, { id: message.id, now: false });
        return;
      case 'openRun':
        await vscode.commands.executeCommand(commands.openRun, message.id);
        return;
      case 'runAgain':
        await vscode.commands.executeCommand(commands.runAgain, message.id);
        return;
      case 'command':
        await vscode.commands.executeCommand(
          message.command === 'importPackage' ? commands.importPackage : commands.newPackage,
        );
        return;
      default:
    }
  }

  private async askEngines(): Promise<void> {
    this.engines = undefined;
    this.send();
    this.engines = await this.parts.runner.request0(enginesRequest);
    this.send();
  }

  private async run(): Promise<void> {
    const name = this.draft.name;
    const stored = await secretsOf(
      this.parts.secrets,
      this.workspace,
      name,
      this.draft.parameters.filter((row) => row.secret).map((row) => row.name),
    );
    const typed = Object.fromEntries(
      this.draft.parameters.filter((row) => row.secret && row.value !== '').map((row) => [row.name, row.value]),
    );
    const request = requestOf(this.draft, { ...stored, ...typed }, this.workspace);
    const pipelines = await this.parts.pipelines.pipelines();
    const isKnown = pipelines.some((one) => one.name === name);
    await startRun(this.parts, isKnown && this.saved ? { ...request, pipeline: name } : request);
  }

  private async save(draft: Draft, as: boolean): Promise<void> {
    const asked = draft.name === '' || as;
    const name = asked
      ? await vscode.window.showInputBox({
          title: 'Save pipeline',
          value: draft.name || this.packageName,
          prompt: 'Name of the pipeline',
        })
      : draft.name;
    if (name === undefined || name.trim() === '') return;
    await this.parts.pipelines.save(pipelineOf(draft, name));
    for (const row of draft.parameters) {
      if (row.secret && row.value !== '')
        await storeSecret(this.parts.secrets, this.workspace, name, row.name, row.value);
    }
    const parameters = draft.parameters.map((row) =>
      row.secret && row.value !== '' ? { ...row, value: '', stored: true } : row,
    );
    this.put({ ...draft, name, parameters }, true);
  }

  private async browse(): Promise<void> {
    const picked = await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: vscode.Uri.file(this.workspace),
      openLabel: 'Use as dataset',
      title: 'Dataset folder',
    });
    const [folder] = picked ?? [];
    if (folder === undefined) return;
    const way = relative(this.workspace, folder.fsPath);
    const dataset = way.startsWith('..') || isAbsolute(way) ? folder.fsPath : way.replaceAll('\\', '/');
    this.put({ ...this.draft, dataset, subFolder: '' }, false);
  }

  /** A draft that comes from here replaces the page's. */
  private put(draft: Draft, saved: boolean): void {
    this.draft = draft;
    this.saved = saved;
    this.post({ kind: 'draft', draft });
    this.think();
  }

  /** Finds out what the form means, a moment after the last key. */
  private think(): void {
    clearTimeout(this.thinking);
    this.planning = true;
    this.thinking = setTimeout(() => void this.lookAt(this.draft), thinkMilliseconds);
    this.send();
  }

  private async lookAt(draft: Draft): Promise<void> {
    const [plan, dataset] = await Promise.allSettled([this.planOf(draft), this.peek(draft)]);
    if (draft !== this.draft) return;
    this.planning = false;
    this.plan = plan.status === 'fulfilled' ? plan.value : undefined;
    this.planProblem = plan.status === 'rejected' ? problemOf(plan.reason) : undefined;
    this.dataset = dataset.status === 'fulfilled' ? dataset.value : undefined;
    this.send();
  }

  private async planOf(draft: Draft): Promise<PlanText | undefined> {
    if (draft.package === '' || draft.dataset === '') return undefined;
    const names = draft.parameters.filter((row) => row.secret).map((row) => [row.name, '***']);
    const plan = await this.parts.runner.request(
      planRunRequest,
      requestOf(draft, Object.fromEntries(names), this.workspace),
    );
    const { changedSince } = plan;
    const changed =
      changedSince === null
        ? 'It was not published yet, so it is published first.'
        : `${changedSince.paths.slice(0, 3).join(', ')} changed since ${changedSince.version}, so the working folder is published first.`;
    const why = plan.publishes
      ? changed
      : draft.from === ''
        ? `Nothing changed since ${plan.from}.`
        : `Training starts from ${plan.from}.`;
    return { from: plan.from, publishes: plan.publishes, makes: plan.makes, engine: plan.engine, why };
  }

  private async peek(draft: Draft): Promise<DatasetView | undefined> {
    if (draft.dataset === '') return undefined;
    return this.parts.runner.request(peekDatasetRequest, { path: datasetOf(draft) });
  }

  private send(): void {
    const runs = this.parts.model.runs.filter((run) => run.package === this.packageName).slice(0, 20);
    const recent = [...new Set(this.parts.model.runs.map((run) => run.dataset.path))].filter((path) => path !== '');
    const state: PanelState = {
      packages: this.parts.model.packages,
      draft: this.draft,
      saved: this.saved,
      engines: this.engines,
      plan: this.plan,
      planning: this.planning,
      problems: this.problems(),
      dataset: this.dataset,
      recentDatasets: recent,
      runs,
    };
    this.panel.title = `Pipeline: ${this.draft.name || this.packageName || 'new'}`;
    this.post({ kind: 'panel', state });
  }

  private problems(): FieldProblem[] {
    const problems: FieldProblem[] = this.planProblem === undefined ? [] : [this.planProblem];
    if (this.draft.dataset === '')
      problems.push({ field: 'dataset', label: 'Dataset folder', message: 'choose the folder that holds the data' });
    this.draft.parameters.forEach((row, i) => {
      const problem = parameterNameProblem(row.name);
      if (problem !== undefined)
        problems.push({ field: `parameter-${i}-name`, label: 'Parameter name', message: problem });
    });
    return problems;
  }

  private post(message: HostMessage): void {
    void this.panel.webview.postMessage(message);
  }
}

/** At which field an error of the plan belongs. */
const fieldsOf: Readonly<Record<string, readonly [string, string]>> = {
  'dataset-missing': ['dataset', 'Dataset folder'],
  'dataset-refused': ['dataset', 'Dataset folder'],
  'package-invalid': ['package', 'ML package'],
  'version-missing': ['from', 'Start from'],
  'parameter-invalid': ['artifactsDirectory', 'Parameters'],
  'engine-unreachable': ['engine', 'Engine'],
  usage: ['', 'The form'],
};

function problemOf(error: unknown): FieldProblem {
  const [field, label] = (isExpected(error) ? fieldsOf[error.code] : undefined) ?? ['', 'The runner'];
  return { field, label, message: messageOf(error) };
}
