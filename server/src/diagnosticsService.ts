/** Diagnostics for clients: pulled by those that can, pushed to the others. */
import {
  DocumentDiagnosticReportKind,
  MessageType,
  ShowMessageNotification,
  type ClientCapabilities,
  type Connection,
  type Diagnostic,
  type FullDocumentDiagnosticReport,
  type RelatedFullDocumentDiagnosticReport,
  type RelatedUnchangedDocumentDiagnosticReport,
  type ServerCapabilities,
} from 'vscode-languageserver';
import { join } from 'node:path';
import { messageOf } from '../../runner/src/domain/errors';
import type { Log } from '../../runner/src/domain/log';
import { trainFile } from './contract/checkPackage';
import { diagnosticOf } from './diagnostics';
import { pathOf, type OpenDocuments } from './documents';
import { pathInside, type PackageChecks } from './packageChecks';
import { setAsideMethod } from './protocol';
import { ParserBroken } from './python/parser';
import type { RawFinding } from './rawFinding';
import { configurationFile, configurationProblems } from './workspace';

export interface DiagnosticsSurroundings {
  readonly connection: Connection;
  readonly documents: OpenDocuments;
  readonly checks: PackageChecks;
  readonly isExcluded: (path: string) => boolean;
  /** What is said about an open document beside the check: where its last run failed. */
  readonly extraFindings: (uri: string) => readonly RawFinding[];
  readonly isEnabled: () => boolean;
  /** Resolves once analyses can be made. */
  readonly ready: () => Promise<void>;
  /** Replaces a broken parser. */
  readonly renew: () => Promise<void>;
  readonly log: Log;
  readonly pageOf: (code: string) => string | undefined;
}

type ByUri = ReadonlyMap<string, Diagnostic[]>;
type Report = RelatedFullDocumentDiagnosticReport | RelatedUnchangedDocumentDiagnosticReport;

/** A document that breaks the check so often is left alone until it is opened again. */
const mostCrashes = 2;

export class DiagnosticsService {
  private pulls = false;
  private refreshes = false;
  private disposed = false;
  private readonly crashes = new Map<string, number>();
  /** URIs that were told of beside a document, and must be told when nothing is left. */
  private readonly related = new Map<string, ReadonlySet<string>>();
  private readonly results = new Map<string, { id: string; items: string }>();
  private readonly dirty = new Set<string>();
  private counter = 0;
  private scheduled = false;

  constructor(private readonly around: DiagnosticsSurroundings) {}

  initialize(capabilities: ClientCapabilities): void {
    this.pulls = capabilities.textDocument?.diagnostic !== undefined;
    this.refreshes = capabilities.workspace?.diagnostics?.refreshSupport === true;
  }

  capabilities(): ServerCapabilities {
    if (!this.pulls) return {};
    return {
      diagnosticProvider: {
        identifier: 'training-pipelines',
        interFileDependencies: true,
        workspaceDiagnostics: false,
      },
    };
  }

  listen(): void {
    this.around.connection.languages.diagnostics.on(async ({ textDocument, previousResultId }) => {
      await this.around.ready();
      return this.pulled(textDocument.uri, previousResultId);
    });
  }

  dispose(): void {
    this.disposed = true;
  }

  changed(uri: string): void {
    if (!this.pulls) this.push([uri, ...this.packageMates(uri)]);
  }

  closed(uri: string): void {
    this.crashes.delete(uri);
    this.results.delete(uri);
    if (this.pulls) return;
    this.related.get(uri)?.forEach((one) => void this.send(one, []));
    this.related.delete(uri);
    void this.send(uri, []);
    this.push(this.packageMates(uri));
  }

  /** Everything may be different. */
  refresh(): void {
    if (!this.pulls) this.push(this.around.documents.uris());
    else if (this.refreshes) this.around.connection.languages.diagnostics.refresh().catch(() => undefined);
  }

  /** The package's open train.py, whose findings depend on the document. */
  private packageMates(uri: string): string[] {
    const { checks, documents } = this.around;
    const path = pathOf(uri);
    if (path === undefined) return [];
    const folder = checks.folderOf(path);
    const ends = path.endsWith('training-pipelines.json');
    const trains = documents.uris().filter((one) => one.endsWith(`/${trainFile}`) && one !== uri);
    if (ends) return trains;
    return trains.filter((one) => folder !== undefined && pathOf(one) === join(folder, trainFile));
  }

  private push(uris: readonly string[]): void {
    for (const uri of uris) this.dirty.add(uri);
    if (this.scheduled) return;
    this.scheduled = true;
    // Messages that are there already come first: only their last state is worth a check.
    setImmediate(() => void this.pushAll());
  }

