/** The pipeline panel in a real workbench: what it finds out, keeps and runs. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, packageExtension, startWorkbench, type Workbench } from '../support/workbench.mjs';
import { WorkbenchDriver } from '../support/workbenchDriver';

const train = `import json
import os


class Main:
    def train(self, data_directory):
        print("the token has", len(os.environ.get("TOKEN", "")), "letters", flush=True)
        for step in range(int(os.environ.get("epochs", "3"))):
            print(json.dumps({"metric": "val_accuracy", "value": 1 - 1 / (step + 2), "step": step}), flush=True)

    def save(self):
        open("model.json", "w").write("{}")
`;

let folder: string;
let workbench: Workbench;
let browser: Browser;
let view: WorkbenchDriver;

interface RunFile {
  readonly pipeline: string;
  readonly state: string;
  readonly parameters: Readonly<Record<string, string>>;
}
const runFolder = (): string => join(folder, '.training-pipelines', 'runs');
const runs = (): RunFile[] =>
  existsSync(runFolder())
    ? readdirSync(runFolder())
        .sort()
        .map((id) => JSON.parse(readFileSync(join(runFolder(), id, 'run.json'), 'utf8')) as RunFile)
    : [];
const savedFile = (): string => readFileSync(join(folder, '.vscode', 'training-pipelines.json'), 'utf8');
const isSaved = (panel: Frame) => panel.locator('header').getByText('Saved', { exact: true });

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tp-panel-')));
  for (const name of ['0', '1']) {
    mkdirSync(join(folder, 'data', 'digits', name), { recursive: true });
    writeFileSync(join(folder, 'data', 'digits', name, 'a.csv'), name);
  }
  mkdirSync(join(folder, 'digits'));
  writeFileSync(join(folder, 'digits', 'train.py'), train);
  const vsix = await packageExtension();
  // No engine answers there, so runs use the local Python.
  workbench = await startWorkbench({ folder, vsix, env: { DOCKER_HOST: `unix://${folder}/no.sock` } });
  browser = await openBrowser();
  view = await WorkbenchDriver.open(browser, workbench.url);
  await view.page.setViewportSize({ width: 1500, height: 1200 });
}, 900_000);

afterAll(async () => {
  await view?.keep('panel-last');
  await browser?.close();
  await workbench?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** Types a name into the question that a command asks. */
async function answer(text: string): Promise<void> {
  const { page } = view;
  await page.locator('.quick-input-widget .quick-input-message', { hasText: /Enter/ }).waitFor();
  await page.locator('.quick-input-widget input').first().fill(text);
  await page.keyboard.press('Enter');
}

