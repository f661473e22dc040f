/**
 * A run that does nothing on a second machine over ssh, beside `ssh HOST docker run --rm IMAGE python3 -c pass`: pairs in turn,
 * and only the ratio counts. Once with the connection that stays from the run before, once with none.
 * `node test/bench/runSsh.bench.mjs [--rounds N]`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startFarEngine, testImage } from '../support/engine.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 11 : Number(process.argv[at + 1]);

const folder = mkdtempSync(join(tmpdir(), 'tp-bench-'));
// Sockets have short paths, so the folder of the shared connections is one of its own.
const runtime = mkdtempSync('/tmp/tpb-');
const far = await startFarEngine();
const host = `root@${far.address}`;
const env = {
  ...process.env,
  HOME: folder,
  XDG_RUNTIME_DIR: runtime,
  TRAINING_PIPELINES_SSH: far.client.command,
};
const time = (command, args) => {
  const start = performance.now();
  execFileSync(command, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  return (performance.now() - start) / 1000;
};
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Ends the shared connection. */
function hangUp() {
  const shared = join(runtime, 'tp-ssh');
  for (const name of readdirSync(shared).filter((one) => one.endsWith('.c')))
    spawnSync('ssh', ['-F', 'none', '-o', `ControlPath=${join(shared, name)}`, '-O', 'exit', 'shared']);
}

try {
  mkdirSync(join(folder, 'noop'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'a.txt'), 'a');
  writeFileSync(
    join(folder, 'noop', 'train.py'),
    'class Main:\n    def train(self, d): pass\n    def save(self): pass\n',
  );
  const peer = () => time(far.client.command, [host, `docker run --rm ${testImage} python3 -c pass`]);
  const words = ['run', 'noop', '--dataset', 'data', '--engine', `ssh://${host}`, '--image', testImage, '--quiet'];
  const ours = () => time(process.execPath, [cli, ...words]);
  const cold = () => {
    hangUp();
    return ours();
  };
  peer();
  ours();
  for (const [what, measured] of [
    ['with the connection of the run before', ours],
    ['with a connection of its own', cold],
  ]) {
    const pairs = Array.from({ length: rounds }, () => [measured(), peer()]);
    const ratio = median(pairs.map(([a, b]) => a / b));
    const [a, b] = [median(pairs.map((pair) => pair[0])), median(pairs.map((pair) => pair[1]))];
    console.log(
      `no-op run over ssh, ${what}: ours ${a.toFixed(2)} s, ssh docker run ${b.toFixed(2)} s, ratio ${ratio.toFixed(2)} (at most 2.0 wanted), ${rounds} pairs`,
    );
  }
} finally {
  hangUp();
  await far.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(runtime, { recursive: true, force: true });
}
