/**
 * The digits sample, trained by us and through MLflow's docker projects, in turn on one engine of its own: wall time of the
 * first run, environment included, and of the runs after it. `node test/bench/peer.bench.mjs [--rounds N]`.
 *
 * MLflow runs an image that its user has built, so its first run is `docker build` and `mlflow run`. It hashes no data,
 * makes no version and seals nothing; what it brings back is what the training code writes into a mounted folder.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../support/cache.mjs';
import { startEngine, testImage } from '../support/engine.mjs';
import { makeDigits } from '../support/sampleData.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist', 'cli.js');
const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 5 : Number(process.argv[at + 1]);
const mlflowVersion = '3.17.2';

function installMlflow() {
  const venv = join(cacheFolder, `mlflow-${mlflowVersion}`);
  const tool = join(venv, 'bin', 'mlflow');
  if (existsSync(tool)) return tool;
  execFileSync('python3', ['-m', 'venv', '--clear', venv]);
  const packages = [`mlflow-skinny==${mlflowVersion}`, 'docker'];
  execFileSync(join(venv, 'bin', 'pip'), ['install', '--quiet', ...packages], { stdio: ['ignore', 2, 2] });
  return tool;
}

const mlflow = installMlflow();
const folder = mkdtempSync(join(tmpdir(), 'tp-peer-'));
const data = join(folder, 'data', 'digits');
await makeDigits(root, data, join(cacheFolder, 'digits-venv'));
const engine = await startEngine();
const env = {
  ...process.env,
  DOCKER_HOST: engine.host,
  MLFLOW_TRACKING_URI: join(folder, 'mlruns'),
  MLFLOW_ALLOW_FILE_STORE: 'true',
};
const time = (command, args, cwd) => {
  const start = performance.now();
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  return (performance.now() - start) / 1000;
};

function layOutOurs() {
  const work = join(folder, 'ours');
  cpSync(join(root, 'examples', 'digits'), join(work, 'digits'), { recursive: true });
  const args = ['run', 'digits', '--dataset', data, '--engine', 'docker', '--image', testImage, '--quiet'];
  return () => time(process.execPath, [cli, ...args], work);
}

/** The same train.py, called as a run of ours calls it. */
function layOutTheirs() {
  const work = join(folder, 'theirs');
  cpSync(join(root, 'examples', 'digits'), work, { recursive: true });
  const start = [
    'import os',
    "os.makedirs('artifacts', exist_ok=True)",
    "os.environ['artifacts_directory'] = 'artifacts'",
    'from train import Main',
    'main = Main()',
    "main.train('/data')",
    'main.save()',
  ];
  writeFileSync(join(work, 'start.py'), `${start.join('\n')}\n`);
  const project = {
    name: 'digits',
    docker_env: { image: 'peer-digits', volumes: [`${data}:/data:ro`] },
    entry_points: { main: { command: 'python3 start.py' } },
  };
  // JSON is YAML.
  writeFileSync(join(work, 'MLproject'), JSON.stringify(project));
  const lines = [`FROM ${testImage}`, 'COPY requirements.txt /requirements.txt'];
  const certificates = process.env.PIP_CERT;
  if (certificates !== undefined) {
    copyFileSync(certificates, join(work, 'ca.pem'));
    lines.push('COPY ca.pem /ca.pem', 'ENV PIP_CERT=/ca.pem');
  }
  for (const name of ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'])
    if (process.env[name] !== undefined) lines.push(`ENV ${name}=${process.env[name]}`);
  lines.push('RUN pip3 install --break-system-packages -r /requirements.txt || pip3 install -r /requirements.txt');
  mkdirSync(join(folder, 'build'));
  writeFileSync(join(work, 'Dockerfile'), `${lines.join('\n')}\n`);
  return {
    build: () => time('docker', ['build', '--network', 'host', '-q', '-t', 'peer-digits', '.'], work),
    run: () => time(mlflow, ['run', '.', '--build-image'], work),
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (what, ours, theirs) =>
  console.log(
    `digits, ${what}: ours ${ours.toFixed(2)} s, MLflow ${mlflowVersion} ${theirs.toFixed(2)} s, ratio ${(ours / theirs).toFixed(2)}`,
  );

try {
  const ours = layOutOurs();
  const theirs = layOutTheirs();
  const theirFirst = theirs.build() + theirs.run();
  show('first run with its environment', ours(), theirFirst);
  const pairs = Array.from({ length: rounds }, () => [ours(), theirs.run()]);
  show(`again, ${rounds} pairs`, median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b)));
} catch (error) {
  console.log(String(error.stderr ?? error));
  process.exitCode = 1;
} finally {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
}
