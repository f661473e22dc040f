/** The language server: joins a connection with the checks. */
import { pathToFileURL } from 'node:url';
import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  TextDocumentSyncKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
} from 'vscode-languageserver';
import type { Log } from '../../runner/src/domain/log';
import { ClientSettings } from './clientSettings';
import { DiagnosticsService } from './diagnosticsService';
import { DiskCache } from './diskCache';
import { OpenDocuments, pathOf } from './documents';
import { PackageChecks } from './packageChecks';
import { contextOf, ToldRuns } from './featureContexts';
import { featureCapabilities, listenForFeatures } from './featureHandlers';
import type { FeatureContext } from './features/context';
import { runErrors } from './features/failingFrame';
import { trainFolders } from './files';
import {
  markPackagesMethod,
  markPackagesSchema,
  packagesMethod,
  runsChangedMethod,
  runsChangedSchema,
  type PackagesResult,
} from './protocol';
import { Parser } from './python/parser';
import { ParsedFiles } from './python/parsedFiles';

export interface ServerOptions {
  /** The folder with the `.wasm` files. */
  readonly wasmFolder: string;
  readonly log: Log;
  /** Milliseconds, growing. */
  readonly now: () => number;
  /** The address of a code's page; undefined where there is none. */
  readonly pageOf: (code: string) => string | undefined;
}

const watched = '**/*.{py,txt,json,yaml,yml,toml,csv,npy,npz,pt,pth,pkl,pickle,joblib,onnx,h5,keras,bin,so,pyd}';

export function startServer(connection: Connection, options: ServerOptions): void {
  const server = new LanguageServer(connection, options);
  server.listen();
}

class LanguageServer {
  private readonly documents = new OpenDocuments();
  private readonly disk: DiskCache;
  private readonly settings: ClientSettings;
  private readonly checks: PackageChecks;
  private readonly diagnostics: DiagnosticsService;
  private readonly loading: Promise<Parser>;
  private parsed: ParsedFiles | undefined;
  private workspaces: string[] = [];
  private marked: ReadonlySet<string> = new Set();
  private readonly runs = new ToldRuns();

  constructor(
    private readonly connection: Connection,
    private readonly options: ServerOptions,
  ) {
    this.loading = Parser.load(options.wasmFolder, options.now);
    this.disk = new DiskCache(options.now);
    this.settings = new ClientSettings(connection);
    this.checks = new PackageChecks({
      documents: this.documents,
      disk: this.disk,
      parsed: () => this.parsedFiles(),
      settings: () => this.settings.current,
      workspaces: () => this.workspaces,
      isMarked: (folder) => this.marked.has(folder),
    });
    this.diagnostics = new DiagnosticsService({
      connection,
      documents: this.documents,
      checks: this.checks,
      isExcluded: (path) => this.isExcluded(path),
      extraFindings: (uri) => {
        const context = this.contextOf(uri);
        return context === undefined ? [] : runErrors(context);
      },
      isEnabled: () => this.settings.current.check.enabled,
      ready: async () => void (await this.parser()),
      renew: () => this.renew(),
      log: options.log,
      pageOf: options.pageOf,
    });
  }

  private contextOf(uri: string): FeatureContext | undefined {
    return contextOf(uri, this.documents, this.checks, this.runs);
  }

  listen(): void {
    const { connection } = this;
    listenForFeatures({
      connection,
      ready: async () => void (await this.parser()),
      contextOf: (uri) => this.contextOf(uri),
      nextOf: (folder) => this.runs.nextOf(folder),
      pageOf: this.options.pageOf,
      log: this.options.log,
    });
    connection.onNotification(runsChangedMethod, (params: unknown) => this.takeRuns(params));
    connection.onRequest(packagesMethod, () => this.packages());
    connection.onInitialize((params) => this.initialize(params));
    connection.onInitialized(() => void this.initialized());
    this.followDocuments();
    connection.onDidChangeWatchedFiles(() => this.changedOutside());
    connection.onDidChangeConfiguration((change) => void this.reconfigure(change.settings));
    connection.onNotification(markPackagesMethod, (params: unknown) => this.mark(params));
    this.diagnostics.listen();
    connection.onShutdown(() => this.diagnostics.dispose());
    connection.listen();
  }

