/**
 * A run of a package that does nothing, on the docker engine, beside `docker run --rm IMAGE python3 -c pass`: pairs in
 * turn on one engine of its own, and only the ratio counts. `node test/bench/run.bench.mjs [--rounds N]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine, testImage } from '../support/engine.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 11 : Number(process.argv[at + 1]);

const folder = mkdtempSync(join(tmpdir(), 'tp-bench-'));
const engine = await startEngine();
const env = { ...process.env, DOCKER_HOST: engine.host };
const time = (command, args) => {
  const start = performance.now();
  execFileSync(command, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  return (performance.now() - start) / 1000;
};
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  mkdirSync(join(folder, 'noop'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'a.txt'), 'a');
  writeFileSync(
    join(folder, 'noop', 'train.py'),
    'class Main:\n    def train(self, d): pass\n    def save(self): pass\n',
  );
  const peer = () => time('docker', ['run', '--rm', testImage, 'python3', '-c', 'pass']);
  const ours = () =>
    time(process.execPath, [
      cli,
      'run',
      'noop',
      '--dataset',
      'data',
      '--engine',
      'docker',
      '--image',
      testImage,
      '--quiet',
    ]);
  peer();
  ours();
  const pairs = Array.from({ length: rounds }, () => [ours(), peer()]);
  const ratio = median(pairs.map(([a, b]) => a / b));
  const [a, b] = [median(pairs.map((pair) => pair[0])), median(pairs.map((pair) => pair[1]))];
  console.log(
    `no-op run: ours ${a.toFixed(2)} s, docker run ${b.toFixed(2)} s, ratio ${ratio.toFixed(2)} (at most 2.0 wanted), ${rounds} pairs`,
  );
} finally {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
}
