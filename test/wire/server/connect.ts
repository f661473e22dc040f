/** A client and the server, joined by streams, speaking JSON-RPC as an editor does. */
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import {
  createConnection,
  createProtocolConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
} from 'vscode-languageserver/node';
import type {
  ClientCapabilities,
  Diagnostic,
  DocumentDiagnosticReport,
  InitializeResult,
  PublishDiagnosticsParams,
} from 'vscode-languageserver';
import { silentLog } from '../../../runner/src/domain/log';
import { startServer } from '../../../server/src/server';

export const pulling: ClientCapabilities = { textDocument: { diagnostic: { relatedDocumentSupport: true } } };

export class Client {
  private readonly versions = new Map<string, number>();
  private readonly pushed: PublishDiagnosticsParams[] = [];
  private waiting: { uri: string; done: (params: PublishDiagnosticsParams) => void }[] = [];
  private constructor(readonly connection: ProtocolConnection) {}

  static async start(
    folder: string,
    capabilities: ClientCapabilities = {},
    more: object = {},
    now = () => performance.now(),
  ): Promise<Client> {
    const up = new PassThrough();
    const down = new PassThrough();
    startServer(createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down)), {
      wasmFolder: process.cwd(),
      log: silentLog,
      now,
      pageOf: (code) => `https://example.org/${code}`,
    });
    const connection = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    const client = new Client(connection);
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) =>
      client.take(params),
    );
    connection.onRequest('client/registerCapability', () => null);
    connection.listen();
    const workspaceFolders = [{ uri: pathToFileURL(folder).href, name: 'workspace' }];
    await connection.sendRequest<InitializeResult>('initialize', {
      processId: null,
      rootUri: null,
      capabilities,
      workspaceFolders,
      ...more,
    });
    await connection.sendNotification('initialized', {});
    return client;
  }

  private take(params: PublishDiagnosticsParams): void {
    this.pushed.push(params);
    const [ready, others] = [
      this.waiting.filter((one) => one.uri === params.uri),
      this.waiting.filter((one) => one.uri !== params.uri),
    ];
    this.waiting = others;
    for (const one of ready) one.done(params);
  }

  /** The next diagnostics that are pushed for the document. */
  next(uri: string): Promise<PublishDiagnosticsParams> {
    return new Promise((done) => this.waiting.push({ uri, done }));
  }

  get pushes(): readonly PublishDiagnosticsParams[] {
    return this.pushed;
  }

  async open(uri: string, text: string): Promise<void> {
    this.versions.set(uri, 1);
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'python', version: 1, text },
    });
  }

  async change(uri: string, contentChanges: object[]): Promise<void> {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  pull(uri: string, previousResultId?: string): Promise<DocumentDiagnosticReport> {
    return this.connection.sendRequest('textDocument/diagnostic', { textDocument: { uri }, previousResultId });
  }

  async codes(uri: string): Promise<string[]> {
    const report = await this.pull(uri);
    return report.kind === 'full' ? codesOf(report.items) : [];
  }

  dispose(): void {
    this.connection.dispose();
  }
}

export const codesOf = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map((one) => String(one.code));
