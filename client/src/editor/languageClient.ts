/** The language server, in a process of its own. */
import * as vscode from 'vscode';
import {
  LanguageClient,
  TransportKind,
  type LanguageClientOptions,
  type ServerOptions,
} from 'vscode-languageclient/node';
import { setAsideMethod } from '../../../server/src/protocol';
import { settings } from '../ids';

export function startLanguageClient(extensionUri: vscode.Uri, log: vscode.LogOutputChannel): LanguageClient {
  const module = vscode.Uri.joinPath(extensionUri, 'dist', 'server.js').fsPath;
  const server: ServerOptions = { module, transport: TransportKind.ipc };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: 'file', language: 'python' },
      { scheme: 'file', language: 'pip-requirements' },
      { scheme: 'file', pattern: '**/{requirements,train_requirements}.txt' },
      { scheme: 'file', pattern: '**/.vscode/training-pipelines.json' },
    ],
    synchronize: {
      configurationSection: settings.section,
      fileEvents: [
        vscode.workspace.createFileSystemWatcher('**/*.py'),
        vscode.workspace.createFileSystemWatcher('**/{requirements,train_requirements}.txt'),
        vscode.workspace.createFileSystemWatcher('**/.vscode/training-pipelines.json'),
      ],
    },
    outputChannel: log,
  };
  const client = new LanguageClient('trainingPipelines', 'Training Pipelines', server, options);
  // The same is told by `window/showMessage`, which the client shows by itself: once is enough.
  client.onNotification(setAsideMethod, () => undefined);
  void client.start().catch((error: unknown) => log.error(error instanceof Error ? error : String(error)));
  return client;
}
