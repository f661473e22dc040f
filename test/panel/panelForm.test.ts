/** The form of the pipeline panel: its fields, what they check, and what they offer. */
import { describe, expect, it } from 'vitest';
import type { HostMessage } from '../../webview/src/protocol';
import { checks } from '../support/pageValues';
import { engines, focused, gpuEngines, panel, panelStage, row, scenes, valueOf } from '../support/panelScenes';

const open = panelStage();

describe('the parameter grid by keyboard', () => {
  const rows = { parameters: [row('a', '1'), row('b', '2'), row('c', '3')] };

  it('goes to the next row by Enter, and makes one at the end', async () => {
    const { page, sent } = await open(panel({}, { parameters: [row('a', '1')] }));
    await page.locator('#parameter-0-value').click();
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('parameter-1-value');
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('parameter-2-value');
    expect((await sent('edit')).at(-1)?.draft.parameters.map(({ value }) => value)).toEqual(['1', '2']);
  });

  it('stays in its column by Down and Up, and at its ends', async () => {
    const { page } = await open(panel({}, rows));
    await page.locator('#parameter-1-name').click();
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('parameter-2-name');
    for (const _ of [1, 2, 3]) await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('parameter-3-name');
    for (const _ of [1, 2, 3, 4, 5]) await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toBe('parameter-0-name');
  });

  it('removes a row by Ctrl+Delete and stands in the next one', async () => {
    const { page, sent } = await open(panel({}, rows));
    await page.locator('#parameter-1-value').click();
    await page.keyboard.press('Control+Delete');
    expect((await sent('edit')).at(-1)?.draft.parameters.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(await focused(page)).toBe('parameter-1-value');
    expect(await valueOf(page, 'parameter-1-value')).toBe('3');
    await page.keyboard.press('Control+Delete');
    await page.keyboard.press('Control+Delete');
    expect((await sent('edit')).at(-1)?.draft.parameters.map(({ name }) => name)).toEqual(['a']);
  });

  it('still runs by Ctrl+Enter from within it', async () => {
    const { page, sent } = await open(panel({}, rows));
    await page.locator('#parameter-1-value').click();
    await page.keyboard.press('Control+Enter');
    expect(await sent('run')).toHaveLength(1);
    expect(await focused(page)).toBe('parameter-1-value');
  });
});

describe('parameters', () => {
  it('show the defaults first, and what Output sets in their place', async () => {
    const { page } = await open(panel({}, { artifactsDirectory: 'out' }));
    const first = page.locator('.parameters .default');
    expect(await first.allTextContents()).toEqual([
      'artifacts_directoryoutset below',
      'save_training_datafalsedefault',
    ]);
  });

  it('are checked as they are typed, and mended by one press', async () => {
    const { page, sent } = await open(panel());
    await page.locator('#parameter-2-name').click();
    await page.keyboard.type('learning rate');
    expect(await page.locator('.plan').textContent()).toContain("Can't run yet: 1 problem");
    await page.getByRole('button', { name: 'Use learning_rate' }).click();
    expect(await valueOf(page, 'parameter-2-name')).toBe('learning_rate');
    expect(await focused(page)).toBe('parameter-2-name');
    expect(await page.locator('.problem').count()).toBe(0);
    expect((await sent('edit')).at(-1)?.draft.parameters[2]?.name).toBe('learning_rate');
  });

  it('offer what train.py reads beside them', async () => {
    const { page, sent } = await open(panel());
    expect(await page.locator('section', { hasText: 'Parameters' }).last().textContent()).toContain(
      'train.py also reads batch_size, 64 if not set.',
    );
    await page.getByRole('button', { name: 'Add batch_size' }).click();
    expect((await sent('edit')).at(-1)?.draft.parameters[2]).toEqual(row('batch_size', '64'));
    expect(await focused(page)).toBe('parameter-2-value');
    expect(await page.getByText('also reads').count()).toBe(0);
  });

  it('give a typed secret away once, and never get it back', async () => {
    const { page, sent, tell } = await open(panel());
    await page.locator('#parameter-1-value').click();
    await page.keyboard.type('hunter2');
    await page.keyboard.press('Tab');
    expect(await sent('secret')).toEqual([{ kind: 'secret', name: 'HF_TOKEN', value: 'hunter2' }]);
    await tell({ kind: 'stored', names: ['HF_TOKEN'] });
    expect(await valueOf(page, 'parameter-1-value')).toBe('');
    expect(await page.locator('#parameter-1-value').getAttribute('type')).toBe('password');
    expect(await page.getByText('stored').count()).toBe(1);
    await page.locator('#parameter-0-value').click();
    await page.keyboard.type('1');
    expect(JSON.stringify((await sent('edit')).at(-1))).not.toContain('hunter2');
  });

  it('ask for the value of a secret that has none', async () => {
    const { page, sent } = await open(panel({}, { parameters: [row('T', '', { secret: true })] }));
    await page.keyboard.press('Control+Enter');
    expect(await sent('run')).toEqual([]);
    expect(await focused(page)).toBe('parameter-0-value');
  });

  it('keep the roles of their controls when the page is drawn again', async () => {
    const { page, tell } = await open(panel());
    await tell(panel({ planning: true }));
    await page.locator('#parameter-2-name').click();
    await page.keyboard.type('TOKEN');
    await page.getByRole('checkbox', { name: 'TOKEN is secret', exact: true }).last().click();
    expect(await page.locator('#parameter-2-value').getAttribute('type')).toBe('password');
  });
});

describe('GPUs', () => {
  const chosen = { engine: 'gpu-box', gpuKind: 'ids', gpuIds: ['0', '1'] } as const;

  it('are those that the engine reports', async () => {
    const { page, sent } = await open(panel({ engines: gpuEngines('0', '1') }, { ...chosen, gpuIds: ['0'] }));
    const list = page.getByRole('checkbox', { name: /^GPU \d/ });
    expect(await list.allTextContents()).toEqual([0, 1].map((id) => `GPU ${id}, NVIDIA RTX 4090, 24\u00a0GB`));
    await list.last().click();
    expect((await sent('edit')).at(-1)?.draft.gpuIds).toEqual(['0', '1']);
  });

  it('that disappear are shown as gone, and nothing else is chosen for them', async () => {
    const { page, sent, tell } = await open(
      panel({ engines: gpuEngines('0', '1') }, { ...chosen, gpuIds: [...chosen.gpuIds] }),
    );
    await tell(panel({ engines: gpuEngines('0') }));
    const gone = page.getByRole('checkbox', { name: 'GPU 1 (gone)' });
    expect(await gone.getAttribute('aria-checked')).toBe('true');
    expect(await sent('edit')).toEqual([]);
    expect(await page.locator('.plan').textContent()).toContain('GPU 1 is not on gpu-box any more');
    await gone.click();
    expect((await sent('edit')).at(-1)?.draft.gpuIds).toEqual(['0']);
  });

  it('of an engine that disappears with them stay chosen', async () => {
    const { page, sent, tell } = await open(panel({ engines: gpuEngines('0', '1') }, { ...chosen, gpuIds: ['0'] }));
    await tell(panel({ engines }));
    expect(await valueOf(page, 'engine')).toBe('gpu-box');
    expect(await valueOf(page, 'gpuIds')).toBe('0');
    expect(await sent('edit')).toEqual([]);
    expect(await page.locator('.plan').textContent()).toContain('There is no engine gpu-box any more');
  });

  it('are counted in a field that appears, with what there is', async () => {
    const { page, sent } = await open(panel({ engines: gpuEngines('0', '1') }, { engine: 'gpu-box' }));
    await page.getByRole('radio', { name: 'Count' }).click();
    await page.locator('#gpuCount').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('3');
    expect((await sent('edit')).at(-1)?.draft).toMatchObject({ gpuKind: 'count', gpuCount: '3' });
    expect(await page.locator('.gpu .problem').textContent()).toContain('gpu-box has 2 GPUs.');
  });

  it('that an engine cannot pass on are not to be chosen, and it says why', async () => {
    const message = 'docker (local) has a GPU, but Docker can’t pass it on: the NVIDIA container toolkit is missing.';
    const gpuTrouble = { kind: 'toolkit', message, hint: '' } as const;
    const { page } = await open(panel({ checks: { ...checks, gpuTrouble } }));
    expect(await page.locator('.gpu').textContent()).toContain(message);
    expect(await page.getByRole('radio', { name: 'All' }).getAttribute('aria-disabled')).toBe('true');
  });

  it('of an engine that could not be asked may be tried', async () => {
    const gpuTrouble = {
      kind: 'not-asked',
      message: 'docker has no image yet to look for GPUs in.',
      hint: '',
    } as const;
    const { page, sent } = await open(panel({ checks: { ...checks, gpuTrouble } }));
    await page.getByRole('radio', { name: 'All' }).click();
    expect((await sent('edit')).at(-1)?.draft.gpuKind).toBe('all');
  });

  it('that are not there cannot be chosen, with the reason beside them', async () => {
    const { page, sent } = await open(panel({ engines: gpuEngines('0', '1') }, { engine: 'process' }));
    const all = page.getByRole('radio', { name: 'All' });
    expect(await all.getAttribute('aria-disabled')).toBe('true');
    const reason = 'Local Python reports no GPU. gpu-box has 2.';
    expect(await page.locator('.gpu').textContent()).toContain(reason);
    expect(await page.locator('#gpu').getAttribute('aria-description')).toBe(reason);
    await page.getByRole('button', { name: 'Use gpu-box' }).click();
    expect((await sent('edit')).at(-1)?.draft.engine).toBe('gpu-box');
  });
});

describe('engines', () => {
  it('say how old their facts are, and are asked again', async () => {
    const { page, sent, tell } = await open(panel({ enginesAt: Date.now() - 40_000 }));
    const facts = page.locator('.facts');
    expect(await facts.textContent()).toMatch(/^Docker Engine 27\.3\.1: 8 CPUs, 16\sGB memory\. Asked 40\ss ago\. /);
    await page.getByRole('button', { name: 'Ask again' }).click();
    expect(await sent('askEngines')).toHaveLength(1);
    await tell(panel({ enginesAt: Date.now() }));
    expect(await facts.textContent()).not.toContain('Asked');
  });

  it('that are silent leave the form in place, with what helps', async () => {
    const { page, sent } = await open(scenes['a silent engine'] as HostMessage);
    expect(await page.locator('.plan').textContent()).toContain("docker (local) doesn't answer");
    await page.getByRole('button', { name: 'Try again' }).click();
    expect(await sent('askEngines')).toHaveLength(1);
    expect(await page.locator('#memory').isVisible()).toBe(true);
  });
});
