/** What the pipeline panel says around the form: plan, strips, checks, footer; and its keyboard. */
import { describe, expect, it } from 'vitest';
import type { HostMessage } from '../../webview/src/protocol';
import { checks, failedRun, runOf } from '../support/pageValues';
import { focused, going, live, panel, panelStage, said, scenes, valueOf } from '../support/panelScenes';

const open = panelStage();

describe('the plan', () => {
  it('says in three lines what will happen, with what, and why', async () => {
    const { page, sent } = await open(panel({ runs: [] }));
    const lines = (await page.locator('.plan p').allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' '));
    expect(lines).toEqual([
      'Working folder → to 2.0 (new) → to 2.1 (new) on docker (local)',
      'data/digits: 1,797 files, 3.1 MB, GPU none.',
      'requirements.txt and train.py changed since 1.2, so the working folder is published as 2.0 first. Show changes',
    ]);
    await page.getByRole('button', { name: 'Show changes' }).click();
    expect(await sent('showChanges')).toHaveLength(1);
  });

  it('links every problem to its field, also into what is folded', async () => {
    const { page } = await open(
      panel({ plan: undefined, problems: [{ field: 'image', label: 'Base image', message: 'mine:1 is not there' }] }),
    );
    await page.locator('.plan').getByRole('button', { name: 'Base image' }).click();
    expect(await focused(page)).toBe('image');
    expect(await page.locator('#image').isVisible()).toBe(true);
  });

  it('is read out where state, versions or problems change, and fields say their problem once', async () => {
    const { page } = await open(scenes['fields with problems'] as HostMessage);
    expect(await page.locator('.plan').getAttribute('role')).toBe('status');
    expect(await page.getByRole('alert').count()).toBe(6);
    const memory = page.locator('#memory').locator('input');
    expect(await memory.getAttribute('aria-invalid')).toBe('true');
    expect(await memory.getAttribute('aria-description')).toBe('docker (local) has 16\u00a0GB.');
  });
});

describe('the rail and the footer', () => {
  it('stand beside the form, and fold to one line where there is no room', async () => {
    const { page } = await open(panel());
    const rail = page.getByRole('complementary');
    expect(await said(rail.getByRole('listitem').first())).toContain('Package passed: Main.train and Main.save');
    await page.setViewportSize({ width: 800, height: 900 });
    const fold = rail.locator('summary');
    await fold.waitFor();
    expect(await fold.textContent()).toBe('5 checks passed');
    expect(await rail.locator('.checks').isVisible()).toBe(false);
    await fold.click();
    expect(await rail.locator('.checks').isVisible()).toBe(true);
  });

  it('stay unfolded while news come in', async () => {
    const { page, tell } = await open(panel());
    await page.locator('#advanced').click();
    await tell(panel({ planning: true }));
    expect(await page.locator('#image').isVisible()).toBe(true);
  });

  it('say what was not checked, and check again when asked', async () => {
    const { page, sent } = await open(scenes['nothing checked yet'] as HostMessage);
    expect(await said(page.locator('.checks'))).toContain('Image not checked yet');
    await page.getByRole('button', { name: 'Check again' }).click();
    expect(await sent('checkAgain')).toHaveLength(1);
  });

  it('say what the image costs, or how many problems there are', async () => {
    const { page, tell } = await open(panel());
    const footer = page.locator('footer .help');
    expect(await footer.textContent()).toBe('Will reuse the cached image. Nothing to install.');
    const environment = {
      ...checks.environment,
      kind: 'build',
      changed: [{ file: 'requirements.txt', names: ['numpy'] }],
    };
    await tell(panel({ checks: { ...checks, environment } as never }));
    expect(await footer.textContent()).toBe('Will build the image: numpy changed in requirements.txt.');
    await page.locator('#dataset').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    expect(await footer.textContent()).toBe(' 1 problem. Run goes to the first.');
  });

  it('list three runs that open', async () => {
    const runs = [4, 3, 2, 1].map((i) => runOf({ id: `r${i}`, version: `1.${i}` }));
    const { page, sent } = await open(panel({ runs, live: runs.map(({ id }) => live(id)) }));
    const recent = page.locator('.recent-runs li');
    expect(await recent.count()).toBe(3);
    expect((await recent.first().innerText()).replaceAll(/\s+/g, ' ')).toContain('6.1 s, val_accuracy 0.964');
    await recent.nth(1).getByRole('button').click();
    expect(await sent('openRun')).toEqual([{ kind: 'openRun', id: 'r3' }]);
  });
});

