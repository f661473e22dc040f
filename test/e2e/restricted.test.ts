/** A folder that is not trusted: train.py is checked and history can be read; nothing runs and nothing connects. */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, packageExtension, startWorkbench, type Workbench } from '../support/workbench.mjs';
import { WorkbenchDriver } from '../support/workbenchDriver';

let folder: string;
let workbench: Workbench;
let browser: Browser;
let view: WorkbenchDriver;
let engine: Server;
let connections = 0;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tp-restricted-')));
  mkdirSync(join(folder, 'digits'));
  writeFileSync(
    join(folder, 'digits', 'train.py'),
    'class Main:\n    def train(self, data_directory):\n        pass\n',
  );
  const socket = join(folder, 'engine.sock');
  engine = createServer((connection) => {
    connections += 1;
    connection.destroy();
  });
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  const vsix = await packageExtension();
  workbench = await startWorkbench({ folder, vsix, trusted: false, env: { DOCKER_HOST: `unix://${socket}` } });
  browser = await openBrowser();
  view = await WorkbenchDriver.open(browser, workbench.url);
}, 900_000);

afterAll(async () => {
  await view?.keep('restricted-last');
  await browser?.close();
  await workbench?.stop();
  engine?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

describe('a workspace that is not trusted', () => {
  it('says so, and what is possible', async () => {
    await view.showSideBar();
    await view.page.getByText('This workspace is not trusted').first().waitFor();
    await view.keep('restricted-1');
  });

  it('has its train.py checked', async () => {
    await view.page.keyboard.press('Control+p');
    await view.page.keyboard.type('train.py');
    await view.page.locator('.quick-input-list .monaco-list-row', { hasText: 'train.py' }).first().waitFor();
    await view.page.keyboard.press('Enter');
    await view.page.locator('.squiggly-error').first().waitFor();
  });

  it('runs nothing when told to, and says why', async () => {
    const refusal = view.page.locator('.notification-toast', { hasText: /not trusted/ });
    await view.command('Run Training Pipeline');
    await refusal.first().waitFor();
    await view.page.keyboard.press('Escape');
    await refusal.first().waitFor({ state: 'detached' });
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await panel.getByText('This workspace is not trusted').first().waitFor();
    await panel.getByText('Engines are not asked.').waitFor();
    await view.fill(panel, 'dataset', 'digits');
    await view.page.keyboard.press('Control+Enter');
    await view.keep('restricted-2');
    await view.command('Select Engine');
    await view.page
      .locator('.notification-toast', { hasText: /not trusted/ })
      .first()
      .waitFor();
    await view.keep('restricted-3');
  });

  it('has made no store and met no engine', () => {
    expect(readdirSync(folder).sort()).toEqual(['digits', 'engine.sock']);
    expect(connections).toBe(0);
  });
});
