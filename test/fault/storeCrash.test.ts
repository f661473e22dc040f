/** Power cuts: every state that one may leave while versions and runs are written, over a disk that tells what is durable. */
import { describe, expect, it } from 'vitest';
import { openStore } from '../../runner/src/store/openStore';
import type { ProcessIdentity } from '../../runner/src/store/processIdentity';
import type { Store } from '../../runner/src/store/store';
import { MemoryDisk } from '../support/memoryDisk';
import { tellFault } from '../support/faultTable';
import { isLongForm, printedSeed, seededRandom, type Random } from '../support/random';
import { resultsOf, runOf, stagedOf, versionOf } from '../support/storeValues';

const run = '20260101-000000-000-aaaaaa';
const createdAt = '2026-01-01T00:00:00.000Z';
const place = '/place/.training-pipelines';

/** Each boot of the machine is another one, so that what held a lease before the power cut is dead. */
const storeOn = (disk: MemoryDisk, boot: string): Store => {
  const identity: ProcessIdentity = { host: 'host', boot, pid: process.pid, started: '', space: '', token: boot };
  return openStore({ folder: place, workspace: '/place', disk, identity: () => Promise.resolve(identity) });
};

async function stage(disk: MemoryDisk, store: Store, content: string): Promise<string> {
  const { path } = await store.staging();
  await disk.writeNew(`${path}/new.zip`, content, true);
  return `${path}/new.zip`;
}

/** What a caller was told. */
interface Acknowledged {
  versions: Record<string, string>;
  /** The stage in the run's record. */
  stage: string | undefined;
  results: boolean;
  log: string;
  reserved: string | undefined;
}

const nothing = (): Acknowledged => ({ versions: {}, stage: undefined, results: false, log: '', reserved: undefined });

/** A package is published twice, a run trains it, and one version is deleted. */
async function work(disk: MemoryDisk, told: Acknowledged): Promise<void> {
  const store = storeOn(disk, 'first');
  await store.versions.claim('digits', 'digits');
  for (const [version, content] of [
    ['1.0', 'a'],
    ['2.0', 'b'],
  ] as const) {
    const staged = stagedOf(await stage(disk, store, content), content);
    expect((await store.versions.publish('digits', staged, createdAt)).version).toBe(version);
    told.versions[version] = content;
  }
  await store.runs.create({ run: runOf(run), intent: { stage: 'packaging' } });
  told.stage = 'packaging';
  told.reserved = await store.versions.reserve('digits', '1.0', run);
  await store.runs.write({ run: runOf(run), intent: { stage: 'submitting' } });
  told.stage = 'submitting';
  await store.runs.write({ run: runOf(run), intent: { stage: 'progress' } }, { durable: false });
  const log = await store.runs.openLog(run);
  const bytes = Buffer.from('one\n');
  await log.append([{ chunk: { sequence: 1, time: 1, stream: 'stdout', bytes }, cursor: { sequence: 1, hint: '' } }]);
  await log.sync();
  await log.close();
  told.log = 'one\n';
  await store.versions.commit('digits', versionOf('1.1', run, 'c'), await stage(disk, store, 'c'));
  told.versions['1.1'] = 'c';
  await store.runs.writeResults(run, resultsOf('1.1'));
  told.results = true;
  await store.runs.write({ run: runOf(run, { state: 'Successful', version: '1.1' }), intent: { stage: 'sealed' } });
  told.stage = 'sealed';
  delete told.versions['2.0'];
  await store.versions.delete('digits', '2.0');
  const other = '20260101-000000-000-cccccc';
  await store.runs.create({ run: runOf(other), intent: {} });
  await store.runs.delete(other);
}

const contents: Readonly<Record<string, string>> = { '1.0': 'a', '2.0': 'b', '1.1': 'c' };
const stages = [undefined, 'packaging', 'submitting', 'progress', 'sealed'];

