/**
 * How long the extension takes to start in a real workbench, by the workbench's own figures (Developer: Show Running
 * Extensions), beside the Git extension that the workbench brings along. `node test/bench/workbench.bench.mjs [--rounds N]`.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser, packageExtension, startWorkbench } from '../support/workbench.mjs';
import { median, option } from './support/archiveBench.mjs';

const rounds = Number(option('rounds', '3'));
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tp-activation-')));
mkdirSync(join(folder, 'digits'));
writeFileSync(
  join(folder, 'digits', 'train.py'),
  'class Main:\n    def train(self, d):\n        pass\n\n    def save(self):\n        pass\n',
);

/** Milliseconds by name, as the workbench shows them. */
async function activations(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  try {
    await page.goto(url);
    await page.locator('.activitybar [aria-label^="Training Pipelines"]').first().waitFor({ timeout: 60_000 });
    await page.keyboard.press('F1');
    const input = page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill('>Developer: Show Running Extensions');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Show Running Extensions' }).first().waitFor();
    await page.keyboard.press('Enter');
    const row = (name) => page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: name }).first();
    const timeOf = async (name) => {
      const shown = row(name).locator('.activation-time');
      await shown.filter({ hasText: /\d+ ?ms/ }).waitFor({ timeout: 30_000 });
      return Number(/(\d+) ?ms/.exec(await shown.textContent())?.[1]);
    };
    return { ours: await timeOf('Training Pipelines'), git: await timeOf('Git') };
  } finally {
    await page.close();
  }
}

const vsix = await packageExtension();
const workbench = await startWorkbench({ folder, vsix, env: { DOCKER_HOST: `unix://${folder}/no.sock` } });
const browser = await openBrowser();
try {
  await activations(browser, workbench.url);
  const found = [];
  for (let i = 0; i < rounds; i += 1) found.push(await activations(browser, workbench.url));
  const ours = median(found.map((one) => one.ours));
  const git = median(found.map((one) => one.git));
  console.log(
    `activation in the workbench: ours ${ours} ms, Git ${git} ms, ratio ${(ours / git).toFixed(2)}, ${rounds} windows (under 50 ms wanted)`,
  );
} finally {
  await browser.close();
  await workbench.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