  private async pushAll(): Promise<void> {
    await this.around.ready();
    this.scheduled = false;
    const uris = [...this.dirty].filter((uri) => this.around.documents.get(uri) !== undefined);
    this.dirty.clear();
    for (const uri of uris) {
      const found = await this.find(uri);
      for (const [one, items] of found) await this.send(one, items);
    }
  }

  private async send(uri: string, diagnostics: Diagnostic[]): Promise<void> {
    if (this.disposed) return;
    const version = this.around.documents.get(uri)?.version;
    await this.around.connection.sendDiagnostics({ uri, diagnostics, ...(version === undefined ? {} : { version }) });
  }

  private async pulled(uri: string, previous: string | undefined): Promise<Report> {
    const found = await this.find(uri);
    const others: Record<string, FullDocumentDiagnosticReport> = {};
    for (const [one, items] of found) {
      if (one !== uri) others[one] = { kind: DocumentDiagnosticReportKind.Full, items };
    }
    const items = found.get(uri) ?? [];
    const id = this.resultId(uri, JSON.stringify([items, others]));
    const relatedDocuments = Object.keys(others).length === 0 ? {} : { relatedDocuments: others };
    if (id === previous) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId: id };
    return { kind: DocumentDiagnosticReportKind.Full, resultId: id, items, ...relatedDocuments };
  }

  private resultId(uri: string, items: string): string {
    const known = this.results.get(uri);
    if (known?.items === items) return known.id;
    const id = String(++this.counter);
    this.results.set(uri, { id, items });
    return id;
  }

  /** Findings of the document, and of others where they come with it. Never throws. */
  private async find(uri: string): Promise<ByUri> {
    if (!this.around.isEnabled() || (this.crashes.get(uri) ?? 0) >= mostCrashes) return this.withEmpty(uri, new Map());
    try {
      return this.withEmpty(uri, this.analyse(uri));
    } catch (error) {
      return this.crashed(uri, error);
    }
  }

  private async crashed(uri: string, error: unknown): Promise<ByUri> {
    const { log, renew, connection } = this.around;
    const count = (this.crashes.get(uri) ?? 0) + 1;
    this.crashes.set(uri, count);
    log.error(`the check of ${uri} broke down: ${messageOf(error)}`);
    if (error instanceof ParserBroken) await renew();
    if (count < mostCrashes) return this.find(uri);
    const message = `${uri.slice(uri.lastIndexOf('/') + 1)} broke the check twice, so it is set aside until it is opened again.`;
    void connection.sendNotification(setAsideMethod, { uri, message });
    void connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message });
    return this.withEmpty(uri, new Map());
  }

  private analyse(uri: string): ByUri {
    const { checks } = this.around;
    const path = pathOf(uri);
    if (path === undefined) return new Map();
    const workspace = checks.workspaceOf(path);
    if (path === configurationFile(workspace)) return this.analyseConfiguration(uri, workspace);
    const folder = checks.folderOf(path);
    return folder === undefined ? new Map() : this.analysePackage(uri, folder, pathInside(folder, path));
  }

  /** `own`: the document's path in the package. With train.py come the findings of the other files. */
  private analysePackage(uri: string, folder: string, own: string): ByUri {
    const found = new Map<string, Diagnostic[]>();
    const places = { uriOf: (file: string) => this.uriIn(folder, file, own, uri), pageOf: this.around.pageOf };
    const findings = [...this.around.checks.of(folder).report.findings, ...this.around.extraFindings(uri)];
    for (const finding of findings) {
      const file = finding.file ?? trainFile;
      if (file !== own && (own !== trainFile || this.isHidden(join(folder, file)))) continue;
      const at = places.uriOf(file);
      found.set(at, [...(found.get(at) ?? []), diagnosticOf(finding, places)]);
    }
    return found;
  }

  private analyseConfiguration(uri: string, workspace: string): ByUri {
    const text = this.around.documents.get(uri)?.getText() ?? '';
    const places = { uriOf: () => uri, pageOf: this.around.pageOf };
    return new Map([[uri, configurationProblems(workspace, text).map((one) => diagnosticOf(one, places))]]);
  }

  private uriIn(folder: string, file: string, own: string, uri: string): string {
    return file === own ? uri : this.around.documents.uriOf(join(folder, file));
  }

  private isHidden(path: string): boolean {
    return !this.around.documents.isOpen(path) && this.around.isExcluded(path);
  }

  /** Adds empty lists for what was told before and is gone. */
  private withEmpty(uri: string, found: ByUri): ByUri {
    const all = new Map(found);
    if (!all.has(uri)) all.set(uri, []);
    for (const one of this.related.get(uri) ?? []) if (!all.has(one)) all.set(one, []);
    this.related.set(uri, new Set([...all.keys()].filter((one) => one !== uri && (all.get(one)?.length ?? 0) > 0)));
    return all;
  }
}
