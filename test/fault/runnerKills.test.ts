/** SIGKILL of the command line, and of a runner before each of its steps; then somebody comes back with `attach`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import { bundleProgram } from '../support/bundle';
import type { CommandLine } from '../support/commandLine';
import type { DeathOrder } from '../support/dyingRunner';
import { sharedEngine, testImage, type SharedEngine } from '../support/engine.mjs';
import { tellFault } from '../support/faultTable';
import {
  attached,
  containersOf,
  leftInStore,
  makeWorkspace,
  outcomeOf,
  processesIn,
  runsOf,
  volumesOf,
  type Outcome,
} from '../support/killedRuns';
import { printedSeed, seededRandom, times } from '../support/random';

/** A run is said to be what it is within this many seconds after somebody has come back and it has ended. */
const secondsUntilRight = 5;

let engine: SharedEngine;
let folder: string;
let program: string;

beforeAll(async () => {
  engine = await sharedEngine();
  folder = await mkdtemp(join(tmpdir(), 'tp-kills-'));
  program = join(folder, 'dyingRunner.cjs');
  await bundleProgram('dyingRunner.ts', program);
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(['process', 'docker'] as const)('a runner that is killed, with the engine %s', (kind) => {
  const words = kind === 'docker' ? ['--engine', 'docker', '--image', testImage] : ['--engine', 'process'];
  let undisturbed: Outcome;
  /** Milliseconds of an undisturbed run. */
  let usual: number;
  let steps: string[];
  let slowest = 0;

  const order = (cli: CommandLine, dieAt?: number): DeathOrder => ({
    workspace: cli.folder,
    harnessFolder: resolve(import.meta.dirname, '../../runner/harness'),
    engine: kind,
    host: engine.host,
    image: testImage,
    steps: join(folder, 'steps.json'),
    ...(dieAt === undefined ? {} : { dieAt }),
  });
  const dying = async (cli: CommandLine, dieAt?: number): Promise<NodeJS.Signals | null> => {
    const child = spawn(process.execPath, [program, JSON.stringify(order(cli, dieAt))], { stdio: 'inherit' });
    return ((await once(child, 'exit')) as [number | null, NodeJS.Signals | null])[1];
  };

  beforeAll(async () => {
    const cli = await makeWorkspace(engine.host);
    const begun = performance.now();
    const { document } = await cli.json('run', 'digits', '--dataset', 'data/d', ...words);
    usual = performance.now() - begun;
    undisturbed = await outcomeOf(cli, document as Run);
    expect(await leftInStore(cli)).toEqual([]);
    await cli.remove();
    const counting = await makeWorkspace(engine.host);
    expect(await dying(counting)).toBe(null);
    steps = JSON.parse(await readFile(join(folder, 'steps.json'), 'utf8')) as string[];
    await counting.remove();
  }, 120_000);

  /** Whoever comes back finds one run (or none, where it died before there was one), and it ends as if nothing had happened. */
  async function comeBack(cli: CommandLine): Promise<'ended' | 'never begun'> {
    const [before, ...more] = await runsOf(cli);
    expect(more).toEqual([]);
    if (before === undefined) {
      expect(await containersOf(engine.host, cli)).toEqual([]);
      return 'never begun';
    }
    if (!hasEnded(before.state)) expect(before.problem?.code).toBe('unwatched');
    const came = Date.now();
    const { code, run } = await attached(cli, before.id);
    const since = Math.max(came, Date.parse(run.endedAt ?? ''));
    slowest = Math.max(slowest, (Date.now() - since) / 1000);
    expect(run).toMatchObject({ state: 'Successful', cause: null, problem: null });
    expect(code).toBe(0);
    expect(await outcomeOf(cli, run)).toEqual(undisturbed);
    expect((await cli.json('versions', 'digits')).document).toMatchObject({
      versions: [{ version: '1.1' }, { version: '1.0' }],
    });
    expect((await cli.json('verify')).code).toBe(0);
    return 'ended';
  }

  async function nothingIsLeft(cli: CommandLine): Promise<void> {
    expect(await containersOf(engine.host, cli)).toEqual([]);
    expect(await volumesOf(engine.host, cli)).toEqual([]);
    expect(await processesIn(cli.folder)).toEqual([]);
    expect(await leftInStore(cli)).toEqual([]);
  }

  it('at a random instant, is taken over by attach', { timeout: 12 * 3_600_000 }, async () => {
    const seed = printedSeed(`kills of the command line (${kind})`);
    const random = seededRandom(seed);
    const kills = times(4, 250);
    let begun = 0;
    for (let i = 0; i < kills; i++) {
      const cli = await makeWorkspace(engine.host);
      const { child, answer, until } = cli.start('run', 'digits', '--dataset', 'data/d', ...words, '--json');
      // Most of them once there is a run: before that there is nothing to lose.
      if (random.below(4) > 0) await until('Packaging');
      const when = random.next() * 0.8 * usual;
      await delay(when);
      child.kill('SIGKILL');
      await answer;
      if ((await comeBack(cli)) === 'ended') begun += 1;
      await nothingIsLeft(cli);
      await cli.remove();
    }
    tellFault({
      fault: `SIGKILL of the command line at a random instant (${kind})`,
      times: kills,
      held: `${begun} runs had begun: each 1 ${kind === 'docker' ? 'container' : 'process'}, 1 version, same bytes and log, nothing left; right state after ${slowest.toFixed(1)} s at most`,
      seed,
    });
    expect(slowest).toBeLessThan(secondsUntilRight);
  });

  it('before a step of the run, is taken over by attach', { timeout: 12 * 3_600_000 }, async () => {
    const seed = printedSeed(`kills of the runner at a step (${kind})`);
    const random = seededRandom(seed);
    const chosen = chooseSteps(steps, times(5, steps.length), random.below);
    let died = 0;
    for (const dieAt of chosen) {
      const cli = await makeWorkspace(engine.host);
      const signal = await dying(cli, dieAt);
      if (signal === 'SIGKILL') died += 1;
      try {
        await comeBack(cli);
        await nothingIsLeft(cli);
      } catch (error) {
        console.log(`died before step ${dieAt}: ${steps[dieAt]}`);
        throw error;
      }
      await cli.remove();
    }
    tellFault({
      fault: `SIGKILL of the runner before one of its ${steps.length} steps (${kind})`,
      times: died,
      held: 'each 1 version, same bytes and log, nothing left',
      seed,
    });
    expect(died).toBeGreaterThan(chosen.length / 2);
  });
});

/** Where the engine is called and where a stage becomes durable first, then others by chance. */
function chooseSteps(steps: readonly string[], count: number, below: (limit: number) => number): number[] {
  const all = steps.map((_, i) => i);
  if (count >= all.length) return all;
  const isBoundary = (name: string): boolean =>
    /^(before|after) (start|collect|remove)|packages\/digits\/1\.1$/.test(name);
  const boundaries = all.filter((i) => isBoundary(steps[i] ?? ''));
  const rest = all.filter((i) => !boundaries.includes(i));
  const chosen: number[] = [];
  for (const pool of [boundaries, rest]) {
    const share = pool === boundaries ? Math.ceil(count / 2) : count - chosen.length;
    for (let i = 0; i < share && pool.length > 0; i++) chosen.push(...pool.splice(below(pool.length), 1));
  }
  return chosen;
}
