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
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, packageExtension, startWorkbench, type Workbench } from '../support/workbench.mjs';
import { WorkbenchDriver } from '../support/workbenchDriver';

/** Trains as its parameters say; writes a picture's worth of artifacts. */
const train = `import json
import os
import time


class Main:
    def train(self, data_directory):
        for step in range(int(os.environ.get("epochs", "3"))):
            print(json.dumps({"metric": "loss", "value": 1 / (step + 1), "step": step}), flush=True)
            time.sleep(float(os.environ.get("pause", "0.1")))
        if os.environ.get("fail") == "yes":
            raise RuntimeError("the shapes do not fit")
        with open(os.path.join(os.environ["artifacts_directory"], "report.txt"), "w") as out:
            out.write(" ".join(sorted(os.listdir(data_directory))))

    def save(self):
        with open("model.json", "w") as out:
            json.dump({"trained": True}, out)
`;

let folder: string;
let workbench: Workbench;
let browser: Browser;
let view: WorkbenchDriver;

const runs = (): { id: string; state: string; version: string }[] =>
  readdirSync(join(folder, '.training-pipelines', 'runs'))
    .sort()
    .map((id) => JSON.parse(readFileSync(join(folder, '.training-pipelines', 'runs', id, 'run.json'), 'utf8')));

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tp-e2e-')));
  for (const name of ['0', '1']) {
    mkdirSync(join(folder, 'data', name), { recursive: true });
    writeFileSync(join(folder, 'data', name, 'a.csv'), name);
  }
  const vsix = await packageExtension();
  // No engine answers there, so runs use the local Python.
  workbench = await startWorkbench({ folder, vsix, env: { DOCKER_HOST: `unix://${folder}/no.sock` } });
  browser = await openBrowser();
  view = await WorkbenchDriver.open(browser, workbench.url);
}, 900_000);