  private initialize(params: InitializeParams): InitializeResult {
    const folders = params.workspaceFolders?.map((folder) => folder.uri) ?? (params.rootUri ? [params.rootUri] : []);
    this.workspaces = folders.flatMap((uri) => pathOf(uri) ?? []);
    this.settings.initialize(params);
    this.diagnostics.initialize(params.capabilities);
    return {
      serverInfo: { name: 'training-pipelines' },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        ...this.diagnostics.capabilities(),
        ...featureCapabilities,
      },
    };
  }

  private async initialized(): Promise<void> {
    const { connection, settings } = this;
    if (settings.canRegisterWatchers) {
      const watchers = [{ globPattern: watched }];
      connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(() => undefined);
    }
    if (settings.canRegisterConfiguration) {
      const section = 'trainingPipelines';
      connection.client.register(DidChangeConfigurationNotification.type, { section }).catch(() => undefined);
    }
    if (settings.hasFolders) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map((folder) => pathOf(folder.uri)));
        this.workspaces = [
          ...this.workspaces.filter((one) => !gone.has(one)),
          ...added.flatMap((one) => pathOf(one.uri) ?? []),
        ];
        this.changedOutside();
      });
    }
    if (await settings.fetch()) this.changedOutside();
  }

  private followDocuments(): void {
    const { connection, documents } = this;
    connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
      documents.open(uri, languageId, version, text);
      this.changed(uri);
    });
    connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
      documents.change(textDocument.uri, textDocument.version, contentChanges);
      this.changed(textDocument.uri);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      documents.close(uri);
      this.disk.forget();
      this.checks.forget();
      this.diagnostics.closed(uri);
    });
  }

  private changed(uri: string): void {
    this.checks.forget();
    this.diagnostics.changed(uri);
  }

  /** On the disk, in the settings, in the set of folders. */
  private changedOutside(): void {
    this.disk.forget();
    this.checks.forget();
    this.diagnostics.refresh();
  }

  private async reconfigure(given: unknown): Promise<void> {
    await this.settings.update(given);
    this.changedOutside();
  }

  private mark(params: unknown): void {
    const parsed = markPackagesSchema.safeParse(params);
    if (!parsed.success) return;
    this.marked = new Set(parsed.data.folders.flatMap((uri) => pathOf(uri) ?? []));
    this.changedOutside();
  }

  private takeRuns(params: unknown): void {
    const parsed = runsChangedSchema.safeParse(params);
    if (!parsed.success) return;
    this.runs.take(parsed.data);
    this.diagnostics.refresh();
  }

  private async packages(): Promise<PackagesResult> {
    await this.parser();
    const packages: PackagesResult['packages'] = [];
    for (const workspace of this.workspaces) {
      for (const folder of await trainFolders(workspace)) {
        if (this.settings.isExcluded(workspace, folder)) continue;
        const { facts, report } = this.checks.of(folder);
        if (!report.isPackage) continue;
        const errors = report.findings.filter((finding) => finding.severity === 'error').length;
        packages.push({ folder: pathToFileURL(folder).href, name: facts.name, configured: facts.configured, errors });
      }
    }
    return { packages };
  }

  private isExcluded(path: string): boolean {
    const workspace = this.checks.workspaceOf(path);
    return this.settings.isExcluded(workspace, path);
  }

  private async parser(): Promise<Parser> {
    const parser = await this.loading;
    this.parsed ??= new ParsedFiles(parser);
    return parser;
  }

  private parsedFiles(): ParsedFiles {
    if (this.parsed === undefined) throw new Error('asked for a tree before the parser was there');
    return this.parsed;
  }

  /** After a breakdown of the parser. */
  private async renew(): Promise<void> {
    const parser = await this.loading;
    await parser.renew();
    this.parsed = new ParsedFiles(parser);
    this.checks.forget();
  }
}
