/** The built page in a browser, with a stub in place of the extension. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { HostMessage, PageMessage } from '../../webview/src/protocol';
import themes from './themes.json';

export const themeNames = ['light', 'dark', 'high-contrast', 'high-contrast-light'] as const;
export type ThemeName = (typeof themeNames)[number];

const root = fileURLToPath(new URL('../..', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

/** As the workbench gives it to a webview: classes of the body, variables of the theme, a policy for what may load. */
function html(theme: ThemeName): string {
  const variables = Object.entries(themes[theme])
    .map(([name, value]) => `${name}: ${value};`)
    .join(' ');
  const contrast = theme.startsWith('high-contrast') ? 'vscode-high-contrast' : '';
  return `<!DOCTYPE html><html lang="en" style="${variables.replaceAll('"', "'")}"><head><meta charset="UTF-8"><title>Pipeline</title>
<link rel="stylesheet" href="/dist/codicon.css"><link rel="stylesheet" href="/client/media/page.css"><link rel="stylesheet" href="/client/media/panel.css">
<script>window.sent = []; window.state = undefined;
window.acquireVsCodeApi = () => ({ postMessage: (m) => window.sent.push(m), getState: () => window.state, setState: (s) => (window.state = s) });</script>
</head><body class="vscode-${theme.includes('light') ? 'light' : 'dark'} ${contrast}" data-vscode-theme-kind="vscode-${theme}">
<div id="root"></div><script type="module" src="/dist/webview.js"></script></body></html>`;
}

export interface StubPage {
  readonly page: Page;
  /** What the extension would send. */
  tell(message: HostMessage): Promise<void>;
  /** What the page sent, of that kind. */
  sent<K extends PageMessage['kind']>(kind: K): Promise<Extract<PageMessage, { kind: K }>[]>;
  readonly errors: readonly string[];
}

export interface StubSite {
  open(browser: Browser, theme: ThemeName, width: number): Promise<StubPage>;
  close(): void;
}

export async function serveStubPages(): Promise<StubSite> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/') {
      response.setHeader('content-type', 'text/html');
      response.end(html((url.searchParams.get('theme') ?? 'light') as ThemeName));
      return;
    }
    readFile(join(root, url.pathname)).then(
      (bytes) => {
        response.setHeader('content-type', types[extname(url.pathname)] ?? 'application/octet-stream');
        response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { open: (browser, theme, width) => openPage(server, browser, theme, width), close: () => server.close() };
}

async function openPage(server: Server, browser: Browser, theme: ThemeName, width: number): Promise<StubPage> {
  const { port } = server.address() as AddressInfo;
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  await page.goto(`http://127.0.0.1:${port}/?theme=${theme}`);
  await page.waitForFunction(() => (globalThis as unknown as { sent: unknown[] }).sent.length > 0);
  return {
    page,
    errors,
    tell: async (message) => {
      // Posted and drawn: the page draws in the next frame, components settle in the one after it.
      await page.evaluate(
        (sent) =>
          new Promise<void>((resolve) => {
            window.postMessage(sent, '*');
            let frames = 0;
            const next = (): void => {
              frames += 1;
              if (frames > 4) resolve();
              else requestAnimationFrame(next);
            };
            setTimeout(() => requestAnimationFrame(next), 0);
          }),
        message,
      );
    },
    sent: async (kind) => {
      const all = await page.evaluate(() => (globalThis as unknown as { sent: PageMessage[] }).sent);
      return all.filter((one): one is Extract<PageMessage, { kind: typeof kind }> => one.kind === kind);
    },
  };
}