/** What was acknowledged is whole, what was not is absent or whole, and the work can go on. */
async function checkAfter(disk: MemoryDisk, told: Acknowledged): Promise<void> {
  const store = storeOn(disk, 'second');
  const found = await store.versions.numbers('digits');
  for (const version of found) {
    const file = await store.versions.read('digits', version);
    expect(file?.sealed.zip).toBe(stagedOf('', contents[version] ?? '').zipDigest);
    expect((await disk.readFile(store.versions.zipPath('digits', version))).toString()).toBe(contents[version]);
  }
  expect(found).toEqual(expect.arrayContaining(Object.keys(told.versions)));
  const record = await store.runs.read(run);
  const reached = (record?.intent as { stage?: string } | undefined)?.stage;
  expect(stages.indexOf(reached)).toBeGreaterThanOrEqual(stages.indexOf(told.stage));
  const log = Buffer.concat(await collect(store.runs.readLog(run, 0))).toString();
  expect(log.slice(0, told.log.length)).toBe(told.log);
  for (const { state } of await store.runs.list()) expect(['Running', 'Successful']).toContain(state);
  if (told.results) await disk.readFile(`${store.runs.folder(run)}/_results.json`);
  // A number that was given to the run is given to no other while that run is unfinished.
  if (told.reserved !== undefined && record?.run.state === 'Running') {
    const other = '20260101-000000-000-bbbbbb';
    await store.runs.create({ run: runOf(other), intent: {} });
    expect(await store.versions.reserve('digits', '1.0', other)).toBe('1.2');
  }
  const again = stagedOf(await stage(disk, store, 'a'), 'a');
  const published = await store.versions.publish('digits', again, createdAt);
  expect(published.created).toBe(!found.includes('1.0'));
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

type Fate = 'kept' | 'dropped' | 'torn';
const fates: readonly Fate[] = ['kept', 'dropped', 'torn'];

/** All choices where there are few effects, else all, none, each one alone, each one left out, and random ones. */
function choices(waiting: number, random: Random, most: number): Fate[][] {
  if (fates.length ** waiting <= most) {
    return Array.from({ length: fates.length ** waiting }, (_, number) =>
      Array.from({ length: waiting }, (_, i) => fates[Math.floor(number / fates.length ** i) % fates.length] ?? 'kept'),
    );
  }
  const all = (fate: Fate): Fate[] => Array.from({ length: waiting }, () => fate);
  const alone = Array.from({ length: waiting }, (_, i) => [
    all('dropped').with(i, 'kept'),
    all('kept').with(i, 'dropped'),
  ]);
  const some = Array.from({ length: most }, () => all('kept').map(() => fates[random.below(fates.length)] ?? 'kept'));
  return [all('kept'), all('dropped'), all('torn'), ...alone.flat(), ...some];
}

describe('power cuts', () => {
  it('keep what was acknowledged, and leave the rest absent or whole', { timeout: 600_000 }, async () => {
    const seed = printedSeed('power cuts');
    const random = seededRandom(seed);
    const most = isLongForm ? 400 : 9;
    const disk = new MemoryDisk();
    const told = nothing();
    const checks: (() => Promise<void>)[] = [];
    let operations = 0;
    await disk.mkdir('/place');
    await disk.syncFolder('/');
    disk.onOperation = (name) => {
      if (['readFile', 'readdir', 'stat'].includes(name)) return;
      operations += 1;
      const now = structuredClone(told);
      for (const choice of choices(disk.waiting, random, most)) {
        const crashed = disk.crash((index) => choice[index] ?? 'kept');
        checks.push(() => checkAfter(crashed, now));
      }
    };
    await work(disk, told);
    const states = checks.length;
    for (const check of checks) await check();
    tellFault({
      fault: `power cut at one of ${operations} operations of the store (crash states enumerated)`,
      times: states,
      held: 'what was acknowledged is whole, the rest absent or whole, and the work can go on',
      seed,
    });
    expect(states).toBeGreaterThan(operations);
  });
});
