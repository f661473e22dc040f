import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../runner/src/store/openStore';
import type { Store } from '../../../runner/src/store/store';
import { runOf, stagedOf, versionOf } from '../../support/storeValues';

const createdAt = '2026-01-01T00:00:00.000Z';

describe('versions in the store', () => {
  let workspace: string;
  let store: Store;
  let time: number;
  let zips = 0;

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'tp-store-'));
    time = Date.now();
    store = open();
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const open = (): Store => openStore({ folder: join(workspace, '.training-pipelines'), workspace, now: () => time });
  const zipOf = async (content: string): Promise<string> => {
    const path = join(workspace, `${zips++}.zip`);
    await writeFile(path, content);
    return path;
  };
  const publish = async (content: string, name = 'digits') =>
    store.versions.publish(name, stagedOf(await zipOf(content), content), createdAt);
  const startRun = async (state: 'Running' | 'Failed' = 'Running'): Promise<string> => {
    const id = store.runs.newId(new Date(time));
    await store.runs.create({ run: runOf(id, { state }), intent: {} });
    return id;
  };
  const train = async (content: string): Promise<string> => {
    const id = await startRun();
    const version = await store.versions.reserve('digits', '1.0', id);
    await store.versions.commit('digits', versionOf(version, id, content), await zipOf(content));
    return version;
  };

  it('publishes each new content as the next major', async () => {
    expect(await publish('a')).toEqual({ version: '1.0', created: true });
    expect(await publish('b')).toEqual({ version: '2.0', created: true });
    expect(await store.versions.numbers('digits')).toEqual(['2.0', '1.0']);
    expect(await readFile(store.versions.zipPath('digits', '2.0'), 'utf8')).toBe('b');
  });

  it('finds the version whose content is identical', async () => {
    await publish('a');
    await publish('b');
    expect(await publish('a')).toEqual({ version: '1.0', created: false });
  });

  it('gives trained versions the minors of the major that they came from', async () => {
    await publish('a');
    for (let minor = 1; minor <= 11; minor++) expect(await train(`t${minor}`)).toBe(`1.${minor}`);
    expect((await store.versions.numbers('digits')).slice(0, 3)).toEqual(['1.11', '1.10', '1.9']);
  });

  it('gives a run that asks again the same number', async () => {
    await publish('a');
    const id = await startRun();
    expect(await store.versions.reserve('digits', '1.0', id)).toBe('1.1');
    expect(await open().versions.reserve('digits', '1.0', id)).toBe('1.1');
    expect(await store.versions.reserve('digits', '1.0', await startRun())).toBe('1.2');
  });

  it('gives a number that was given back to the next run', async () => {
    await publish('a');
    const id = await startRun();
    const version = await store.versions.reserve('digits', '1.0', id);
    await store.versions.release('digits', version, await startRun());
    expect(await store.versions.reserve('digits', '1.0', await startRun())).toBe('1.2');
    await store.versions.release('digits', '1.2', 'nobody');
    await store.versions.release('digits', version, id);
    await store.versions.release('digits', version, id);
    expect(await readdir(join(store.folder, 'packages', 'digits', 'numbers'))).toEqual(['1.0', '1.2']);
  });

  it('takes away the number of a run that ended, or is gone for a while', async () => {
    await publish('a');
    const id = await startRun();
    await store.versions.reserve('digits', '1.0', id);
    await store.runs.write({ run: runOf(id, { state: 'Failed' }), intent: {} });
    expect(await store.versions.reserve('digits', '1.0', '20260101-000000-000-aaaaaa')).toBe('1.1');
    const other = await startRun();
    expect(await store.versions.reserve('digits', '1.0', other)).toBe('1.2');
    time += 3_600_000;
    await store.versions.release('digits', '1.2', other);
    expect(await store.versions.reserve('digits', '1.0', await startRun())).toBe('1.1');
  });

  it('does not give a deleted number again', async () => {
    await publish('a');
    const version = await train('t');
    expect(await store.versions.delete('digits', version)).toBeGreaterThan(0);
    expect(await store.versions.delete('digits', version)).toBe(0);
    expect(await train('u')).toBe('1.2');
    await store.versions.delete('digits', '1.0');
    expect(await publish('b')).toEqual({ version: '2.0', created: true });
    expect(await readdir(join(store.folder, 'staging'))).toEqual([]);
  });

  it('commits once, however often a run does it', async () => {
    await publish('a');
    const id = await startRun();
    const version = await store.versions.reserve('digits', '1.0', id);
    await store.versions.commit('digits', versionOf(version, id, 'first'), await zipOf('first'));
    await store.versions.commit('digits', versionOf(version, id, 'first'), await zipOf('second'));
    expect(await readFile(store.versions.zipPath('digits', version), 'utf8')).toBe('first');
    const other = versionOf(version, 'other', 'third');
    await expect(store.versions.commit('digits', other, await zipOf('third'))).rejects.toMatchObject({
      code: 'store-damaged',
    });
  });

  it('keeps a package name for the folder that took it first, without regard to case', async () => {
    expect(await store.versions.claim('Digits', 'a/digits')).toEqual({ name: 'Digits', folder: 'a/digits' });
    expect(await store.versions.claim('digits', 'a/digits')).toEqual({ name: 'Digits', folder: 'a/digits' });
    await expect(store.versions.claim('DIGITS', 'b/digits')).rejects.toMatchObject({ code: 'package-name-taken' });
    expect(await store.versions.packageOfFolder('a/digits')).toEqual({ name: 'Digits', folder: 'a/digits' });
    expect(await store.versions.package('dIGITS')).toEqual({ name: 'Digits', folder: 'a/digits' });
  });

  it('gives one of two folders that want a name at once', async () => {
    const claims = ['digits', 'Digits', 'DIGITS', 'diGits'].map((name, i) => open().versions.claim(name, `folder${i}`));
    const results = await Promise.allSettled(claims);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await store.versions.packages()).toHaveLength(1);
  });

  it('gives an imported package to the first folder that takes it', async () => {
    expect(await store.versions.claim('digits', null)).toEqual({ name: 'digits', folder: null });
    const claims = ['a', 'b', 'c'].map((folder) => open().versions.claim('digits', folder));
    const results = await Promise.allSettled(claims);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await store.versions.claim('digits', null)).toMatchObject({ name: 'digits' });
  });

  it('keeps a damaged package record aside and goes on', async () => {
    const place = join(store.folder, 'packages', 'digits');
    await store.versions.claim('digits', 'digits');
    await writeFile(join(place, 'package.json'), '');
    expect(await store.versions.package('digits')).toBeUndefined();
    expect(await store.versions.claim('digits', 'digits')).toEqual({ name: 'digits', folder: 'digits' });
    expect(await readdir(place)).toContain(`package.json.damaged-${time}`);
    await publish('a');
    await rm(join(place, 'package.json'));
    expect(await store.versions.packages()).toEqual([{ name: 'digits', folder: null }]);
  });

  it('tells a version that is damaged together with its zip from one that is not there', async () => {
    await publish('a');
    await writeFile(join(store.folder, 'packages', 'digits', '1.0', 'version.json'), '{');
    await expect(store.versions.read('digits', '1.0')).rejects.toMatchObject({ code: 'store-damaged' });
    expect(await store.versions.read('digits', '1.1')).toBeUndefined();
    expect(await store.versions.read('nothing', '1.0')).toBeUndefined();
    expect(await readFile(join(store.folder, 'packages', 'digits', '1.0', 'version.json'), 'utf8')).toBe('{');
  });

  it('is ignored by version control', async () => {
    await publish('a');
    expect(await readFile(join(store.folder, '.gitignore'), 'utf8')).toBe('*\n');
    expect(await store.installation()).toMatch(/^[0-9a-f]{32}$/);
    const all = await Promise.all(Array.from({ length: 5 }, () => open().installation()));
    expect(new Set([...all, await store.installation()]).size).toBe(1);
    await writeFile(join(store.folder, 'installation'), '');
    expect(await open().installation()).not.toBe(all[0]);
  });

  it('removes the staging of dead processes, and no other', async () => {
    const own = await store.staging();
    const folder = join(store.folder, 'staging');
    const owner = JSON.parse(await readFile(`${own.path}.json`, 'utf8')) as object;
    await writeFile(join(folder, 'dead.json'), JSON.stringify({ ...owner, started: 'before' }));
    await writeFile(join(folder, 'foreign.json'), JSON.stringify({ ...owner, host: 'other', boot: 'other' }));
    for (const name of ['dead', 'foreign', 'nobody']) await mkdir(join(folder, name));
    await (await open().staging()).remove();
    const id = own.path.split('/').at(-1) ?? '';
    expect((await readdir(folder)).sort()).toEqual([id, `${id}.json`, 'foreign', 'foreign.json'].sort());
    time += 8 * 24 * 3_600_000;
    await (await open().staging()).remove();
    expect((await readdir(folder)).sort()).toEqual([id, `${id}.json`].sort());
  });
});
