// Docker Engines of the tests' own: Debian's, started with folders and a socket of their own, and stopped by process id.
//   node test/support/engine.mjs start    prints {"host": "unix://…"} and leaves it running
//   node test/support/engine.mjs stop
import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, isRoot, run, say } from './say.mjs';

export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'training-pipelines-test');
const chosenHost = process.env.TRAINING_PIPELINES_TEST_DOCKER_HOST;

/** Why no engine of our own can be had here, or undefined. */
export function engineProblem() {
  if (chosenHost !== undefined) return undefined;
  if (process.platform !== 'linux')
    return 'an engine of the tests’ own needs Linux; name one with TRAINING_PIPELINES_TEST_DOCKER_HOST';
  if (!isRoot()) return 'an engine of the tests’ own needs root; name one with TRAINING_PIPELINES_TEST_DOCKER_HOST';
  if (!existsSync('/usr/bin/apt-get'))
    return 'an engine of the tests’ own is installed by apt-get; name one with TRAINING_PIPELINES_TEST_DOCKER_HOST';
  return undefined;
}

const wanted = [
  ['/usr/sbin/dockerd', 'docker.io'],
  ['/usr/sbin/debootstrap', 'debootstrap'],
  ['/usr/sbin/iptables', 'iptables'],
];

async function installPackages(packages) {
  const missing = packages.filter(([path]) => !existsSync(path)).map(([, name]) => name);
  if (missing.length === 0) return;
  say(`installing ${missing.join(', ')} with apt-get`);
  const policy = '/usr/sbin/policy-rc.d';
  const ownPolicy = !existsSync(policy);
  // Installing an engine must not start the system's own service.
  if (ownPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
    await run('apt-get', ['update', '-qq'], quiet);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], quiet);
  } finally {
    if (ownPolicy) rmSync(policy, { force: true });
  }
}

/** A root file system with Python, made once. Answers the path of its tar. */
async function baseTar() {
  mkdirSync(cacheFolder, { recursive: true });
  const tar = join(cacheFolder, 'bookworm-python.tar');
  if (existsSync(tar)) return tar;
  const folder = mkdtempSync(join(cacheFolder, 'debootstrap-'));
  try {
    say('making the base image with debootstrap (about 45 s)');
    const log = openSync(join(cacheFolder, 'debootstrap.log'), 'w');
    const args = ['--variant=minbase', '--include=python3,python3-pip', 'bookworm', folder];
    await run('debootstrap', args, { stdio: ['ignore', log, log] });
    await run('tar', ['-C', folder, '-cf', `${tar}.part`, '--exclude=./var/cache/apt/archives/*.deb', '.']);
    renameSync(`${tar}.part`, tar);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tar;
}

export const testImage = 'tp-test';
export const gpuImage = 'tp-test-gpu';

/**
 * Starts an engine, or answers the one that TRAINING_PIPELINES_TEST_DOCKER_HOST names. `gpu`: with a stand-in for the
 * container toolkit, so that requests for GPUs are accepted and can be looked at.
 */
export async function startEngine({ gpu = false } = {}) {
  if (chosenHost !== undefined)
    return {
      host: chosenHost,
      stop: async () => undefined,
      kill: async () => undefined,
      restart: async () => undefined,
    };
  const problem = engineProblem();
  if (problem !== undefined) throw new Error(problem);
  await installPackages(wanted);
  const folder = mkdtempSync(join(tmpdir(), 'tp-engine-'));
  const socket = join(folder, 'docker.sock');
  const host = `unix://${socket}`;
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  if (gpu) {
    writeFileSync(join(bin, 'nvidia-container-runtime-hook'), '#!/bin/sh\nexit 0\n');
    chmodSync(join(bin, 'nvidia-container-runtime-hook'), 0o755);
  }
  const launch = async () => {
    const log = createWriteStream(join(folder, 'log'), { flags: 'a' });
    await new Promise((resolve) => log.once('open', resolve));
    const args = [
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(folder, 'exec'),
      '-p',
      join(folder, 'pid'),
      '-H',
      host,
    ];
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    delete env.DOCKER_HOST;
    const child = spawn('/usr/sbin/dockerd', args, { env, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    await untilReady(host, child, join(folder, 'log'));
    return child;
  };
  let child = await launch();
  const end = async (signal) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(child.pid, signal);
    await gone;
  };
  const tar = await baseTar();
  await run('/usr/bin/docker', ['-H', host, 'import', tar, testImage], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: withoutHost(),
  });
  if (gpu) await importGpuImage(host, folder);
  return {
    host,
    folder,
    pid: () => child.pid,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      child = await launch();
    },
    launch: async () => {
      child = await launch();
    },
    stop: async () => {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const withoutHost = () => {
  const env = { ...process.env };
  delete env.DOCKER_HOST;
  return env;
};

/** An image whose nvidia-smi shows the devices that NVIDIA_VISIBLE_DEVICES names: a stand-in for a real card. */
async function importGpuImage(host, folder) {
  const script = `#!/bin/sh
[ -n "$NVIDIA_VISIBLE_DEVICES" ] || { echo "No devices were found"; exit 6; }
list="$NVIDIA_VISIBLE_DEVICES"
[ "$list" = all ] && list="0,1"
for id in $(echo "$list" | tr ',' ' '); do echo "$id, Stand-in GPU, GPU-0000000$id, 555.1, 16384"; done
`;
  const context = join(folder, 'gpu-image');
  mkdirSync(context);
  writeFileSync(join(context, 'nvidia-smi'), script, { mode: 0o755 });
  const client = ['/usr/bin/docker', ['-H', host]];
  const id = ask(client[0], [...client[1], 'create', testImage, 'true'], { env: withoutHost() }).trim();
  await run(client[0], [...client[1], 'cp', join(context, 'nvidia-smi'), `${id}:/usr/bin/nvidia-smi`], {
    env: withoutHost(),
  });
  await run(client[0], [...client[1], 'commit', id, gpuImage], { stdio: 'ignore', env: withoutHost() });
  await run(client[0], [...client[1], 'rm', id], { stdio: 'ignore', env: withoutHost() });
}

async function untilReady(host, child, log) {
  for (let i = 0; i < 300; i++) {
    if (
      ask('/usr/bin/docker', ['-H', host, 'version', '--format', '{{.Server.Version}}'], { env: withoutHost() }) !==
      undefined
    )
      return;
    if (child.exitCode !== null) break;
    await delay(200);
  }
  throw new Error(`dockerd did not start; its last words:\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

const stateFile = join(cacheFolder, 'engine.json');

async function main(verb) {
  if (verb === 'start') {
    const engine = await startEngine({ gpu: process.argv.includes('--gpu') });
    writeFileSync(stateFile, JSON.stringify({ host: engine.host, pid: engine.pid?.(), folder: engine.folder }));
    console.log(JSON.stringify({ host: engine.host }));
    process.exit(0);
  }
  if (verb !== 'stop') throw new Error('usage: node test/support/engine.mjs start [--gpu] | stop');
  const { pid, folder } = JSON.parse(readFileSync(stateFile, 'utf8'));
  if (pid !== undefined && ask('ps', ['-o', 'comm=', '-p', String(pid)])?.trim() === 'dockerd')
    process.kill(pid, 'SIGTERM');
  await delay(2000);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  rmSync(stateFile);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
