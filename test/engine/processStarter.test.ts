import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { harnessFolder, localRun, main } from '../support/localRun';

const kills = 25;
const seed = Number(process.env.TRAINING_PIPELINES_TEST_SEED ?? '41');

/** Numbers between 0 and 1 that a seed repeats. */
function* random(state: number): Generator<number> {
  for (let value = state; ;) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    yield value / 2 ** 32;
  }
}

describe('a starter that is killed', () => {
  it('leaves a run that starts, and that runs once', async () => {
    const dice = random(seed);
    const first = await localRun(main('pass'));
    const program = join(first.folder, 'startAlone.mjs');
    await build({
      entryPoints: [resolve(import.meta.dirname, '../support/startAlone.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    const seen = { before: 0, started: 0 };
    for (let round = 0; round < kills; round++) {
      const run = await localRun(main('open("../../../count", "a").write("x")'));
      const order = join(run.folder, 'order.json');
      await writeFile(order, JSON.stringify({ spec: run.spec, harnessFolder }));
      const starter = spawn(process.execPath, [program, order], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      starter.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      const gone = new Promise((done) => starter.once('close', done));
      await new Promise((done) => starter.stdout.once('data', done));
      await delay((dice.next().value as number) * 80);
      starter.kill('SIGKILL');
      await gone;
      seen[output.includes('started') ? 'started' : 'before'] += 1;
      expect((await run.record()).outcome).toBe('completed');
      expect(await readFile(join(run.folder, 'count'), 'utf8')).toBe('x');
      await run.dispose();
    }
    await first.dispose();
    console.log(
      `${kills} starters killed with seed ${seed}: ${seen.before} before the run had started, ${seen.started} after`,
    );
    expect(seen.before).toBeGreaterThan(0);
  });
});
