/** Pages of runs and of comparisons, built, in a browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as AxeCoreModule from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HostMessage } from '../../webview/src/protocol';
import { compareState, failedRun, logLines, runOf, runPageState, usageValues } from '../support/pageValues';
import { serveStubPages, themeNames, type StubPage, type StubSite, type ThemeName } from '../support/stubPage';
import { openBrowser } from '../support/workbench.mjs';

type AxeCore = typeof AxeCoreModule;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser: Browser;
let site: StubSite;
let stub: StubPage | undefined;

beforeAll(async () => {
  browser = await openBrowser();
  site = await serveStubPages();
});
afterEach(async () => {
  const errors = stub?.errors ?? [];
  await stub?.page.close();
  stub = undefined;
  expect(errors).toEqual([]);
});
afterAll(async () => {
  site.close();
  await browser.close();
});

async function open(messages: readonly HostMessage[], theme: ThemeName = 'light', width = 1100): Promise<StubPage> {
  stub = await site.open(browser, theme, width);
  for (const message of messages) await stub.tell(message);
  return stub;
}

const log: HostMessage = { kind: 'log', from: 0, lines: logLines };
const usage: HostMessage = { kind: 'usage', from: 0, usage: usageValues };
const runningRun = runOf({
  state: 'Running',
  endedAt: null,
  results: null,
  phases: [
    { name: 'Scheduled', seconds: 0.02 },
    { name: 'Packaging', seconds: 0.4 },
  ],
});
const pages: Readonly<Record<string, readonly HostMessage[]>> = {
  'successful run': [{ kind: 'runPage', state: runPageState(runOf()) }, log, usage],
  'failed run': [
    {
      kind: 'runPage',
      state: runPageState(failedRun, {
        pictures: [],
        madeOf: [],
        changedSince: {
          version: '2.1',
          words: 'Same data, parameters and image.',
          changes: compareState().files?.changes ?? [],
        },
      }),
    },
    log,
  ],
  'running run': [
    { kind: 'runPage', state: runPageState(runningRun, { pictures: [], files: [], madeOf: [] }) },
    log,
    usage,
  ],
  comparison: [{ kind: 'comparePage', state: compareState() }],
};

async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: AxeCore }).axe.run;
    const { violations } = await run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
  });
}

describe('each of these pages', () => {
  for (const [name, messages] of Object.entries(pages)) {
    for (const theme of themeNames) {
      it(`has nothing that axe finds: ${name}, ${theme}`, async () => {
        const { page } = await open(messages, theme);
        expect(await axeFindings(page)).toEqual([]);
      });
    }
    it(`never scrolls sideways: ${name}`, async () => {
      const { page } = await open(messages);
      for (const width of [1100, 800, 480, 320]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, `at ${width}`).toBeLessThanOrEqual(width);
      }
    });
    it(`names every control: ${name}`, async () => {
      const { page } = await open(messages);
      const tree = await page.locator('body').ariaSnapshot();
      expect(tree).not.toMatch(/textbox "(Text field)?"|checkbox "(Checkbox)?"$|button ""|combobox ""/m);
      expect(tree).not.toMatch(/^\s*- (textbox|checkbox|combobox|button|radio)\s*(:.*)?$/m);
    });
  }
});

describe('the page of a run', () => {
  const line = (text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({
    time: '2026-01-01T12:00:09.000Z',
    stream,
    text,
  });
  const running = pages['running run'] ?? [];
  const success = pages['successful run'] ?? [];
  const failed = pages['failed run'] ?? [];
  const lastLine = (page: Page): Promise<string | null> => page.locator('#log .line').last().textContent();

  it('searches the log, goes through the matches by F3, and leaves the search by Escape', async () => {
    const { page } = await open(success);
    await page.keyboard.press('Control+f');
    await page.keyboard.type('loss');
    const matches = (text: string) => page.locator('#logMatches', { hasText: text }).waitFor();
    await matches('1 of 4');
    await page.keyboard.press('F3');
    await matches('2 of 4');
    await page.keyboard.press('Shift+F3');
    await page.keyboard.press('Shift+F3');
    await matches('4 of 4');
    await page.keyboard.press('Escape');
    await page.locator('#log .match').first().waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('log');
  });

  it('finds lines far from what is seen', async () => {
    const { page, tell } = await open(running);
    await tell({ kind: 'log', from: 6, lines: Array.from({ length: 30_000 }, (_, i) => line(`line ${i}`)) });
    await page.keyboard.press('Control+f');
    await page.keyboard.type('line 12345');
    await page.locator('#log .current', { hasText: 'line 12345' }).waitFor();
    await page.locator('#logMatches', { hasText: '1 of 1' }).waitFor();
  });

  it('shows colours of the log and no escape sequences', async () => {
    const { page } = await open(success);
    const first = page.locator('#log .line').first();
    expect(await first.locator('.ansi-cyan').textContent()).toBe('1,797 pictures');
    expect(await first.textContent()).not.toContain('\u001b');
  });

  it('replaces lines that are told again', async () => {
    const { page, tell } = await open(success);
    await tell({ kind: 'log', from: 5, lines: [line('50 %')] });
    await tell({ kind: 'log', from: 5, lines: [line('100 %'), line('done')] });
    const texts = await page.locator('#log .line .text').allTextContents();
    expect(texts.slice(5)).toEqual(['100 %', 'done']);
  });

  it('holds 100,000 lines with few rows, and says that older ones are gone', async () => {
    const { page, tell } = await open(running);
    const many = Array.from({ length: 100_010 }, (_, i) => line(`line ${i}`));
    await tell({ kind: 'log', from: 6, lines: many });
    expect(await lastLine(page)).toContain('line 100009');
    expect(await page.locator('#log .line').count()).toBeLessThan(1_000);
    await page.getByText('100,016 lines, the last 100,000 here').waitFor();
    await tell({ kind: 'log', from: 100_016, lines: [line('one more')] });
    expect(await lastLine(page)).toContain('one more');
    await page.locator('#log').evaluate((log) => (log.scrollTop = 0));
    await page
      .locator('#log .line', { hasText: /line 1[01]$/ })
      .first()
      .waitFor();
  });

  it('stops following when the user scrolls up, and follows again by the button or End', async () => {
    const { page, tell } = await open(running);
    const add = (from: number, count: number) =>
      tell({ kind: 'log', from, lines: Array.from({ length: count }, (_, i) => line(`line ${from + i}`)) });
    const atEnd = () =>
      page.locator('#log').evaluate((log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 4);
    await add(6, 200);
    expect(await atEnd()).toBe(true);
    await page.locator('#log').hover();
    await page.mouse.wheel(0, -600);
    await page.getByRole('checkbox', { name: 'Follow', checked: false }).waitFor();
    await add(206, 12);
    expect(await atEnd()).toBe(false);
    await page.getByRole('button', { name: '12 new lines' }).click();
    expect(await atEnd()).toBe(true);
    await page.mouse.wheel(0, -600);
    await page.locator('#log').focus();
    await page.keyboard.press('End');
    await add(218, 5);
    expect(await atEnd()).toBe(true);
  });

  it('makes links of the package’s lines and of no others', async () => {
    const { page, tell, sent } = await open(failed);
    await tell({
      kind: 'log',
      from: 6,
      lines: [
        line('  File "/tmp/run-1/package/train.py", line 38, in step', 'stderr'),
        line('  File "/usr/lib/python3/site-packages/torch/train.py", line 5, in f', 'stderr'),
        line('digits/data.py:27: UserWarning'),
      ],
    });
    const links = page.locator('#log button.link');
    expect(await links.allTextContents()).toEqual(['/tmp/run-1/package/train.py', 'digits/data.py:27']);
    await links.last().click();
    expect(await sent('openFrame')).toEqual([{ kind: 'openFrame', file: 'digits/data.py', line: 27 }]);
  });

  it('opens with the focus on the failing line, and goes there', async () => {
    const { page, sent } = await open(failed);
    await page.keyboard.press('Enter');
    expect(await sent('openFrame')).toEqual([{ kind: 'openFrame', file: 'train.py', line: 38 }]);
  });

  it('folds frames of libraries until they are asked for', async () => {
    const { page } = await open(failed);
    expect(await page.locator('.traceback').textContent()).not.toContain('linear.py');
    await page.locator('.folded-frames').getByRole('button', { name: 'Show' }).click();
    await page.locator('.traceback', { hasText: 'linear.py' }).waitFor();
  });

  it('folds its sections and tells so', async () => {
    const { page, sent } = await open(success);
    await page.getByRole('button', { name: 'Results', exact: true }).click();
    await page.locator('.fields').first().waitFor({ state: 'hidden' });
    expect(await sent('fold')).toEqual([{ kind: 'fold', section: 'Results', folded: true }]);
  });

  it('shows results as they are written, and metrics as a table', async () => {
    const { page } = await open(success);
    await page.getByRole('button', { name: 'Raw' }).click();
    await page.locator('.raw', { hasText: '"parameters"' }).waitFor();
    await page.getByRole('button', { name: 'Show metrics as a table' }).click();
    await page.locator('.numbers-table tbody tr').nth(3).waitFor();
    expect(await page.locator('.numbers-table tbody tr').allTextContents()).toEqual(['11', '20.5', '30.333', '40.25']);
  });

  it('counts the steps that are left where it is told how many there will be', async () => {
    const { page, tell } = await open(running);
    const at = (step: number) => ({
      ...line(`{"metric": "loss", "value": 0.1, "step": ${step}, "steps": 60}`),
      time: new Date(Date.now() - (20 - step) * 1_000).toISOString(),
    });
    await tell({ kind: 'log', from: 6, lines: [10, 20].map(at) });
    await page.getByText('step 20 of 60').waitFor();
    await page.locator('.numbers', { hasText: 'left, at this pace' }).waitFor();
  });

  it('runs again, stars and opens its menu by the keyboard', async () => {
    const { page, sent } = await open(success);
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('button', { name: 'Star' }).click();
    await page.getByLabel('More actions').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Rename…' }).click();
    const commands = (await sent('runCommand')).map(({ command }) => command);
    expect(commands).toEqual(['runAgain', 'starRun', 'renameRun']);
    await page.getByRole('button', { name: 'Rename…' }).waitFor({ state: 'hidden' });
  });
});

describe('the page that compares two runs', () => {
  const comparison = pages['comparison'] ?? [];

  it('says in a sentence which is better and what was different', async () => {
    const { page } = await open(comparison);
    const said = await page.locator('.plan').textContent();
    expect(said).toContain('val_accuracy 0.901 in version 1.2, 0.934 in version 2.1: 0.033 higher.');
    expect(said).toContain('2 parameters, 1 source file, 9 data files, 1 library');
  });

  it('shows only what differs until all is asked for', async () => {
    const { page } = await open(comparison);
    const names = () => page.locator('.sides th[scope="row"].mono').allTextContents();
    expect((await names()).join(' ')).not.toContain('artifacts_directory');
    await page.getByRole('button', { name: 'Show all 4' }).first().click();
    await page.locator('.sides', { hasText: 'artifacts_directory' }).waitFor();
  });

  it('opens files side by side, swaps the sides, and goes through the pictures', async () => {
    const { page, sent } = await open(comparison);
    await page.getByRole('button', { name: 'train.py' }).focus();
    await page.keyboard.press('Enter');
    expect(await sent('openChange')).toEqual([{ kind: 'openChange', path: 'train.py' }]);
    await page.getByRole('button', { name: 'Open all changes' }).click();
    expect(await sent('openAllChanges')).toHaveLength(1);
    await page.getByText('confusion_matrix.png, 1 of 2').waitFor();
    await page.keyboard.press('Alt+ArrowRight');
    await page.getByText('weights.png, 2 of 2').waitFor();
    await page.getByRole('button', { name: 'Swap sides' }).click();
    const [{ left, right } = { left: '', right: '' }] = await sent('chooseRuns');
    expect([left, right]).toEqual(['20260102-120000-000-abcdef', '20260101-120000-000-abcdef']);
  });
});
