/** Run details: one page for each run, live while the run goes on. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { runTitle } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { VersionFile } from '../../../runner/src/domain/version';
import { readUsageRequest, unwatchLogRequest, watchLogRequest } from '../../../runner/src/protocol';
import {
  runMessageSchema,
  type RunHostMessage,
  type RunMessage,
  type RunPageState,
} from '../../../webview/src/protocol';
import { commands } from '../ids';
import { userFrame } from '../tree/words';
import { Folded } from './folded';
import { PageChannel } from './pageChannel';
import type { PageParts } from './pageParts';
import { RunActions } from './runActions';
import * as facts from './runFacts';

const viewType = 'trainingPipelines.run';
const rememberedSchema = z.object({ run: z.string().regex(/^[\w-]+$/) });
const sampleMilliseconds = 1_000;

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
    const run = await this.parts.model.fetchRun(id);
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

  /** The run whose page is in front. */
  get front(): string | undefined {
    return [...this.pages].find(([, page]) => page.isActive)?.[0];
  }

  dispose(): void {
    this.serializer.dispose();
    for (const page of this.pages.values()) page.dispose();
  }
}

class RunPage implements vscode.Disposable {
  private readonly channel: PageChannel<RunMessage, RunHostMessage>;
  private readonly subscriptions: vscode.Disposable[];
  private readonly folded: Folded;
  private readonly actions: RunActions;
  private lines = 0;
  private samples = 0;
  private sampling: NodeJS.Timeout | undefined;
  private run: Run | undefined;
  /** What a run that has ended will not change any more is found out once. */
  private kept: Promise<Partial<RunPageState>> | undefined;

