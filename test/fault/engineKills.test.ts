/** The engine's daemon is killed in mid-run and comes back, with and without live-restore. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.mjs';
import { tellFault } from '../support/faultTable';
import {
  containersOf,
  leftInStore,
  logOf,
  makeWorkspace,
  outcomeOf,
  steady,
  volumesOf,
  type Outcome,
} from '../support/killedRuns';
import { dockerAt, libraryRunner, startRun, timed, toItsEnd } from '../support/libraryRuns';
import { printedSeed, seededRandom, times } from '../support/random';

/** No call has a longer one; those that move much data have none but for standing still. */
const longestDeadline = 125;

describe.each([
  ['with live-restore', true],
  ['without live-restore', false],
])('an engine that is killed in mid-run, %s', (name, liveRestore) => {
  let engine: TestEngine;
  let undisturbed: Outcome;
  let usual: number;
  // Long enough to be still under way when the engine is back.
  const training = steady(100, 0.04);

  beforeAll(async () => {
    engine = await startEngine({ liveRestore });
    const cli = await makeWorkspace(engine.host, training);
    const begun = performance.now();
    const runner = libraryRunner({ workspace: cli.folder, engine: dockerAt(engine.host) });
    const run = await (await startRun(runner)).ended;
    usual = performance.now() - begun;
    undisturbed = await outcomeOf(cli, run);
    await cli.remove();
  }, 600_000);
  afterAll(() => engine.stop());

  it('fails no run falsely, and makes none a success that was none', { timeout: 12 * 3_600_000 }, async () => {
    const seed = printedSeed(`kills of the engine ${name}`);
    const random = seededRandom(seed);
    const kills = times(2, 50);
    const states: Record<string, number> = {};
    let slowest = 0;
    for (let i = 0; i < kills; i++) {
      const cli = await makeWorkspace(engine.host, training);
      const { engine: watched, calls } = timed(dockerAt(engine.host));
      const runner = libraryRunner({ workspace: cli.folder, engine: watched });
      const driven = await startRun(runner);
      const ended = toItsEnd(runner, driven);
      await delay((0.1 + 0.8 * random.next()) * usual);
      await engine.kill();
      await delay(random.next() * 2_000);
      await engine.launch();
      const run = await ended;
      slowest = Math.max(slowest, ...calls.map(({ seconds }) => seconds));
      const word = run.cause === null ? run.state : `${run.state} (${run.cause.kind})`;
      states[word] = (states[word] ?? 0) + 1;
      expect(run.problem).toBeNull();
      if (run.state === 'Successful') expect(await outcomeOf(cli, run)).toEqual(undisturbed);
      else {
        expect(run).toMatchObject({ state: 'Failed', version: '', cause: { kind: 'engine' } });
        expect(run.cause?.message).toMatch(/lost in mid-run|stopped in mid-run|doesn't answer/);
        // As far as it came, without a gap.
        const lines = (await logOf(cli, run)).split(' ').slice(0, -1);
        expect(undisturbed.log.startsWith(lines.join(' '))).toBe(true);
        expect((await cli.json('versions', 'digits')).document).toMatchObject({ versions: [{ version: '1.0' }] });
      }
      expect(await containersOf(engine.host, cli)).toEqual([]);
      expect(await volumesOf(engine.host, cli)).toEqual([]);
      expect(await leftInStore(cli)).toEqual([]);
      await cli.remove();
    }
    const shown = Object.entries(states).map(([word, count]) => `${count} ${word}`);
    tellFault({
      fault: `SIGKILL of dockerd in mid-run, ${name}`,
      times: kills,
      held: `${shown.join(', ')}: 0 false successes, bytes and log of each success as undisturbed; slowest call ${slowest.toFixed(1)} s`,
      seed,
    });
    expect(slowest).toBeLessThan(longestDeadline);
    if (liveRestore) expect(Object.keys(states)).toEqual(['Successful']);
  });
});
