/** Whole runs over a connection that is cut or stalls again and again: they end as if nothing had happened. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedEngine, type SharedEngine } from '../support/engine.mjs';
import { tellFault } from '../support/faultTable';
import { faultyLine, type FaultyLine, type Trouble } from '../support/faultyLine';
import { containersOf, leftInStore, makeWorkspace, outcomeOf, steady, type Outcome } from '../support/killedRuns';
import { dockerAt, libraryRunner, startRun, toItsEnd } from '../support/libraryRuns';
import { printedSeed, seededRandom, times } from '../support/random';

/** Any call but those before there is a run, which refuse it instead. */
const endpoints: readonly (readonly [string, RegExp])[] = [
  ['create', /^POST \/containers\/create/],
  ['upload', /^PUT \/containers\/[^/]+\/archive/],
  ['start', /^POST \/containers\/[^/]+\/start/],
  ['inspect', /^GET \/containers\/[^/]+\/json/],
  ['logs', /^GET \/containers\/[^/]+\/logs/],
  ['collect', /^GET \/containers\/[^/]+\/archive/],
  ['remove', /^DELETE \/containers\//],
];
const troubles: readonly Trouble[] = ['cut', 'cut', 'half-open', 'stall', 'throttle'];

describe('a run over a bad connection', () => {
  let engine: SharedEngine;
  let folder: string;
  let line: FaultyLine;
  let undisturbed: Outcome;

  beforeAll(async () => {
    engine = await sharedEngine();
    folder = await mkdtemp(join(tmpdir(), 'tp-bad-line-'));
    line = await faultyLine(engine.host, join(folder, 'engine.sock'));
    const cli = await makeWorkspace(engine.host, steady(40, 0.02));
    const runner = libraryRunner({ workspace: cli.folder, engine: dockerAt(engine.host) });
    undisturbed = await outcomeOf(cli, await (await startRun(runner)).ended);
    await cli.remove();
  }, 600_000);
  afterAll(async () => {
    await line.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends with one version, the same bytes and the same log', { timeout: 12 * 3_600_000 }, async () => {
    const seed = printedSeed('runs over a bad connection');
    const random = seededRandom(seed);
    const runs = times(4, 200);
    let happened = 0;
    const counts = new Map<string, number>();
    for (let i = 0; i < runs; i++) {
      const [name, endpoint] = endpoints[random.below(endpoints.length)] as (typeof endpoints)[number];
      const trouble = troubles[random.below(troubles.length)] ?? 'cut';
      const direction = random.below(3) === 0 && trouble !== 'throttle' ? 'request' : 'answer';
      const offset = random.below(direction === 'request' ? 100 : name === 'logs' || name === 'collect' ? 3_000 : 140);
      const cli = await makeWorkspace(engine.host, steady(40, 0.02));
      const runner = libraryRunner({ workspace: cli.folder, engine: dockerAt(line.host, 0.05) });
      line.set({ endpoint, direction, offset, trouble, times: 1 + random.below(3) });
      try {
        const run = await toItsEnd(runner, await startRun(runner));
        expect(run).toMatchObject({ state: 'Successful', cause: null, problem: null });
        expect(await outcomeOf(cli, run)).toEqual(undisturbed);
        line.set(undefined);
        // What could not be removed over the line goes when somebody comes back.
        await (
          await runner.attach(run.id)
        ).ended;
        expect(await containersOf(engine.host, cli)).toEqual([]);
        expect(await leftInStore(cli)).toEqual([]);
      } catch (error) {
        console.log(`${trouble} of ${name}, ${direction} at byte ${offset}`);
        throw error;
      }
      happened += line.happened() > 0 ? 1 : 0;
      counts.set(trouble, (counts.get(trouble) ?? 0) + 1);
      await cli.remove();
    }
    const shown = [...counts].map(([trouble, count]) => `${count} ${trouble}`).join(', ');
    tellFault({
      fault: `whole runs, the connection in trouble at a random byte (${shown})`,
      times: runs,
      held: `${happened} met it: each 1 version, same bytes, same log, nothing left`,
      seed,
    });
    expect(happened).toBeGreaterThan(0);
  });
});