  constructor(
    private readonly parts: PageParts,
    private readonly id: string,
    private readonly panel: vscode.WebviewPanel,
    onDispose: () => void,
  ) {
    this.folded = new Folded(parts.memory);
    this.actions = new RunActions(parts);
    this.channel = new PageChannel(panel, {
      title: 'Run',
      extensionUri: parts.extensionUri,
      log: parts.log,
      roots: [vscode.Uri.file(join(parts.storeFolder(), 'runs', id))],
      incoming: runMessageSchema,
      answer: (message) => this.answer(message),
    });
    this.subscriptions = [
      this.channel,
      parts.model.onRuns((changed) => {
        if (changed === undefined || changed.id === id) void this.send();
      }),
      parts.runner.onLog((appended) => {
        if (appended.id !== id) return;
        this.lines = appended.from + appended.lines.length - appended.pending;
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
  }

  get isVisible(): boolean {
    return this.panel.visible;
  }

  get isActive(): boolean {
    return this.panel.active;
  }

  reveal(): void {
    this.panel.reveal();
  }

  dispose(): void {
    clearTimeout(this.sampling);
    for (const subscription of this.subscriptions) subscription.dispose();
    void this.parts.runner.request(unwatchLogRequest, { id: this.id }).catch(() => undefined);
    this.panel.dispose();
  }

  private async watchLog(): Promise<void> {
    await this.parts.runner.request(watchLogRequest, { id: this.id, from: this.lines }).catch(() => undefined);
  }

  private async answer(message: RunMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.lines = 0;
        this.samples = 0;
        this.wasShown = false;
        await this.send();
        await this.watchLog();
        return this.sample();
      case 'runCommand':
        await vscode.commands.executeCommand(commands[message.command], this.id);
        return;
      case 'fold':
        return this.folded.set(message.section, message.folded);
      default:
        if (this.run !== undefined) await this.actions.answer(message, this.run);
    }
  }

  /** Resource use, as long as the run goes on and once after its end. */
  private async sample(): Promise<void> {
    clearTimeout(this.sampling);
    const wanted = { id: this.id, from: this.samples };
    const usage = this.panel.visible ? await this.parts.runner.request(readUsageRequest, wanted).catch(() => []) : [];
    if (usage.length > 0) this.post({ kind: 'usage', from: wanted.from, usage });
    this.samples = wanted.from + usage.length;
    const isOver = this.run !== undefined && hasEnded(this.run.state);
    if (!isOver) this.sampling = setTimeout(() => void this.sample(), sampleMilliseconds);
  }

  private async send(): Promise<void> {
    const run = await this.parts.model.fetchRun(this.id);
    if (run === undefined) return this.tellDeleted();
    const hadEnded = this.run !== undefined && hasEnded(this.run.state);
    if (!hadEnded && hasEnded(run.state) && this.run !== undefined) void this.sample();
    this.run = run;
    this.panel.title = `Run: ${runTitle(run)}`;
    // What is known at once is shown at once.
    if (!this.wasShown) this.show(run, {});
    this.show(run, await this.rest(run));
  }
  private wasShown = false;

  private show(run: Run, rest: Partial<RunPageState>): void {
    if (run !== this.run) return;
    this.wasShown = true;
    const marks = this.parts.model.marks(run.id);
    this.post({ kind: 'runPage', state: { ...plain(run), ...rest, marks, folded: this.folded.all } });
  }

  private tellDeleted(): void {
    if (this.run !== undefined) this.panel.dispose();
  }

  private rest(run: Run): Promise<Partial<RunPageState>> {
    if (!hasEnded(run.state)) {
      this.kept ??= this.runningFacts(run);
      return this.kept;
    }
    if (this.keptFor !== run.id + run.state) {
      this.keptFor = run.id + run.state;
      this.kept = this.endedFacts(run);
    }
    return this.kept ?? Promise.resolve({});
  }
  private keptFor = '';

  private async runningFacts(run: Run): Promise<Partial<RunPageState>> {
    const success = await facts.lastSuccess(this.parts, run);
    const baseline = await facts.baselineOf(this.parts, success);
    // The source version is known a moment after the start.
    if (run.from === '') this.kept = undefined;
    return { baseline, packageFiles: await this.packageFiles(run) };
  }

  private async endedFacts(run: Run): Promise<Partial<RunPageState>> {
    const { parts } = this;
    const success = await facts.lastSuccess(parts, run);
    const frame = run.cause === null ? undefined : userFrame(run.cause);
    const [artifacts, raw, made, source, baseline, since, isOld] = await Promise.all([
      facts.artifactsOf(parts, run),
      facts.rawResults(parts, run),
      facts.versionFile(parts, run.package, run.version),
      facts.versionFile(parts, run.package, run.from),
      facts.baselineOf(parts, success),
      facts.changedSince(parts, run, success),
      frame === undefined ? false : facts.sourceChanged(parts, run, frame.file),
    ]);
    return {
      ...facts.splitPictures(this.panel.webview, artifacts),
      ...(made === undefined ? {} : await this.madeFacts(run, made)),
      ...sourceFacts(run, source),
      raw,
      baseline,
      changedSince: since,
      sourceChanged: isOld,
    };
  }

  private async madeFacts(run: Run, made: VersionFile): Promise<Partial<RunPageState>> {
    const difference = await facts.differenceOf(this.parts, run.package, run.from, run.version);
    const { cpus = null, memory = null } = made.madeFrom?.resources ?? {};
    return { madeOf: facts.madeOfRows(run, made, difference), limits: { cpus, memory } };
  }

  private async packageFiles(run: Run): Promise<string[]> {
    const file = await facts.versionFile(this.parts, run.package, run.from);
    return file?.sealed.files.map((entry) => entry.path) ?? [];
  }

  private post(message: RunHostMessage): void {
    this.channel.post(message);
  }
}

const plain = (run: Run): Omit<RunPageState, 'marks' | 'folded'> => ({
  run,
  packageFiles: [],
  pictures: [],
  files: [],
  madeOf: [],
  raw: '',
  baseline: null,
  changedSince: null,
  sourceChanged: false,
  published: false,
  limits: { cpus: null, memory: null },
});

/** A version that is as old as the run was published for it. */
function sourceFacts(run: Run, source: VersionFile | undefined): Partial<RunPageState> {
  if (source === undefined) return {};
  const published = Date.parse(source.createdAt) >= Date.parse(run.startedAt) - 1_000;
  return { packageFiles: source.sealed.files.map((file) => file.path), published };
}
