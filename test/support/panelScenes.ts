/** Scenes of the pipeline panel, and a stage to look at them: the built page in a browser. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Draft, HostMessage, LiveRun, PanelState } from '../../webview/src/protocol';
import { failedRun, panelState, runOf } from './pageValues';
import { serveStubPages, type StubPage, type StubSite, type ThemeName } from './stubPage';
import { openBrowser } from './workbench.mjs';

export type Open = (message: HostMessage, theme?: ThemeName, width?: number) => Promise<StubPage>;

/** One page at a time, closed after each test, which fails where the page threw. */
export function panelStage(): Open {
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
  return async (message, theme = 'light', width = 1100) => {
    stub = await site.open(browser, theme, width);
    await stub.tell(message);
    return stub;
  };
}

export const panel = (part: Partial<PanelState> = {}, draft: Partial<Draft> = {}): HostMessage => {
  const state = panelState(part);
  return { kind: 'panel', state: { ...state, draft: { ...state.draft, ...draft } } };
};

export const focused = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.id ?? '');
export const valueOf = (page: Page, id: string): Promise<string> =>
  page.locator(`#${id}`).evaluate((one) => (one as HTMLInputElement).value);
/** As it reads, in one line. */
export const said = async (locator: Locator): Promise<string> => (await locator.innerText()).replaceAll(/\s+/g, ' ');
export const row = (name: string, value: string, part: object = {}) => ({
  name,
  value,
  secret: false,
  stored: false,
  ...part,
});

export const engines = panelState().engines ?? [];
const [docker] = engines;
export const gpu = (id: string) => ({ id, model: 'NVIDIA RTX 4090', memory: 24_000_000_000 });
export const box = (...ids: string[]) =>
  ({ ...docker, name: 'gpu-box', endpoint: 'ssh://gpu-box', gpus: ids.map(gpu) }) as never;
export const gpuEngines = (...ids: string[]): PanelState['engines'] => [...engines, box(...ids)];

export const live = (id: string, part: Partial<LiveRun> = {}): LiveRun => ({
  id,
  progress: null,
  line: 'epoch 18/30',
  metrics: [
    { metric: 'loss', value: 0.107, step: 18, steps: null },
    { metric: 'val_accuracy', value: 0.964, step: 18, steps: null },
  ],
  silentSince: null,
  artifacts: { pictures: 3, others: 2 },
  ...part,
});
export const going = (id: string, part = {}) =>
  runOf({ id, state: 'Running', endedAt: null, results: null, version: '2.1', from: '2.0', ...part });

export const scenes: Readonly<Record<string, HostMessage>> = {
  'GPUs to choose from, one of them gone': panel(
    { engines: gpuEngines('0', '1') },
    { engine: 'gpu-box', gpuKind: 'ids', gpuIds: ['0', '7'], datasetAccess: 'copy' },
  ),
  'fields with problems': panel(
    { plan: undefined, problems: [{ field: 'dataset', label: 'Dataset folder', message: "data/digit doesn't exist" }] },
    {
      memory: '64 GB',
      artifactsDirectory: '../x',
      parameters: [row('learning rate', '1'), row('a', '1'), row('a', '2')],
    },
  ),
  'a silent engine': panel(
    {
      engines: [
        {
          ...docker,
          state: 'unreachable',
          problem: { code: 'engine-unreachable', message: 'gone', hint: '' },
        } as never,
      ],
    },
    { engine: 'docker' },
  ),
  'runs in progress': panel({
    starting: true,
    runs: [going('a'), going('b', { state: 'Packaging' }), going('c'), going('d'), going('e')],
    live: [
      live('a'),
      live('b', { progress: { text: 'installing torch 2.5.1', done: 3, total: 5 } }),
      live('c', { silentSince: 0 }),
    ],
  }),
  'a run that ended': panel({
    runs: [runOf({ id: 'b', version: '1.2' }), runOf({ id: 'a' })],
    live: [live('b'), live('a', { metrics: [{ metric: 'val_accuracy', value: 0.9, step: 1, steps: null }] })],
  }),
  'a run that failed': panel({ runs: [failedRun] }),
  'nothing checked yet': panel({
    checks: undefined,
    plan: undefined,
    dataset: undefined,
    engines: undefined,
    planning: true,
  }),
  'no trust': panel({ situation: 'untrusted', checks: undefined, plan: undefined, engines: undefined }),
  'a runner that is gone': panel({ runner: 'gone' }),
  'no folder': panel({ situation: 'no-folder', packages: [] }),
};
