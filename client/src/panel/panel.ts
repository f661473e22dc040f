/** One pipeline panel: the page, the draft that it edits, and what is known about it. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { stopRunRequest } from '../../../runner/src/protocol';
import {
  pageMessageSchema,
  type Draft,
  type HostMessage,
  type PageMessage,
  type PanelSituation,
  type PanelState,
} from '../../../webview/src/protocol';
import { startRun } from '../commands/runPipeline';
import { commands } from '../ids';
import { DatasetChoice, recentDatasets } from './datasetChoice';
import { datasetOf, isSameAs, requestOf } from './draftRequest';
import { openRunFrame } from './openRunFrame';
import { packageChoices } from './packageChoices';
import { PageChannel } from './pageChannel';
import type { PageParts } from './pageParts';
import { panelCommand } from './panelCommands';
import { PanelFacts } from './panelFacts';
import { PanelRuns } from './panelRuns';
import { PipelineActions } from './pipelineActions';
import { PipelineFile } from './pipelineFile';
import { RunGate } from './runGate';
import { showDatasetChanges, showPackageChanges } from './showDifferences';

/** How many runs of the pipeline the page gets: enough for the usual duration. */
const shownRuns = 30;

export class Panel implements vscode.Disposable {
  private draft: Draft;
  /** Undefined until they were read for the first time. */
  private pipelines: readonly Pipeline[] | undefined;
  private starting = false;
  private runnerState: NonNullable<PanelState['runner']> = 'up';
  private pending: NodeJS.Timeout | undefined;
  private readonly channel: PageChannel<PageMessage, HostMessage>;
  private readonly facts: PanelFacts;
  private readonly live: PanelRuns;
  private readonly file: PipelineFile;
  private readonly choice: DatasetChoice;
  readonly actions: PipelineActions;
  private readonly gate = new RunGate<string>(() => performance.now());
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly parts: PageParts,
    private readonly panel: vscode.WebviewPanel,
    draft: Draft,
    private readonly keep: (draft: Draft) => Promise<void>,
  ) {
    this.draft = draft;
    void keep(draft);
    this.file = new PipelineFile(parts);
    const { runner, storeFolder } = parts;
    const common = { runner, isVisible: () => panel.visible, onChange: () => this.sendSoon() };
    this.facts = new PanelFacts({
      ...common,
      workspace: this.workspace,
      isTrusted: () => vscode.workspace.isTrusted && this.situation !== 'no-folder' && this.situation !== 'virtual',
    });
    this.live = new PanelRuns({ ...common, storeFolder, runs: () => this.runs });
    this.choice = new DatasetChoice({
      workspace: this.workspace,
      recent: () => this.recentDatasets,
      choose: (dataset) => this.patch({ dataset, subFolder: '' }),
    });
    this.actions = new PipelineActions({
      file: this.file,
      draft: () => this.draft,
      packageName: () => this.packageName,
      onNamed: (name) => this.takeName(name),
      close: () => panel.dispose(),
    });
    this.channel = new PageChannel(panel, {
      title: 'Pipeline',
      extensionUri: parts.extensionUri,
      log: parts.log,
      incoming: pageMessageSchema,
      answer: (message) => this.answer(message),
    });
    this.subscriptions = [this.channel, this.facts, this.live, ...this.watch()];
    panel.onDidDispose(() => this.dispose());
  }

  private watch(): vscode.Disposable[] {
    const { model, runner, pipelines } = this.parts;
    const again = (): void => this.facts.think(this.draft, true);
    const saved =
      pipelines.uri === undefined ? undefined : vscode.workspace.createFileSystemWatcher(pipelines.uri.fsPath);
    const reread = (): void => void this.readPipelines().then(() => this.sendSoon());
    return [
      model.onRuns(() => this.sendSoon()),
      model.onEnded(again),
      model.onPackages(again),
      runner.onState((state) => {
        this.runnerState = state;
        if (state === 'up') again();
        else this.sendSoon();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        again();
        void this.facts.askEngines().catch(() => undefined);
      }),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (document.uri.fsPath.startsWith(join(this.workspace, this.draft.package))) again();
      }),
      this.panel.onDidChangeViewState(() => {
        if (this.panel.visible) again();
      }),
      ...(saved === undefined
        ? []
        : [saved, saved.onDidChange(reread), saved.onDidCreate(reread), saved.onDidDelete(reread)]),
    ];
  }

  onDispose(tell: () => void): void {
    this.panel.onDidDispose(tell);
  }

  /** Then what was typed stays. */
  isAbout(pipeline: string | undefined, packageFolder: string | undefined): boolean {
    if (pipeline !== undefined) return this.draft.name === pipeline;
    return this.draft.package !== '' && (packageFolder ?? this.draft.package) === this.draft.package;
  }

  get current(): Draft {
    return this.draft;
  }

  get isActive(): boolean {
    return this.panel.active;
  }

  reveal(): void {
    this.panel.reveal();
  }

  show(draft: Draft): void {
    this.reveal();
    this.put(draft);
  }

  /** Whether the run's strip is before the user's eyes. */
  shows(run: Run): boolean {
    return this.panel.visible && this.isOwn(run);
  }

  dispose(): void {
    clearTimeout(this.pending);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.panel.dispose();
  }

  private get workspace(): string {
    return this.parts.workspace ?? '';
  }

  private get situation(): PanelSituation {
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (this.parts.workspace === undefined) return folders.length === 0 ? 'no-folder' : 'virtual';
    if (!vscode.workspace.isTrusted) return 'untrusted';
    return this.parts.model.isLoaded ? 'ready' : 'loading';
  }

  private get packageName(): string {
    const { packages } = this.parts.model;
    return packages.find((one) => (one.folder ?? one.name) === this.draft.package)?.name ?? this.draft.package;
  }

  private isOwn(run: Run): boolean {
    const name = this.packageName;
    return run.package === name && run.pipeline === (this.draft.name === '' ? name : this.draft.name);
  }

  private get runs(): readonly Run[] {
    return this.parts.model.runs.filter((run) => this.isOwn(run)).slice(0, shownRuns);
  }

  private async answer(message: PageMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.begin();
      case 'edit':
        this.take(message.draft);
        return;
      case 'run':
        this.take(message.draft);
        return this.run();
      case 'save':
        this.take(message.draft);
        return this.actions.save(message.as);
      case 'browse':
        return this.choice.browse();
      case 'recentDatasets':
        return this.choice.chooseRecent();
      default:
        return this.answerQuestion(message);
    }
  }

  private async answerQuestion(message: PageMessage): Promise<void> {
    switch (message.kind) {
      case 'askEngines':
        this.facts.think(this.draft, true);
        return this.facts.askEngines();
      case 'checkAgain':
        this.facts.think(this.draft, true);
        return this.facts.askEngines();
      case 'showChanges':
        return this.facts.currentPlan && showPackageChanges(this.workspace, this.facts.currentPlan);
      case 'showDifferences':
        return this.facts.changedData === null
          ? undefined
          : showDatasetChanges(this.workspace, datasetOf(this.draft), this.facts.changedData);
      case 'secret':
        return this.keepSecret(message.name, message.value);
      case 'renameSecret':
        await this.file.renameSecret(this.draft.name, message.from, message.to);
        return this.tellStored();
      default:
        return this.answerCommand(message);
    }
  }

  private async answerCommand(message: PageMessage): Promise<void> {
    switch (message.kind) {
      case 'stop':
        await this.parts.runner.request(stopRunRequest, { id: message.id, now: false });
        return;
      case 'openRun':
        await vscode.commands.executeCommand(commands.openRun, message.id);
        return;
      case 'runAgain':
        await vscode.commands.executeCommand(commands.runAgain, message.id);
        return;
      case 'showRunResults':
        await vscode.commands.executeCommand(commands.showResults, message.id);
        return;
      case 'compareRuns':
        await vscode.commands.executeCommand('trainingPipelines.compareRuns', message.other, message.id);
        return;
      case 'openRunFrame':
        return openRunFrame(this.parts, message.id, message.file, message.line);
      case 'command':
        if (message.command === 'openJson') return this.file.show(this.draft.name);
        return panelCommand(message.command);
      default:
    }
  }

  private async begin(): Promise<void> {
    await this.readPipelines();
    this.facts.think(this.draft, true);
    await this.tellStored();
    await this.facts.askEngines();
  }

  async readPipelines(): Promise<void> {
    this.pipelines = await this.parts.pipelines.pipelines();
  }

  /** A secret that the page has forgotten by being hidden is still known here until it is kept. */
  private take(draft: Draft): void {
    const typed = new Map(this.draft.parameters.map((row) => [row.name, row]));
    const parameters = draft.parameters.map((row) => {
      const before = typed.get(row.name);
      const isForgotten = row.secret && row.value === '' && !row.stored && before?.secret === true;
      return isForgotten ? { ...row, value: before.value } : row;
    });
    this.draft = { ...draft, parameters };
    void this.keep(this.draft);
    this.facts.think(this.draft);
  }

  private async run(): Promise<void> {
    if (this.situation === 'untrusted') return;
    await this.gate.start(async () => {
      this.starting = true;
      this.sendSoon();
      try {
        return await this.launch();
      } finally {
        this.starting = false;
        this.sendSoon();
      }
    });
  }

  /** Run uses what is on the screen, saved or not. */
  private async launch(): Promise<string> {
    const rows = this.draft.parameters.filter((row) => row.secret);
    const kept = await this.file.values(
      this.draft.name,
      rows.map((row) => row.name),
    );
    const typed = Object.fromEntries(rows.filter((row) => row.value !== '').map((row) => [row.name, row.value]));
    return startRun(this.parts, requestOf(this.draft, { ...kept, ...typed }, this.workspace));
  }

  runNow(): Promise<void> {
    return this.run();
  }

  browse(): Promise<void> {
    return this.choice.browse();
  }

  private get recentDatasets(): string[] {
    const chosen = [this.draft.dataset, datasetOf(this.draft)];
    return recentDatasets(this.parts.model.runs, this.pipelines ?? [], chosen);
  }

  /** Another name in the file; what is typed meanwhile stays. */
  private async takeName(name: string): Promise<void> {
    this.patch({ name });
    await this.readPipelines();
    await this.tellStored();
  }

  private async keepSecret(name: string, value: string): Promise<void> {
    await this.file.keep(this.draft.name, name, value);
    const parameters = this.draft.parameters.map((row) =>
      row.secret && row.name === name ? { ...row, value: '', stored: true } : row,
    );
    this.draft = { ...this.draft, parameters };
    await this.tellStored();
  }

  private async tellStored(): Promise<void> {
    const names = await this.file.stored(this.draft);
    const parameters = this.draft.parameters.map((row) =>
      row.secret ? { ...row, stored: names.includes(row.name) } : row,
    );
    this.draft = { ...this.draft, parameters };
    this.channel.post({ kind: 'stored', names });
    this.sendSoon();
  }

  /** A draft that comes from here replaces the page's. */
  private put(draft: Draft): void {
    this.draft = draft;
    void this.keep(draft);
    this.channel.post({ kind: 'draft', draft });
    this.facts.think(draft, true);
    void this.readPipelines().then(() => this.tellStored());
  }

  /** Some fields change; what is typed elsewhere meanwhile stays. */
  private patch(part: Partial<Draft>): void {
    this.draft = { ...this.draft, ...part };
    void this.keep(this.draft);
    this.channel.post({ kind: 'patch', part });
    this.facts.think(this.draft);
  }

  /** One message for all that changes within a moment. */
  private sendSoon(): void {
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      this.send();
    }, 30);
  }

  private send(): void {
    const saved = this.isSaved;
    const state: PanelState = {
      situation: this.situation,
      packages: packageChoices(this.parts.model),
      draft: this.draft,
      saved,
      ...this.facts.state,
      recentDatasets: this.recentDatasets,
      runs: this.runs,
      live: this.live.live,
      starting: this.starting && !this.runs.some((run) => !hasEnded(run.state)),
      runner: this.runnerState,
    };
    const title = this.draft.name === '' ? this.packageName || 'new' : this.draft.name;
    this.panel.title = `Pipeline: ${title}${saved ? '' : ' •'}`;
    this.channel.post({ kind: 'panel', state });
  }

  /** As long as the file was not read, a form with a name stands for its pipeline. */
  private get isSaved(): boolean {
    const { name } = this.draft;
    if (this.pipelines === undefined) return name !== '';
    return isSameAs(
      this.draft,
      this.pipelines.find((one) => one.name === name),
    );
  }
}
