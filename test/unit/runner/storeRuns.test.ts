import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeZip } from '../../../runner/src/archive/writeZip';
import { scanPackage } from '../../../runner/src/archive/scanPackage';
import { openStore } from '../../../runner/src/store/openStore';
import type { ProcessIdentity } from '../../../runner/src/store/processIdentity';
import { ownIdentity } from '../../../runner/src/store/processIdentity';
import type { Store } from '../../../runner/src/store/store';
import { resultsOf, runOf, versionOf } from '../../support/storeValues';

describe('runs in the store', () => {
  let workspace: string;
  let store: Store;
  let time: number;

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'tp-store-'));
    time = Date.now();
    store = open();
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const open = (identity?: () => Promise<ProcessIdentity>): Store =>
    openStore({
      folder: join(workspace, '.training-pipelines'),
      workspace,
      now: () => time,
      ...(identity && { identity }),
    });
  const create = async (): Promise<string> => {
    const id = store.runs.newId(new Date((time += 1)));
    await store.runs.create({ run: runOf(id), intent: { stage: 'packaging' } });
    return id;
  };
  const pathOf = (id: string, name: string): string => join(store.runs.folder(id), name);

  it('has ids that sort by time and are distinct', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) =>
      store.runs.newId(new Date(1_767_225_600_000 + Math.floor(i / 10))),
    );
    expect(new Set(ids).size).toBe(1_000);
    expect(ids.map((id) => id.slice(0, 19))).toEqual(ids.map((id) => id.slice(0, 19)).sort());
  });

  it('makes a run with its record and an empty log', async () => {
    const id = await create();
    expect(await store.runs.read(id)).toEqual({ run: runOf(id), intent: { stage: 'packaging' } });
    expect(await readFile(pathOf(id, 'log.txt'), 'utf8')).toBe('');
    expect(await readdir(join(store.folder, 'staging'))).toEqual([]);
  });

  it('lists runs newest first, from the cache too', async () => {
    const ids = [await create(), await create(), await create()];
    await store.runs.write({ run: runOf(ids[0] ?? '', { state: 'Successful', version: '1.1' }), intent: {} });
    const expected = [...ids].reverse();
    for (const reader of [store, store, open(), open()]) {
      const runs = await reader.runs.list();
      expect(runs.map((run) => run.id)).toEqual(expected);
      expect(runs[2]?.version).toBe('1.1');
    }
    await store.runs.write({ run: runOf(ids[0] ?? '', { state: 'Failed' }), intent: {} });
    expect((await open().runs.list())[2]?.state).toBe('Failed');
  });

  it('lists runs where the cache is damaged', async () => {
    const id = await create();
    await store.runs.write({ run: runOf(id, { state: 'Failed' }), intent: {} });
    await store.runs.list();
    for (const text of ['', '{', '{"schema":2,"entries":{"x":{"stamp":"","run":{}}}}', '[]']) {
      await writeFile(join(store.cacheFolder, 'runs.json'), text);
      expect((await open().runs.list()).map((run) => run.id)).toEqual([id]);
    }
  });

  it('is back one durable step where the record is damaged or gone', async () => {
    const id = await create();
    await store.runs.write({ run: runOf(id), intent: { stage: 'started' } });
    await store.runs.write({ run: runOf(id), intent: { stage: 'ended' } });
    await writeFile(pathOf(id, 'run.json'), '\0\0\0');
    expect(await open().runs.read(id)).toEqual({ run: runOf(id), intent: { stage: 'started' } });
    expect(await readFile(pathOf(id, `run.json.damaged-${time}`), 'utf8')).toBe('\0\0\0');
    await rm(pathOf(id, 'run.json'));
    expect((await open().runs.read(id))?.intent).toEqual({ stage: 'started' });
    expect((await open().runs.list()).map((run) => run.id)).toEqual([id]);
  });

  it('knows from the results that a run ended', async () => {
    const id = await create();
    await store.runs.write({ run: runOf(id, { state: 'Finalizing' }), intent: { stage: 'ended' } });
    await store.runs.writeResults(id, resultsOf('1.1'));
    await rm(pathOf(id, 'run.json'));
    const { run } = (await open().runs.read(id)) ?? {};
    expect(run).toMatchObject({ state: 'Successful', version: '1.1', engine: 'process', parameters: { epochs: '3' } });
    expect(run).toMatchObject({ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:02.000Z' });
  });

  it('knows from a version that a run made it', async () => {
    const id = await create();
    const zip = join(workspace, 'x.zip');
    await writeFile(zip, 'content');
    await store.versions.claim('digits', 'digits');
    await store.versions.commit('digits', versionOf('1.1', id, 'content'), zip);
    await rm(pathOf(id, 'run.json'));
    expect((await open().runs.read(id))?.run).toMatchObject({ state: 'Successful', version: '1.1', from: '1.0' });
  });

  it('shows a run of which nothing is left as lost, and deletes nothing', async () => {
    const id = await create();
    await writeFile(pathOf(id, 'log.txt'), 'what it said\n');
    await rm(pathOf(id, 'run.json'));
    const [run] = await open().runs.list();
    expect(run).toMatchObject({ id, state: 'Failed', cause: { kind: 'lost' } });
    expect(await readFile(pathOf(id, 'log.txt'), 'utf8')).toBe('what it said\n');
  });

  it('knows nothing of a run that was deleted', async () => {
    const id = await create();
    expect(await store.runs.delete(id)).toBeGreaterThan(0);
    expect(await store.runs.read(id)).toBeUndefined();
    expect(await store.runs.lease(id)).toBeUndefined();
    expect(await store.runs.isLeased(id)).toBe(false);
    expect(await store.runs.delete(id)).toBe(0);
    expect(await readdir(join(store.folder, 'runs'))).toEqual([]);
    expect(await store.runs.read('../../etc')).toBeUndefined();
  });

  it('makes a damaged seal anew from a whole zip', async () => {
    const id = await create();
    const folder = join(workspace, 'digits');
    await store.versions.claim('digits', 'digits');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(folder);
    await writeFile(join(folder, 'train.py'), 'class Main: pass\n');
    const { entries } = await scanPackage(folder);
    const zip = await writeZip({ entries, root: 'digits', target: join(workspace, 'x.zip') });
    const sealed = { zip: zip.zip, tree: zip.tree, files: [...zip.files] };
    const file = { ...versionOf('1.1', id, ''), sealed };
    await store.versions.commit('digits', file, join(workspace, 'x.zip'));
    await store.runs.write({ run: runOf(id, { state: 'Successful', version: '1.1' }), intent: {} });
    const path = join(store.folder, 'packages', 'digits', '1.1', 'version.json');
    await writeFile(path, '');
    expect(await open().versions.read('digits', '1.1')).toMatchObject({ from: '1.0', run: id, sealed });
    await rm(path);
    expect(await open().versions.read('digits', '1.1')).toMatchObject({ run: id, sealed });
    const bytes = await readFile(store.versions.zipPath('digits', '1.1'));
    bytes[60] = (bytes[60] ?? 0) ^ 0xff;
    await writeFile(store.versions.zipPath('digits', '1.1'), bytes);
    await rm(path);
    await expect(open().versions.read('digits', '1.1')).rejects.toMatchObject({ code: 'store-damaged' });
  });

  it('keeps a stop request', async () => {
    const id = await create();
    expect(await store.runs.stopRequest(id)).toBeUndefined();
    await store.runs.requestStop(id, false);
    expect(await store.runs.stopRequest(id)).toEqual({ now: false });
    await store.runs.requestStop(id, true);
    await store.runs.requestStop(id, false);
    expect(await open().runs.stopRequest(id)).toEqual({ now: true });
    await writeFile(pathOf(id, 'stop.json'), '');
    expect(await store.runs.stopRequest(id)).toEqual({ now: false });
  });

  it('tells watchers of a run made by another process', async () => {
    await create();
    const told = new Promise<void>((resolve) => {
      const watching = store.watch(() => {
        watching.dispose();
        resolve();
      });
    });
    const other = open();
    const id = other.runs.newId(new Date());
    await other.runs.create({ run: runOf(id), intent: {} });
    await told;
    expect(await store.runs.ids()).toContain(id);
  });

  describe('leases', () => {
    const as = async (change: Partial<ProcessIdentity>): Promise<Store> => {
      const own = await ownIdentity();
      return open(() => Promise.resolve({ ...own, ...change }));
    };

    it('belong to one live process at a time', async () => {
      const id = await create();
      const lease = await store.runs.lease(id);
      expect(await lease?.isHeld()).toBe(true);
      expect(await open().runs.isLeased(id)).toBe(true);
      expect(await open().runs.lease(id)).toBeUndefined();
      await lease?.release();
      await lease?.release();
      expect(await open().runs.isLeased(id)).toBe(false);
      expect(await open().runs.lease(id)).toBeDefined();
      expect(await lease?.isHeld()).toBe(false);
    });

    it('of 20 that want it at once one gets it', async () => {
      const id = await create();
      for (let round = 0; round < 3; round++) {
        const leases = await Promise.all(Array.from({ length: 20 }, () => open().runs.lease(id)));
        const got = leases.filter((lease) => lease !== undefined);
        expect(got).toHaveLength(1);
        await got[0]?.release();
      }
    });

    it('are taken over from the dead, who notice it when they are not', async () => {
      const id = await create();
      for (const change of [{ started: 'before' }, { pid: 2 ** 22 + 1 }, { boot: 'another' }]) {
        const lease = await (await as(change)).runs.lease(id);
        const next = await store.runs.lease(id);
        expect(next).toBeDefined();
        expect(await lease?.isHeld()).toBe(false);
        await lease?.release();
        expect(await next?.isHeld()).toBe(true);
        await next?.release();
      }
    });

    it('of another machine or container end two minutes after the last sign of life', async () => {
      const id = await create();
      for (const change of [{ host: 'other', boot: 'other' }, { space: 'other' }]) {
        const lease = await (await as(change)).runs.lease(id);
        expect(await store.runs.isLeased(id)).toBe(true);
        time += 119_000;
        expect(await store.runs.lease(id)).toBeUndefined();
        time += 2_000;
        const next = await store.runs.lease(id);
        expect(next).toBeDefined();
        expect(await lease?.isHeld()).toBe(false);
        await next?.release();
        time = Date.now();
      }
    });

    it('survive garbage in their files', async () => {
      const id = await create();
      await (await store.runs.lease(id))?.release();
      await writeFile(pathOf(id, 'lease/00000007.json'), '{');
      expect(await store.runs.isLeased(id)).toBe(true);
      time += 6_000;
      expect(await store.runs.lease(id)).toBeDefined();
      expect(await readdir(pathOf(id, 'lease'))).toEqual(['00000008.json']);
    });
  });
});
