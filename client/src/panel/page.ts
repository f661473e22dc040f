/** The HTML around the page's script: nothing but what is allowed by name can load. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, title: string): string {
  const nonce = randomBytes(16).toString('base64url');
  const uri = (...path: string[]): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, ...path)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<title>${title.replaceAll(/[<>&"]/g, '')}</title>
<link rel="stylesheet" href="${uri('dist', 'codicon.css')}">
<link rel="stylesheet" href="${uri('client', 'media', 'page.css')}">
<link rel="stylesheet" href="${uri('client', 'media', 'panel.css')}">
</head>
<body>
<div id="root"></div>
<script type="module" nonce="${nonce}" src="${uri('dist', 'webview.js')}"></script>
</body>
</html>`;
}

/** The icon of the pages' tabs: an image there has no colour of the theme. */
export const pageIcon = (extensionUri: vscode.Uri): { readonly light: vscode.Uri; readonly dark: vscode.Uri } => ({
  light: vscode.Uri.joinPath(extensionUri, 'client', 'media', 'page-light.svg'),
  dark: vscode.Uri.joinPath(extensionUri, 'client', 'media', 'page-dark.svg'),
});
