import { it, beforeAll, afterAll } from 'vitest';
import type { Browser } from 'playwright-core';
import { panelState, runOf, failedRun } from '../support/pageValues';
import { serveStubPages, type StubSite, type ThemeName } from '../support/stubPage';
import { openBrowser } from '../support/workbench.mjs';
let browser: Browser; let site: StubSite;
beforeAll(async () => { browser = await openBrowser(); site = await serveStubPages(); });
afterAll(async () => { site.close(); await browser.close(); });
const gpus = [0,1].map((id) => ({ id: String(id), model: 'NVIDIA RTX 4090', memory: 24_000_000_000 }));
const base = panelState();
const gpuBox = { ...base.engines![0]!, name: 'gpu-box', endpoint: 'ssh://gpu-box', gpus, cpus: 32 };
const ended = [0,1,2,3].map((i) => runOf({ id: `2026010${i}-120000-000-abcdef`, version: `1.${4-i}` }));
const live = (id: string, part = {}) => ({ id, progress: null, line: 'epoch 18/30 loss 0.107', metrics: [{ metric: 'loss', value: 0.107, step: 18 }, { metric: 'val_accuracy', value: 0.964, step: 18 }], silentSince: null, artifacts: { pictures: 3, others: 2 }, ...part });
const states: Record<string, ReturnType<typeof panelState>> = {
  ready: panelState({ runs: [...ended], live: ended.map((r) => live(r.id)) }),
  gpu: panelState({ engines: [...base.engines!, gpuBox], draft: { ...base.draft, engine: 'gpu-box', gpuKind: 'ids', gpuIds: ['0'], shm: '8 GB', timeout: '30 min' }, enginesAt: Date.now() - 40_000, runs: [] , plan: { ...base.plan!, from: '2.0', publishes: false, changedSince: null, taken: ['2.1'], makes: '2.2', engine: 'gpu-box' } }),
  problems: panelState({ saved: false, plan: undefined, draft: { ...base.draft, memory: '64 GB', parameters: [...base.draft.parameters, { name: 'learning rate', value: '0.005', secret: false, stored: false }] }, problems: [{ field: 'dataset', label: 'Dataset folder', message: "data/digit doesn't exist", fix: { text: 'Use data/digits', edit: { dataset: 'data/digits' } } }], runs: [] }),
  running: panelState({ runs: [runOf({ id: 'a', state: 'Running', endedAt: null, results: null, version: '2.1', from: '2.0', startedAt: new Date(Date.now() - 4000).toISOString() }), runOf({ id: 'b', state: 'Packaging', endedAt: null, results: null, version: '', from: '2.0', startedAt: new Date(Date.now() - 38000).toISOString() }), runOf({ id: 'c', state: 'Running', endedAt: null, results: null, version: '2.3', from: '2.0' })], live: [live('a', { progress: null }), live('b', { metrics: [], progress: { text: 'installing torch 2.5.1', done: 3, total: 5 } }), live('c', { silentSince: Date.now() - 14000 })] }),
  failed: panelState({ runs: [failedRun] }),
  empty: panelState({ packages: [] }),
  untrusted: panelState({ situation: 'untrusted', plan: undefined, checks: undefined, engines: undefined }),
};
for (const [name, theme, width] of (process.env.SHOTS ?? 'ready:dark:1100').split(',').map((one) => one.split(':')) as [string, ThemeName, string][])
  it(`${name} ${theme} ${width}`, async () => {
    const stub = await site.open(browser, theme, Number(width));
    await stub.tell({ kind: 'panel', state: states[name]! });
    if (name === 'gpu') await stub.page.locator('#advanced').click();
    await stub.page.screenshot({ path: `/tmp/shots/${name}-${theme}-${width}.png`, fullPage: true });
    console.log(stub.errors);
    await stub.page.close();
  });