describe('the pipeline panel in a real workbench, one step after another', () => {
  it('finds what is wrong, and mends it by one press', async () => {
    await view.showSideBar();
    await view.row('Working folder').waitFor();
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await view.fill(panel, 'dataset', 'data/digit');
    await panel.getByRole('button', { name: 'Use data/digits' }).click();
    await panel.locator('.plan', { hasText: /1\.0.*1\.1.*Local Python/ }).waitFor();
    await panel.locator('.checks', { hasText: 'Main.train and Main.save found, no problems' }).waitFor();
    expect(await panel.locator('footer .help').textContent()).toMatch(/^Will use Python 3\.\S+ as it is\. Nothing to/);
    await view.keep('panel-1-ready');
  });

  it('offers the parameters that train.py reads, and keeps a secret where nobody reads it', async () => {
    const panel = await view.ours('main.panel');
    await panel.getByRole('button', { name: 'Add epochs' }).click();
    await view.fill(panel, 'parameter-1-name', 'TOKEN');
    await panel.getByRole('checkbox', { name: 'TOKEN is secret' }).click();
    await view.fill(panel, 'parameter-1-value', 'hunter2');
    await view.page.keyboard.press('Tab');
    await panel.getByText('stored', { exact: true }).waitFor();
    await view.page.keyboard.press('Control+s');
    await answer('digits');
    await isSaved(panel).waitFor();
    expect(savedFile()).toContain('"TOKEN"');
    expect(savedFile()).not.toContain('hunter2');
  });

  it('runs once for two presses, with the secret, and leaves the focus on Run', async () => {
    const panel = await view.ours('main.panel');
    await panel.locator('#run').focus();
    await view.page.keyboard.press('Control+Enter');
    await view.page.keyboard.press('Control+Enter');
    await panel.locator('.strip', { hasText: /Successful.*val_accuracy 0\.75/ }).waitFor();
    expect(await panel.evaluate(() => document.activeElement?.id)).toBe('run');
    expect(runs()).toMatchObject([{ pipeline: 'digits', state: 'Successful', parameters: { TOKEN: '***' } }]);
    const [id = ''] = readdirSync(runFolder());
    expect(readFileSync(join(runFolder(), id, 'log.txt'), 'utf8')).toContain('the token has 7 letters');
    await panel.locator('.recent-runs', { hasText: 'val_accuracy 0.75' }).waitFor();
    await view.keep('panel-2-after-a-run');
  });

  it('is there again after a reload: saved, with its secret stored, and an edit as it was typed', async () => {
    await view.page.reload();
    let panel = await view.ours('main.panel');
    await isSaved(panel).waitFor();
    await panel.getByText('stored', { exact: true }).waitFor();
    await view.fill(panel, 'memory', '4g');
    // Its title says that the extension has the edit.
    await view.page.locator('.tab', { hasText: 'Pipeline: digits •' }).waitFor();
    await view.page.reload();
    panel = await view.ours('main.panel');
    await panel.getByText('stored', { exact: true }).waitFor();
    await panel.locator('header', { hasText: 'Edited, not saved' }).waitFor();
    expect(await panel.locator('#memory').evaluate((one) => (one as HTMLInputElement).value)).toBe('4g');
    await panel.locator('#memory').click();
    await view.page.keyboard.press('Control+a');
    await view.page.keyboard.press('Delete');
    await isSaved(panel).waitFor();
  });

  it('says what changed and what that costs, and shows it', async () => {
    const panel = await view.ours('main.panel');
    writeFileSync(join(folder, 'digits', 'requirements.txt'), 'six\n');
    await panel.getByRole('button', { name: 'Check again' }).click();
    const why = 'requirements.txt changed since 1.0, so the working folder is published as 2.0 first.';
    await panel.locator('.plan', { hasText: why }).waitFor();
    await panel.locator('footer', { hasText: 'six changed in requirements.txt' }).waitFor();
    await panel.getByRole('button', { name: 'Show changes' }).click();
    await view.page.locator('.tab', { hasText: 'version 1.0 ↔ working folder' }).waitFor();
    await view.keep('panel-3-changes');
  });

  it('is renamed, duplicated and deleted by the commands of its menu', async () => {
    await view.page.locator('.tab', { hasText: 'Pipeline: digits' }).click();
    const panel = await view.ours('main.panel');
    await view.command('Rename Pipeline');
    await answer('nightly');
    await panel.locator('h1', { hasText: 'nightly' }).waitFor();
    await isSaved(panel).waitFor();
    await panel.getByText('stored', { exact: true }).waitFor();
    await view.command('Duplicate Pipeline');
    await answer('weekly');
    await panel.locator('h1', { hasText: 'weekly' }).waitFor();
    await panel.getByText('stored', { exact: true }).waitFor();
    const names = (JSON.parse(savedFile()) as { pipelines: { name: string }[] }).pipelines.map(({ name }) => name);
    expect(names).toEqual(['nightly', 'weekly']);
    await view.command('Delete Pipeline');
    await view.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete pipeline' }).click();
    await view.page.locator('.tab', { hasText: 'Pipeline: weekly' }).waitFor({ state: 'detached' });
    expect(savedFile()).not.toContain('weekly');
  });
});
