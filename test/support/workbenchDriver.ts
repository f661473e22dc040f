/** Hands and eyes for the workbench in the browser. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Frame, Locator, Page } from 'playwright-core';

const screens = fileURLToPath(new URL('../../out/screens', import.meta.url));

export class WorkbenchDriver {
  private constructor(readonly page: Page) {}

  static async open(browser: Browser, url: string): Promise<WorkbenchDriver> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(30_000);
    await page.goto(url);
    await page.locator('.monaco-workbench').waitFor();
    return new WorkbenchDriver(page);
  }

  async showSideBar(): Promise<void> {
    const tab = this.page.locator('.activitybar .action-item', {
      has: this.page.locator('[aria-label^="Training Pipelines"]'),
    });
    await tab.waitFor();
    if (!(await this.page.locator('.pane-header', { hasText: 'Runs' }).isVisible())) await tab.click();
    await this.page.locator('.pane-header', { hasText: 'Runs' }).waitFor();
  }

  /** A command by its title; `answer` goes into the question that follows. */
  async command(title: string, answer?: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    // A page that is just being shown takes the focus, which closes the palette: then it is opened again.
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.page.keyboard.press('F1');
        await input.waitFor({ timeout: 5_000 });
        await input.fill(`>Training Pipelines: ${title}`, { timeout: 5_000 });
        await row.waitFor({ timeout: attempt === 4 ? 30_000 : 10_000 });
        break;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
    await this.page.keyboard.press('Enter');
    if (answer === undefined) return;
    await this.page.locator('.quick-input-widget .quick-input-message', { hasText: /Enter/ }).waitFor();
    await input.fill(answer);
    await this.page.keyboard.press('Enter');
  }

  row(text: string | RegExp): Locator {
    return this.page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
  }

  /** Unfolds a row of a tree. */
  async unfold(text: string | RegExp): Promise<void> {
    const row = this.row(text);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').click();
  }

  async fold(text: string | RegExp): Promise<void> {
    const row = this.row(text);
    if ((await row.getAttribute('aria-expanded')) === 'true') await row.locator('.monaco-tl-twistie').click();
  }

  /** Opens what a row stands for. A row that is drawn anew between press and release swallows the click, so it is tried again. */
  async openRow(text: string | RegExp, selector: string): Promise<Frame> {
    for (let attempt = 0; ; attempt += 1) {
      await this.row(text).click();
      try {
        return await this.ours(selector, 10_000);
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** An item of a row's menu. A menu takes no click in its first moment, and a row may move away, so it is tried again. */
  async choose(row: Locator, item: string): Promise<void> {
    const menu = this.page.locator('.monaco-menu');
    for (let attempt = 1; ; attempt += 1) {
      try {
        await row.click({ button: 'right', timeout: 10_000 });
        await menu.getByText(item).hover({ timeout: 5_000 });
        await menu.getByText(item).click({ timeout: 5_000 });
        await menu.waitFor({ state: 'detached', timeout: 5_000 });
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** The frame of our page that shows the selector. */
  async ours(selector: string, patience = 30_000): Promise<Frame> {
    const end = Date.now() + patience;
    for (;;) {
      for (const frame of this.page.frames()) {
        if (!frame.url().includes('/contrib/webview/browser/pre/')) continue;
        const isThere = await frame
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false);
        if (isThere) return frame;
      }
      if (Date.now() > end) throw new Error(`no page of ours shows ${selector}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Types into a field; the workbench may still be moving the focus into a page that it has just shown. */
  async fill(frame: Frame, id: string, text: string): Promise<void> {
    const field = frame.locator(`#${id}`);
    const valueOf = (): Promise<string> => field.evaluate((one) => (one as HTMLInputElement).value);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await field.click();
      await this.page.keyboard.press('Control+a');
      await this.page.keyboard.type(text);
      if ((await valueOf()) === text) return;
    }
    throw new Error(`the field ${id} holds "${await valueOf()}" instead of "${text}"`);
  }

  async keep(name: string): Promise<void> {
    mkdirSync(screens, { recursive: true });
    await this.page.screenshot({ path: join(screens, `${name}.png`) });
  }
}
