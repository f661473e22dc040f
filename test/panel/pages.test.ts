import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HostMessage } from '../../webview/src/protocol';
import { failedRun, logLines, panelState, runOf, runPageState } from '../support/pageValues';
import { serveStubPages, themeNames, type StubPage, type StubSite, type ThemeName } from '../support/stubPage';
import { openBrowser } from '../support/workbench.mjs';

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

const panel = (part: Parameters<typeof panelState>[0] = {}): HostMessage => ({
  kind: 'panel',
  state: panelState(part),
});
const problems = [
  { field: 'dataset', label: 'Dataset folder', message: "data/digit doesn't exist." },
  { field: 'parameter-0-name', label: 'Parameter name', message: 'No spaces in a name.' },
];
const log: HostMessage = { kind: 'log', from: 0, lines: logLines };
const pages: Readonly<Record<string, readonly HostMessage[]>> = {
  panel: [panel()],
  'panel with problems': [panel({ problems, plan: undefined })],
  'panel without packages': [panel({ packages: [] })],
  'successful run': [{ kind: 'runPage', state: runPageState(runOf()) }, log],
  'failed run': [{ kind: 'runPage', state: { ...runPageState(failedRun), pictures: [], madeOf: [] } }, log],
};

async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run;
    const { violations } = await run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
  });
}

describe('every page', () => {
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
