/** Each file operation of the store fails once, in each way that disks do. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isExpected } from '../../runner/src/domain/errors';
import { openStore } from '../../runner/src/store/openStore';
import type { Store } from '../../runner/src/store/store';
import { faultyDisk } from '../support/faultyDisk';
import { tellFault } from '../support/faultTable';
import { isLongForm } from '../support/random';
import { resultsOf, runOf, stagedOf, versionOf } from '../support/storeValues';

const createdAt = '2026-01-01T00:00:00.000Z';
const run = '20260101-000000-000-aaaaaa';
const codes = ['EIO', 'ENOSPC', 'EACCES', 'EMFILE'];
/** The short form tries one code at each operation. */
const codesAt = (at: number): string[] =>
  isLongForm ? codes : codes.slice(at % codes.length, (at % codes.length) + 1);

describe('a file operation that fails once', () => {
  let workspace: string;

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'tp-failures-'));
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const storeAt = (place: string, disk = faultyDisk()): Store =>
    openStore({ folder: join(place, 'store'), workspace: place, disk });
  const zipAt = async (place: string, content: string): Promise<string> => {
    const path = join(place, `${content}.zip`);
    await writeFile(path, content);
    return path;
  };

  /** A store with a version 1.0 and a run that has reserved 1.1. */
  async function prepare(place: string): Promise<void> {
    const store = storeAt(place);
    await store.versions.claim('digits', 'digits');
    await store.versions.publish('digits', stagedOf(await zipAt(place, 'a'), 'a'), createdAt);
    await store.runs.create({ run: runOf(run), intent: { stage: 'packaging' } });
    await store.versions.reserve('digits', '1.0', run);
  }

  /** What must hold whatever failed. */
  async function checkStore(place: string): Promise<void> {
    const store = storeAt(place);
    for (const version of await store.versions.numbers('digits')) {
      const file = await store.versions.read('digits', version);
      const content = await readFile(store.versions.zipPath('digits', version), 'utf8');
      expect(file?.sealed.zip).toBe(stagedOf('', content).zipDigest);
    }
    expect(await store.versions.read('digits', '1.0')).toBeDefined();
    for (const { id } of await store.runs.list()) {
      expect((await readdir(store.runs.folder(id))).filter((name) => name.includes('damaged'))).toEqual([]);
    }
  }

  interface Scenario {
    readonly name: string;
    readonly work: (store: Store, place: string) => Promise<void>;
    /** After the work was done again on a good disk. */
    readonly check: (store: Store) => Promise<void>;
  }

  const scenarios: readonly Scenario[] = [
    {
      name: 'publishing',
      work: async (store, place) => {
        await store.versions.claim('digits', 'digits');
        await store.versions.publish('digits', stagedOf(await zipAt(place, 'b'), 'b'), createdAt);
      },
      check: async (store) => expect(await store.versions.numbers('digits')).toEqual(['2.0', '1.0']),
    },
    {
      name: 'the first publishing of a package',
      work: async (store, place) => {
        await store.versions.claim('words', 'words');
        await store.versions.publish('words', stagedOf(await zipAt(place, 'w'), 'w'), createdAt);
      },
      check: async (store) => expect(await store.versions.numbers('words')).toEqual(['1.0']),
    },
    {
      name: 'committing',
      work: async (store, place) => {
        await store.runs.write({ run: runOf(run, { state: 'Finalizing' }), intent: { stage: 'ended' } });
        await store.versions.commit('digits', versionOf('1.1', run, 'c'), await zipAt(place, 'c'));
        await store.runs.writeResults(run, resultsOf('1.1'));
        await store.runs.write({
          run: runOf(run, { state: 'Successful', version: '1.1' }),
          intent: { stage: 'sealed' },
        });
      },
      check: async (store) => {
        expect(await store.versions.numbers('digits')).toEqual(['1.1', '1.0']);
        expect((await store.runs.read(run))?.run).toMatchObject({ state: 'Successful', version: '1.1' });
      },
    },
    {
      name: 'giving a number back',
      work: (store) => store.versions.release('digits', '1.1', run),
      check: async (store) => expect(await store.versions.reserve('digits', '1.0', run)).toBe('1.1'),
    },
    {
      name: 'making a run',
      work: async (store) => {
        const id = store.runs.newId(new Date());
        await store.runs.create({ run: runOf(id), intent: {} });
        expect(await store.versions.reserve('digits', '1.0', id)).toMatch(/^1\.[23]$/);
      },
      check: async (store) => {
        const states = (await store.runs.list()).map((found) => [found.package, found.state]);
        expect(states.length).toBeGreaterThanOrEqual(2);
        expect(new Set(states.flat())).toEqual(new Set(['digits', 'Running']));
      },
    },
    {
      name: 'holding a lease',
      work: async (store) => {
        const lease = await store.runs.lease(run);
        await lease?.release();
        expect(lease).toBeDefined();
      },
      check: async (store) => expect(await store.runs.lease(run)).toBeDefined(),
    },
    {
      name: 'writing the log',
      work: async (store) => {
        const log = await store.runs.openLog(run);
        try {
          for (const sequence of [1, 2, 3]) {
            const chunk = { sequence, time: 1, stream: 'stdout' as const, bytes: Buffer.from(`line ${sequence}\n`) };
            await log.append([{ chunk, cursor: { sequence, hint: '' } }]);
          }
          await log.sync();
        } finally {
          await log.close();
        }
      },
      check: async (store) => {
        const parts: Uint8Array[] = [];
        for await (const part of store.runs.readLog(run, 0)) parts.push(part);
        expect(Buffer.concat(parts).toString()).toBe('line 1\nline 2\nline 3\n');
      },
    },
    {
      name: 'deleting',
      work: async (store, place) => {
        await store.versions.publish('digits', stagedOf(await zipAt(place, 'b'), 'b'), createdAt);
        await store.versions.delete('digits', '2.0');
        await store.runs.delete(run);
      },
      check: async (store) => {
        expect(await store.versions.numbers('digits')).not.toContain('2.0');
        expect(await store.runs.ids()).toEqual([]);
      },
    },
  ];

  for (const { name, work, check } of scenarios) {
    it(`leaves the store whole, and ${name} can be done again`, { timeout: 300_000 }, async () => {
      const template = join(workspace, 'template');
      await prepare(template);
      const counting = join(workspace, 'counting');
      await cp(template, counting, { recursive: true });
      const counter = faultyDisk();
      await work(storeAt(counting, counter), counting);
      let failures = 0;
      let faults = 0;
      for (let at = 0; at < counter.operations.length; at++) {
        for (const code of codesAt(at)) {
          const place = join(workspace, `${at}-${code}`);
          await cp(template, place, { recursive: true });
          const error = await failing(() => work(storeAt(place, faultyDisk({ at, code })), place));
          faults += 1;
          // What failed without a word was of no importance.
          if (error !== undefined && !isExpected(error)) throw error;
          failures += error === undefined ? 0 : 1;
          await checkStore(place);
          await work(storeAt(place), place);
          await check(storeAt(place));
          await checkStore(place);
          await rm(place, { recursive: true });
        }
      }
      tellFault({
        fault: `each of ${counter.operations.length} file operations fails once: ${name}`,
        times: faults,
        held: `${failures} reported; store whole, older versions intact, done again afterwards`,
      });
      expect(failures).toBeGreaterThan(0);
    });
  }
});

async function failing(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
