// What a person does in the workbench, for tests: opens it, runs commands by name, looks into a webview, takes pictures.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const screenshots = fileURLToPath(new URL('../../out/screenshots', import.meta.url));

/** A window of the workbench, ready for input. */
export async function openWorkbench(browser, url, { width = 1280, height = 800 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  await untilReady(page);
  return page;
}

/** The workbench has drawn its parts and takes commands. */
export async function untilReady(page) {
  await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
  await page.locator('.part.statusbar .statusbar-item').first().waitFor({ timeout: 60_000 });
  await page.locator('.activitybar .action-item, .composite-bar .action-item').first().waitFor({ timeout: 60_000 });
}

/** Runs a command by its words in the palette. */
export async function runCommand(page, title) {
  const input = page.locator('.quick-input-widget input.input').first();
  await page.keyboard.press('F1');
  await input.waitFor();
  await input.fill(`>${title}`);
  const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
  await row.waitFor();
  await row.click();
}

/** Answers a question that the workbench asks at the top: text for an input, or the row with these words. */
export async function answer(page, text, { isRow = false } = {}) {
  const input = page.locator('.quick-input-widget input.input').first();
  await input.waitFor();
  await input.fill(text);
  if (isRow) await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
  else await input.press('Enter');
}

const isInner = (frame) =>
  frame.name() === 'active-frame' || frame.parentFrame()?.url().includes('/webview/browser/pre/');

async function titleOf(frame) {
  try {
    const element = await frame.frameElement();
    return (await element.getAttribute('title')) ?? '';
  } catch {
    // The frame went while it was looked at.
    return undefined;
  }
}

/** The inner frame of a webview of ours: by its title, else by what is in it. A webview whose html is set anew has a new one. */
export async function webviewFrame(page, { title, selector = 'body', timeout = 30_000 } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    for (const frame of page.frames().filter(isInner)) {
      if (title !== undefined && !(await titleOf(frame))?.includes(title)) continue;
      const count = await frame
        .locator(selector)
        .count()
        .catch(() => 0);
      if (count > 0) return frame;
    }
    if (Date.now() > deadline) throw new Error(`no webview ${title ?? ''} with ${selector} within ${timeout} ms`);
    await page.waitForEvent('framenavigated', { timeout: 200 }).catch(() => undefined);
  }
}

/** Rows of a tree that are on the screen; trees are virtual. */
export const treeRow = (page, text) => page.locator('.monaco-list-row[role=treeitem]').filter({ hasText: text });

export const notification = (page, text) => page.locator('.notification-list-item').filter({ hasText: text });

/** Opens a file of the folder by name. */
export async function openFile(page, name) {
  await page.keyboard.press('Control+P');
  const input = page.locator('.quick-input-widget input.input').first();
  await input.waitFor();
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first().waitFor();
  await input.press('Enter');
  await page
    .locator('.tab.active')
    .filter({ hasText: name.split('/').at(-1) })
    .waitFor();
}

/** Kept below out/screenshots, by name. Answers the path. */
export async function screenshot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  const path = join(screenshots, `${name}.png`);
  await page.screenshot({ path });
  return path;
}