describe('strips of runs', () => {
  it('show three at most, then how many more', async () => {
    const { page } = await open(scenes['runs in progress'] as HostMessage);
    const strips = page.locator('.strip');
    expect(await strips.count()).toBe(4);
    expect(await page.locator('main > p').textContent()).toBe('and 2 more');
    expect(await said(strips.nth(1))).toContain('step 18 loss 0.107 val_accuracy 0.964 epoch 18/30');
    expect(await strips.nth(2).innerText()).toContain('installing torch 2.5.1');
    expect(await strips.nth(2).locator('.bar > div').getAttribute('style')).toBe('width: 60.0%');
    expect(await strips.nth(1).locator('.bar').count()).toBe(0);
  });

  it('show a bar where the steps are known, and the version that is to come', async () => {
    const metrics = [{ metric: 'loss', value: 0.107, step: 18, steps: 30 }];
    const run = going('a', { version: '' });
    const { page } = await open(panel({ runs: [run], live: [live('a', { metrics, makes: '2.1' })] }));
    expect(await said(page.locator('.strip'))).toContain('2.0 → to 2.1 (new) step 18 of 30 loss 0.107');
    expect(await page.locator('.strip .bar > div').getAttribute('style')).toBe('width: 60.0%');
  });

  it('stop turning where nothing is heard', async () => {
    const { page } = await open(panel({ runs: [going('a')], live: [live('a', { silentSince: Date.now() - 14_000 })] }));
    const strip = page.locator('.strip');
    expect(await said(strip)).toMatch(/No news from docker \(local\) for [12]\d s/);
    expect(await strip.locator('.codicon-modifier-spin').count()).toBe(0);
    expect(await strip.getByRole('button', { name: 'Open run' }).count()).toBe(1);
    expect(await strip.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  });

  it('hold the result against the newest success before', async () => {
    const { page, sent } = await open(scenes['a run that ended'] as HostMessage);
    const text = await said(page.locator('.strip'));
    expect(text).toContain('Successful in 6.1 s 1.0 → to 1.2 val_accuracy 0.964, +0.064 vs version 1.1');
    expect(text).toContain('3 pictures, 2 other artifacts. Ended');
    await page.getByRole('button', { name: 'Compare with 1.1' }).click();
    expect(await sent('compareRuns')).toEqual([{ kind: 'compareRuns', id: 'b', other: 'a' }]);
    await page.getByRole('button', { name: 'Show results' }).click();
    expect(await sent('showRunResults')).toEqual([{ kind: 'showRunResults', id: 'b' }]);
  });

  it('end a failure on the user’s line, and stay closed once closed', async () => {
    const { page, sent, tell } = await open(scenes['a run that failed'] as HostMessage);
    await page.getByRole('button', { name: 'Open train.py:38' }).click();
    expect(await sent('openRunFrame')).toEqual([
      { kind: 'openRunFrame', id: failedRun.id, file: 'train.py', line: 38 },
    ]);
    await page.locator('.strip').getByRole('button', { name: 'Close' }).click();
    await tell(scenes['a run that failed'] as HostMessage);
    expect(await page.locator('.strip').count()).toBe(0);
    const kept = await page.evaluate(() => (globalThis as unknown as { state: { closed: string[] } }).state.closed);
    expect(kept).toEqual([failedRun.id]);
  });

  it('say that a run starts, and leave the focus on Run', async () => {
    const { page, sent, tell } = await open(panel({ runs: [] }));
    await page.locator('#run').focus();
    await page.keyboard.press('Enter');
    expect(await sent('run')).toHaveLength(1);
    await tell(panel({ runs: [], starting: true }));
    expect(await page.locator('.strip').innerText()).toBe('Starting the run');
    await tell(panel({ runs: [going('a')], live: [live('a')] }));
    expect(await focused(page)).toBe('run');
  });
});

describe('the keyboard', () => {
  it('goes through the page in reading order', async () => {
    const { page } = await open(panel({ runs: [] }));
    const seen: string[] = [];
    for (let i = 0; i < 40 && seen.at(-1) !== 'run'; i++) {
      await page.keyboard.press('Tab');
      const id = await focused(page);
      if (id !== '') seen.push(id);
    }
    const fields = ['package', 'from', 'dataset', 'subFolder', 'engine', 'memory', 'cpus', 'shm', 'timeout'];
    const rows = [0, 1, 2].flatMap((i) => [`parameter-${i}-name`, `parameter-${i}-value`]);
    const wanted = [...fields, ...rows, 'saveTrainingData', 'artifactsDirectory', 'advanced', 'run'];
    expect(seen.filter((id) => wanted.includes(id))).toEqual(wanted);
  });

  it('opens recent folders by Down and the dialog by Ctrl+O in the dataset’s field', async () => {
    const { page, sent } = await open(panel());
    await page.locator('#dataset').click();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Control+o');
    expect(await sent('recentDatasets')).toHaveLength(1);
    expect(await sent('browse')).toHaveLength(1);
    await page.locator('#memory').click();
    await page.keyboard.press('ArrowDown');
    expect(await sent('recentDatasets')).toHaveLength(1);
  });

  it('saves as by Ctrl+Shift+S, stops by Shift+F5 and runs again by Ctrl+Shift+F5', async () => {
    const { page, sent } = await open(panel({ runs: [going('a'), runOf({ id: 'b' })] }));
    await page.locator('#memory').click();
    await page.keyboard.press('Control+Shift+S');
    await page.keyboard.press('Shift+F5');
    await page.keyboard.press('Control+Shift+F5');
    expect(await sent('save')).toMatchObject([{ as: true }]);
    expect(await sent('stop')).toEqual([{ kind: 'stop', id: 'a' }]);
    expect(await sent('runAgain')).toEqual([{ kind: 'runAgain', id: 'b' }]);
  });

  it('goes around the problems by F8, from the last one to the first', async () => {
    const { page } = await open(scenes['fields with problems'] as HostMessage);
    const wanted = [
      'dataset',
      'memory',
      'parameter-0-name',
      'parameter-1-name',
      'parameter-2-name',
      'artifactsDirectory',
    ];
    for (const id of [...wanted, 'dataset']) {
      await page.keyboard.press('F8');
      expect(await focused(page)).toBe(id);
    }
    await page.keyboard.press('Shift+F8');
    expect(await focused(page)).toBe('artifactsDirectory');
  });
});

describe('what comes from the extension', () => {
  it('changes single fields and leaves what is typed elsewhere', async () => {
    const { page, tell } = await open(panel());
    await page.locator('#memory').click();
    await page.keyboard.type('4g');
    await tell({ kind: 'patch', part: { dataset: 'data/other', name: 'nightly' } });
    expect(await valueOf(page, 'dataset')).toBe('data/other');
    expect(await valueOf(page, 'memory')).toBe('4g');
    expect(await page.locator('h1').textContent()).toBe('nightly');
    expect(await focused(page)).toBe('memory');
  });

  it('says saved only where it is', async () => {
    const { page, tell } = await open(panel());
    const words = page.locator('header .help');
    expect(await words.textContent()).toBe('Saved');
    await page.locator('#memory').click();
    await page.keyboard.type('4g');
    expect(await words.textContent()).toBe('Edited, not saved. Run uses what you see.');
    await tell(panel({ saved: true }));
    expect(await words.textContent()).toBe('Saved');
  });
});

describe('where nothing can run', () => {
  it('says so without trust, and Run does nothing', async () => {
    const { page, sent } = await open(scenes['no trust'] as HostMessage);
    expect(await page.locator('.plan').textContent()).toContain(
      'This workspace is not trusted. train.py is checked and past runs can be read; nothing runs and nothing connects.',
    );
    await page.keyboard.press('Control+Enter');
    await page.locator('#run').click();
    expect(await sent('run')).toEqual([]);
    await page.getByRole('button', { name: 'Manage Workspace Trust' }).click();
    expect(await sent('command')).toEqual([{ kind: 'command', command: 'manageTrust' }]);
  });

  it.each([
    ['no-folder', 'Open a folder to train in. Its packages, versions and runs are kept inside it.'],
    [
      'virtual',
      'This workspace has no files on disk, so nothing can be trained here. Past runs are kept with the folder they ran in.',
    ],
  ] as const)('says why: %s', async (situation, words) => {
    const { page, sent } = await open(panel({ situation, packages: [] }));
    expect(await page.locator('main').textContent()).toContain(words);
    await page.getByRole('button', { name: 'Open Folder' }).click();
    expect(await sent('command')).toEqual([{ kind: 'command', command: 'openFolder' }]);
  });

  it('offers three ways to a first package', async () => {
    const { page, sent } = await open(panel({ packages: [] }));
    for (const name of ['New ML package', 'Import package zip…', 'Use a folder that has a train.py'])
      await page.getByRole('button', { name }).click();
    expect((await sent('command')).map(({ command }) => command)).toEqual([
      'newPackage',
      'importPackage',
      'usePackageFolder',
    ]);
  });
});
