import type { Browser, Frame, Locator, Page } from 'playwright-core';

export function openWorkbench(
  browser: Browser,
  url: string,
  size?: { readonly width?: number; readonly height?: number },
): Promise<Page>;
/** After a reload as well. */
export function untilReady(page: Page): Promise<void>;
export function runCommand(page: Page, title: string): Promise<void>;
/** `isRow`: picks the row with this text instead of entering it. */
export function answer(page: Page, text: string, how?: { readonly isRow?: boolean }): Promise<void>;
export function webviewFrame(
  page: Page,
  which?: { readonly title?: string; readonly selector?: string; readonly timeout?: number },
): Promise<Frame>;
export function treeRow(page: Page, text: string): Locator;
export function notification(page: Page, text: string): Locator;
export function openFile(page: Page, name: string): Promise<void>;
/** Kept as `out/screenshots/NAME.png`. */
export function screenshot(page: Page, name: string): Promise<string>;
