import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as AxeCoreModule from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HostMessage } from '../../webview/src/protocol';
import { panelState, runOf } from '../support/pageValues';
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

const panel = (part: Parameters<typeof panelState>[0] = {}): HostMessage => ({
  kind: 'panel',
  state: panelState(part),
});
const problems = [
  { field: 'dataset', label: 'Dataset folder', message: "data/digit doesn't exist." },
  { field: 'parameter-0-name', label: 'Parameter name', message: 'No spaces in a name.' },
];
const pages: Readonly<Record<string, readonly HostMessage[]>> = {
  panel: [panel()],
  'panel with problems': [panel({ problems, plan: undefined })],
  'panel without packages': [panel({ packages: [] })],
};

async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: AxeCore }).axe.run;
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

describe('the panel', () => {
  it('runs what is on the screen by Ctrl+Enter, from within a field', async () => {
    const { page, sent } = await open([panel()]);
    await page.locator('#parameter-0-value').click();
    await page.keyboard.press('End');
    await page.keyboard.type('0');
    await page.keyboard.press('Control+Enter');
    const [run] = await sent('run');
    expect(run?.draft.parameters[0]).toMatchObject({ name: 'epochs', value: '300' });
  });

  it('goes to the first problem instead of running, and F8 goes on to the next', async () => {
    const { page, sent } = await open([panel({ problems, plan: undefined })]);
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.id ?? '');
    await page.keyboard.press('Control+Enter');
    expect(await sent('run')).toEqual([]);
    expect(await focused()).toBe('dataset');
    await page.keyboard.press('F8');
    expect(await focused()).toBe('parameter-0-name');
    await page.keyboard.press('Shift+F8');
    expect(await focused()).toBe('dataset');
  });

  it('saves by Ctrl+S in a dropdown and leaves its value alone', async () => {
    const { page, sent } = await open([panel()]);
    await page.locator('#subFolder').focus();
    await page.keyboard.press('Control+s');
    const [save] = await sent('save');
    expect(save).toMatchObject({ as: false, draft: { subFolder: '', engine: '' } });
    expect(await sent('edit')).toEqual([]);
  });

  it('keeps what was chosen when a list is left by Escape', async () => {
    const { page, sent } = await open([panel()]);
    await page.locator('#subFolder').click();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    expect(await page.locator('#subFolder').evaluate((one) => (one as HTMLSelectElement).value)).toBe('');
    expect((await sent('edit')).filter(({ draft }) => draft.subFolder !== '')).toEqual([]);
  });

  it('shows an engine that is gone as gone, and chooses no other', async () => {
    const state = panelState();
    const { page, sent } = await open([
      panel({ draft: { ...state.draft, engine: 'gpu-box' } }),
      { kind: 'panel', state: { ...state, draft: { ...state.draft, engine: 'gpu-box' }, engines: [] } },
    ]);
    const engine = page.locator('#engine');
    expect(await engine.evaluate((one) => (one as HTMLSelectElement).value)).toBe('gpu-box');
    expect(await engine.locator('vscode-option').first().textContent()).toBe('gpu-box (gone)');
    expect(await sent('edit')).toEqual([]);
  });

  it('keeps the caret, the text and the open list while news of runs come in', async () => {
    const { page, tell } = await open([panel()]);
    const dataset = page.locator('#dataset');
    await dataset.click();
    await page.keyboard.press('Home');
    await page.keyboard.type('x');
    await tell(panel({ runs: [runOf({ state: 'Running', endedAt: null, results: null, version: '' })] }));
    await page.keyboard.type('y');
    expect(await dataset.evaluate((one) => (one as HTMLInputElement).value)).toBe('xydata/digits');
    await page.locator('#engine').click();
    await tell(panel({ runs: [runOf()] }));
    expect(await page.locator('#engine').evaluate((one) => (one as HTMLDetailsElement).open)).toBe(true);
  });

  it('keeps a name and a value that are typed one right after the other', async () => {
    const { page, sent } = await open([panel()]);
    await page.locator('#parameter-2-name').click();
    await page.keyboard.type('rate');
    await page.keyboard.press('Tab');
    await page.keyboard.type('0.1');
    const edits = await sent('edit');
    expect(edits.at(-1)?.draft.parameters[2]).toEqual({ name: 'rate', value: '0.1', secret: false, stored: false });
  });

  it('keeps a typed secret out of its own state', async () => {
    const { page } = await open([panel()]);
    await page.locator('#parameter-1-value').click();
    await page.keyboard.type('hunter2');
    const kept = await page.evaluate(() => JSON.stringify((globalThis as unknown as { state: unknown }).state));
    expect(kept).toContain('HF_TOKEN');
    expect(kept).not.toContain('hunter2');
  });

  it('removes a parameter by its button', async () => {
    const { page, sent } = await open([panel()]);
    await page.getByRole('button', { name: 'Remove epochs' }).click();
    expect((await sent('edit')).at(-1)?.draft.parameters.map(({ name }) => name)).toEqual(['HF_TOKEN']);
  });
});
