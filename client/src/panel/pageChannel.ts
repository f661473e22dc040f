/** A page of ours in a webview: its HTML and rights, and the one pump for messages in both directions. */
import * as vscode from 'vscode';
import { showError } from '../showError';
import { pageHtml, pageIcon } from './page';

export interface Incoming<M> {
  safeParse(value: unknown): { readonly success: true; readonly data: M } | { readonly success: false };
}

export interface ChannelOptions<M> {
  readonly title: string;
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  /** Folders beside our own that the page may load from. */
  readonly roots?: readonly vscode.Uri[];
  /** Whatever does not fit is dropped: the page is not trusted. */
  readonly incoming: Incoming<M>;
  readonly answer: (message: M) => Promise<void>;
}

export class PageChannel<M, Out> implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;

  constructor(
    readonly panel: vscode.WebviewPanel,
    options: ChannelOptions<M>,
  ) {
    const { extensionUri, log, roots = [], incoming, answer } = options;
    const own = [vscode.Uri.joinPath(extensionUri, 'dist'), vscode.Uri.joinPath(extensionUri, 'client', 'media')];
    panel.webview.options = { enableScripts: true, localResourceRoots: [...own, ...roots] };
    panel.iconPath = pageIcon(extensionUri);
    this.subscription = panel.webview.onDidReceiveMessage(async (value: unknown) => {
      const message = incoming.safeParse(value);
      if (!message.success) return;
      try {
        await answer(message.data);
      } catch (error) {
        await showError(error, log);
      }
    });
    panel.webview.html = pageHtml(panel.webview, extensionUri, options.title);
  }

  post(message: Out): void {
    void this.panel.webview.postMessage(message);
  }

  dispose(): void {
    this.subscription.dispose();
  }
}