afterAll(async () => {
  await view?.keep('last');
  await browser?.close();
  await workbench?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** A lens that comes in above the line moves it away from under the mouse, so the menu is asked for until it is there. */
async function offerFixes(): Promise<void> {
  const { page } = view;
  for (let attempt = 1; ; attempt += 1) {
    await page.locator('.view-line', { hasText: 'class Main' }).getByText('Main').click();
    await page.keyboard.press('Control+.');
    try {
      await page.getByText('Add save(self)').waitFor({ timeout: 10_000 });
      return;
    } catch (error) {
      if (attempt === 3) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

describe('the main job in a real workbench, one step after another', () => {
  it('shows what to do where there is nothing yet, and makes a package', async () => {
    await view.showSideBar();
    await view.page.getByText('No ML package in this workspace yet').first().waitFor();
    await view.keep('1-nothing-yet');
    await view.command('New ML Package', 'digits');
    await view.row('Working folder').waitFor();
    await view.page.locator('.tab', { hasText: 'train.py' }).waitFor();
  });

  it('marks a missing save while typing and adds it by the quick fix', async () => {
    const { page } = view;
    const source = train.slice(0, train.indexOf('    def save'));
    writeFileSync(join(folder, 'digits', 'train.py'), `${source.trimEnd()}\n`);
    await page.locator('.squiggly-error').first().waitFor();
    await view.keep('2-diagnostic');
    await offerFixes();
    await page.keyboard.press('Enter');
    await page.locator('.view-line', { hasText: 'def save' }).waitFor();
    await page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
    writeFileSync(join(folder, 'digits', 'other.txt'), 'x');
    await page.keyboard.press('Control+s');
    await page.locator('.tab.dirty').waitFor({ state: 'detached' });
  });

  it('says in the panel what a run will do, runs, and shows the log live', async () => {
    writeFileSync(join(folder, 'digits', 'train.py'), train);
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await view.fill(panel, 'dataset', 'data');
    await view.fill(panel, 'parameter-0-name', 'epochs');
    await view.fill(panel, 'parameter-0-value', '4');
    await panel.locator('.plan', { hasText: /Working folder.*1\.0.*1\.1.*Local Python/ }).waitFor();
    await view.keep('3-panel');
    await view.page.keyboard.press('Control+Enter');
    await panel.locator('.strip').first().waitFor();
    const run = await view.openRow(/^digits 1\.0/, 'main.run');
    await run.locator('#log .line').first().waitFor();
    await run.locator('.state', { hasText: 'Successful' }).waitFor();
    await run.locator('.chart').waitFor();
    await view.keep('4-run');
    expect(runs().map(({ state, version }) => [state, version])).toEqual([['Successful', '1.1']]);
  });

  it('shows the version, its files, the results and the artifacts in the trees', async () => {
    await view.unfold(/^1\.1/);
    await view.row('model.json').waitFor();
    await view.unfold('digits 1.0 → 1.1');
    await view.unfold('Results');
    await view.row('execution_time').waitFor();
    await view.fold('Results');
    await view.unfold(/^Artifacts/);
    await view.row('report.txt').click();
    await view.page.locator('.view-line', { hasText: '0 1' }).waitFor();
    await view.keep('5-trees');
    await view.row(/^model\.json/).click();
    await view.page.locator('.view-line', { hasText: '"trained"' }).waitFor();
  });

  it('runs again from the history', async () => {
    const row = view.row('digits 1.0 → 1.1');
    await row.hover();
    await row.getByRole('button', { name: 'Run Again' }).click();
    await view.row('digits 1.0 → 1.2').waitFor();
    expect(runs().at(-1)).toMatchObject({ state: 'Successful', version: '1.2' });
  });

  it('lands on the failing line of a run that failed', async () => {
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await view.fill(panel, 'parameter-1-name', 'fail');
    await view.fill(panel, 'parameter-1-value', 'yes');
    await view.page.keyboard.press('Control+Enter');
    await view.row(/RuntimeError, train\.py:12/).click();
    const run = await view.ours('main.run .failure');
    await view.keep('6-failure');
    await run.getByRole('button', { name: 'Open train.py:12' }).click();
    await view.page.locator('.squiggly-error').first().waitFor();
    await view.page.locator('.statusbar-item', { hasText: 'Ln 12' }).waitFor();
    await view.page.locator('.statusbar-item', { hasText: 'RuntimeError, train.py:12' }).waitFor();
    await view.keep('7-failing-line');
  });

  it('finds runs by search, filter and star, and Escape shows all again', async () => {
    const { page } = view;
    await view.command('Search Runs', 'fail=yes');
    await page.getByText('"fail=yes": 1 of 3 runs. Esc clears.').waitFor();
    await view.row('digits 1.0 → 1.1').waitFor({ state: 'detached' });
    await view.keep('10-filtered');
    // The search leaves the focus in the view.
    await page.keyboard.press('Escape');
    await view.choose(view.row('digits 1.0 → 1.1'), 'Star Run');
    await view.row(/digits 1\.0 → 1\.1.*★/).waitFor();
    const id = runs()[0]?.id ?? '';
    const marks = readFileSync(join(folder, '.training-pipelines', 'runs', id, 'marks.json'), 'utf8');
    expect(JSON.parse(marks)).toMatchObject({ starred: true });
  });

  it('compares two runs that are selected, and asks before it deletes by the key', async () => {
    const { page } = view;
    await view.row('digits 1.0 → 1.1').click();
    await view.row('digits 1.0 → 1.2').click({ modifiers: ['Control'] });
    await view.choose(view.row('digits 1.0 → 1.2'), 'Compare Runs');
    const compare = await view.ours('main.compare');
    await compare.locator('.plan', { hasText: 'loss 0.25 in version 1.1, 0.25 in version 1.2: the same.' }).waitFor();
    await view.keep('11-compare');
    // The page that a click opens takes the focus; the keys are the view's.
    await view.openRow(/RuntimeError/, 'main.run .failure');
    await view.command('Show Runs');
    await page.locator('.sidebar .monaco-list:focus-within .monaco-list-row', { hasText: 'RuntimeError' }).waitFor();
    await page.keyboard.press('Delete');
    await page.locator('.monaco-dialog-box', { hasText: 'Delete the run digits 1.0 with its log?' }).waitFor();
    await page.keyboard.press('Escape');
    expect(runs()).toHaveLength(3);
  });

  it('takes a version over into the working folder and keeps what was there', async () => {
    const { page } = view;
    writeFileSync(join(folder, 'digits', 'extra.py'), 'kept = True\n');
    await view.row(/changed since 1\.0/).waitFor();
    await view.choose(view.row(/^1\.1/), 'Take Over');
    const asked = page.locator('.monaco-dialog-box', { hasText: 'Take digits 1.1 over into digits?' });
    await asked.getByText('D extra.py').waitFor();
    await view.keep('12-take-over');
    await asked.getByRole('button', { name: 'Take over' }).click();
    await view.row(/same as 1\.[12]/).waitFor();
    await view.row(/^2\.0/).waitFor();
    expect(existsSync(join(folder, 'digits', 'extra.py'))).toBe(false);
    expect(existsSync(join(folder, 'digits', 'model.json'))).toBe(true);
    await view.choose(view.row(/^2\.0/), 'Take Over');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Take over' }).click();
    await view.row(/same as 2\.0/).waitFor();
    rmSync(join(folder, 'digits', 'extra.py'));
    await view.row(/same as 1\.0/).waitFor();
  });

  it('goes on over a reload, shows the log again, and stops when told', async () => {
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    await panel.getByRole('button', { name: 'Remove fail' }).click();
    await view.fill(panel, 'parameter-0-value', '1000');
    await panel.locator('.plan', { hasText: '1.3' }).waitFor();
    await view.page.keyboard.press('Control+Enter');
    await (await view.openRow(/Running/, 'main.run')).locator('#log .line').nth(2).waitFor();
    await view.page.reload();
    await view.row(/Running/).waitFor();
    const run = await view.openRow(/Running/, 'main.run');
    await run.locator('#log .line').nth(5).waitFor();
    await view.keep('8-after-reload');
    await view.command('Stop Run');
    // Where the machine is slow the run is over a minute old by now, and it is asked.
    const asked = view.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Stop run' });
    void asked.click().catch(() => undefined);
    await run.locator('.state', { hasText: 'Killed' }).waitFor();
    expect(runs().at(-1)).toMatchObject({ state: 'Killed', version: '' });
  });

  it('holds together in a window of 800 pixels', async () => {
    await view.page.setViewportSize({ width: 800, height: 700 });
    await view.command('Open Pipeline Panel');
    const panel = await view.ours('main.panel');
    const isWide = await panel.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(isWide).toBe(false);
    await view.keep('9-narrow');
  });
});
