/** The main job with a real engine and real data, by the keyboard, in two windows and two themes. Its pictures are the README's. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheFolder, startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { makeDigits } from '../support/sampleData.mjs';
import { openBrowser, packageExtension, startWorkbench, type Workbench } from '../support/workbench.mjs';
import { WorkbenchDriver } from '../support/workbenchDriver';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
let engine: TestEngine;
let workbench: Workbench;
let browser: Browser;
let view: WorkbenchDriver;

const runs = (): { id: string; state: string; version: string; engine: string }[] =>
  readdirSync(join(folder, '.training-pipelines', 'runs'))
    .sort()
    .map((id) => JSON.parse(readFileSync(join(folder, '.training-pipelines', 'runs', id, 'run.json'), 'utf8')));

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tp-story-')));
  cpSync(join(root, 'examples', 'digits'), join(folder, 'digits'), { recursive: true });
  mkdirSync(join(folder, 'data'));
  await makeDigits(root, join(folder, 'data', 'digits'), join(cacheFolder, 'digits-venv'));
  engine = await startEngine();
  const vsix = await packageExtension();
  // Under the name of the default image, as someone without a registry would do.
  execFileSync('docker', ['-H', engine.host, 'tag', testImage, 'python:3.12-slim']);
  workbench = await startWorkbench({
    folder,
    vsix,
    env: { DOCKER_HOST: engine.host },
    extra: { 'workbench.colorTheme': 'Default Dark Modern' },
  });
  browser = await openBrowser();
  view = await WorkbenchDriver.open(browser, workbench.url);
}, 900_000);

afterAll(async () => {
  await view?.keep('story-last');
  await browser?.close();
  await workbench?.stop();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const focused = (frame: Frame): Promise<string> => frame.evaluate(() => document.activeElement?.id ?? '');

/** Tab after Tab, as someone without a mouse would. */
async function tabTo(frame: Frame, id: string): Promise<void> {
  for (let i = 0; i < 60; i += 1) {
    if ((await focused(frame)) === id) return;
    await view.page.keyboard.press('Tab');
  }
  throw new Error(`${id} is not reached by Tab; the focus is on ${await focused(frame)}`);
}

const picture = (frame: Frame): Promise<number> =>
  frame
    .locator('img')
    .first()
    .evaluate((image) => (image as HTMLImageElement).naturalWidth);

/** The newest run's page, by the keyboard. A page that is still being shown may take the focus once more: then again. */
async function openNewestRun(): Promise<Frame> {
  const { page } = view;
  for (let attempt = 1; ; attempt += 1) {
    await view.command('Focus on Runs View');
    await page.locator('.sidebar .monaco-list:focus-within').waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    try {
      return await view.ours('main.run', 10_000);
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

describe('digits in a container, by the keyboard alone', () => {
  it('is set up in the panel and started from a field', { timeout: 300_000 }, async () => {
    const { page } = view;
    await view.showSideBar();
    await view.row('Working folder').waitFor();
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await tabTo(panel, 'dataset');
    await page.keyboard.type('data/digits');
    await panel.locator('.plan', { hasText: /1\.0.*1\.1.*docker/ }).waitFor();
    await panel.locator('.plan', { hasText: '10 files' }).waitFor();
    await view.keep('story-panel-dark');
    await page.keyboard.press('Control+Enter');
    await view.showSideBar();
    await view.page.locator('.statusbar-item', { hasText: 'digits 1.1,' }).waitFor({ timeout: 240_000 });
    expect(runs()).toMatchObject([{ state: 'Successful', version: '1.1', engine: 'docker' }]);
  });

  it('shows the confusion matrix on the page of the run', async () => {
    const run = await openNewestRun();
    await run.locator('.state', { hasText: 'Successful' }).waitFor();
    await run.locator('img').first().waitFor();
    expect(await picture(run)).toBeGreaterThan(100);
    await view.keep('story-run-dark');
  });

  it('verifies the version and opens its results', async () => {
    await view.command('Show _results.json');
    await view.page.locator('.quick-input-list .monaco-list-row', { hasText: 'digits 1.0 → 1.1' }).waitFor();
    await view.page.keyboard.press('Enter');
    await view.page.locator('.view-line', { hasText: 'execution_time' }).waitFor();
    await view.unfold(/^1\.1/);
    await view.row('model.joblib').waitFor();
    await view.keep('story-trees-dark');
  });

  it('is the same run in a second window, which starts the next', { timeout: 120_000 }, async () => {
    const second = await WorkbenchDriver.open(browser, workbench.url);
    await second.showSideBar();
    await second.row(/digits 1\.0 → 1\.1/).waitFor();
    await second.command('Run Again');
    await second.page.locator('.quick-input-list .monaco-list-row', { hasText: 'digits 1.0 → 1.1' }).waitFor();
    await second.page.keyboard.press('Enter');
    await view.showSideBar();
    await view.row(/digits 1\.0 → 1\.2/).waitFor({ timeout: 60_000 });
    await view.page.locator('.statusbar-item', { hasText: 'digits 1.2,' }).waitFor({ timeout: 60_000 });
    await second.page.close();
    expect(runs().map(({ version }) => version)).toEqual(['1.1', '1.2']);
  });

  it('follows the theme', async () => {
    const path = join(workbench.home, 'user', 'User', 'settings.json');
    const settings = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...settings, 'workbench.colorTheme': 'Default Light Modern' }));
    await view.page.reload();
    await view.page.locator('.monaco-workbench.vs').waitFor();
    await view.showSideBar();
    await view.row(/digits 1\.0 → 1\.2/).waitFor();
    // The panel of before, with what was typed.
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    expect(await view.page.locator('.tab', { hasText: 'Pipeline: digits' }).count()).toBe(1);
    const colour = await panel.locator('body').evaluate((body) => getComputedStyle(body).color);
    await panel.locator('.plan', { hasText: '1.3' }).waitFor();
    expect(colour).toMatch(/^rgb\((\d|[1-7]\d), /);
    await view.keep('story-panel-light');
    const run = await openNewestRun();
    await run.locator('img').first().waitFor();
    await view.keep('story-run-light');
  });
});
