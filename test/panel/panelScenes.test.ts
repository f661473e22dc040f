/** Every scene of the pipeline panel: for those who do not see it, in every theme, at every width. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as AxeCoreModule from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { panelStage, scenes } from '../support/panelScenes';
import { themeNames } from '../support/stubPage';

type AxeCore = typeof AxeCoreModule;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const open = panelStage();

async function axeFindings(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: AxeCore }).axe.run;
    const { violations } = await run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
  });
}

describe('every scene of the panel', () => {
  for (const theme of themeNames) {
    it(`has nothing that axe finds: ${theme}`, { timeout: 240_000 }, async () => {
      const found: string[] = [];
      for (const [name, message] of Object.entries(scenes)) {
        const { page } = await open(message, theme, name === 'a run that failed' ? 480 : 1100);
        await page.evaluate(axe);
        await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
        found.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
        await page.close();
      }
      expect(found).toEqual([]);
    });
  }

  it('never scrolls sideways, and names every control', { timeout: 240_000 }, async () => {
    for (const [name, message] of Object.entries(scenes)) {
      const { page } = await open(message);
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
      for (const width of [1100, 960, 800, 639, 480, 320]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, `${name} at ${width}`).toBeLessThanOrEqual(width);
      }
      const tree = await page.locator('body').ariaSnapshot();
      expect(tree, name).not.toMatch(/textbox "(Text field)?"|checkbox "(Checkbox)?"$|button ""|combobox ""/m);
      expect(tree, name).not.toMatch(/^\s*- (textbox|checkbox|combobox|button|radio|radiogroup)\s*(:.*)?$/m);
      await page.close();
    }
  });
});
