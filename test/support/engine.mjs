// Docker engines of the tests' own, with folders, sockets and networks of their own; the machine's are never used unless named.
//   node test/support/engine.mjs start [docker-20|docker-26|podman] [--gpu] [--cdi] [--ml]    prints {"host": "unix://…", …} and leaves it running
//   node test/support/engine.mjs list
//   node test/support/engine.mjs stop [HOST]         all that `start` left running, or that one
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptProblem, installPackages } from './apt.mjs';
import { cacheFolder, isAlive, shortHash, withLock } from './cache.mjs';
import { answers, expectOk } from './engine/api.mjs';
import { ensureImage, gpuImage, mlImage, testImage } from './engine/images.mjs';
import { inFar, makeCertificates, makeFar, makeSshClient, sshdPackages, startSshd } from './engine/far.mjs';
import { findDockerd, kinds } from './engine/kinds.mjs';
import { makeNetwork } from './engine/network.mjs';
import { discard, launch, readRecord, recordOf, signalEngine, writeRecord } from './engine/running.mjs';
import { NotHereError, say } from './say.mjs';

export { standInCards, standInRefusal } from './engine/standIns.mjs';
export { cacheFolder, ensureImage, gpuImage, kinds, mlImage, testImage };

const namedHost = () => process.env.TRAINING_PIPELINES_TEST_DOCKER_HOST;

/** Why no engine (of this kind) can be had here and what to do, or undefined. A reason to skip, not to fail. */
export function engineProblem(kind = 'docker-20') {
  if (namedHost() !== undefined)
    return kind === 'docker-20'
      ? undefined
      : `${kind} is not tried where TRAINING_PIPELINES_TEST_DOCKER_HOST names an engine`;
  const problem = aptProblem();
  if (problem === undefined) return undefined;
  return `an engine of the tests’ own cannot be had: ${problem}. Name one with TRAINING_PIPELINES_TEST_DOCKER_HOST=unix:///…`;
}

const programs = () => [
  [findDockerd() ?? '/usr/sbin/dockerd', 'docker.io'],
  ['/usr/sbin/debootstrap', 'debootstrap'],
  ['/usr/sbin/iptables', 'iptables'],
  ['/usr/sbin/ip', 'iproute2'],
  ['/usr/bin/ps', 'procps'],
];

const notOurs = async () => {
  throw new Error('the engine that TRAINING_PIPELINES_TEST_DOCKER_HOST names is not ours to stop');
};

async function namedEngine(host, images) {
  if (!(await answers(host)))
    throw new Error(`TRAINING_PIPELINES_TEST_DOCKER_HOST is ${host}, and nothing answers there`);
  for (const image of images) await ensureImage(host, image);
  const { ApiVersion } = await expectOk(host, 'GET', '/version');
  const nothing = async () => undefined;
  return {
    kind: 'named',
    host,
    apiVersion: ApiVersion,
    isOwn: false,
    stop: nothing,
    kill: notOurs,
    halt: notOurs,
    pid: () => undefined,
    launch: notOurs,
    restart: notOurs,
  };
}

/**
 * Starts an engine of our own, or answers the one that TRAINING_PIPELINES_TEST_DOCKER_HOST names. `gpu`: with a stand-in for NVIDIA's
 * runtime, so that DeviceRequests are accepted; `cdi`: with GPUs by CDI; `liveRestore`: its containers outlive it; `images`: what it
 * must have. It ends with `owner`
 * (a process id, by default this one), if `stop` is not called before.
 */
export async function startEngine(options = {}) {
  const { kind = 'docker-20', gpu = false, cdi = false, liveRestore = false } = options;
  const { images = [testImage], owner = process.pid } = options;
  const wanted = gpu || cdi ? [...new Set([...images, gpuImage])] : images;
  const host = namedHost();
  if (host !== undefined) return namedEngine(host, wanted);
  const problem = engineProblem(kind);
  if (problem !== undefined) throw new NotHereError(problem);
  if (!kinds.includes(kind)) throw new Error(`no engine is called ${kind}; there are ${kinds.join(', ')}`);
  if (cdi && kind === 'docker-20') throw new Error('docker-20 knows no CDI');
  await installPackages(programs());
  return startOwn({ kind, gpu, cdi, liveRestore, images: wanted, owner });
}

async function startOwn({ kind, gpu, cdi, liveRestore, images, owner, isFar = false }) {
  const folder = mkdtempSync(join(tmpdir(), 'tp-engine-'));
  const name = shortHash(`${folder}${process.pid}`);
  const choice = { kind, gpu, cdi, liveRestore, folder, name, socket: join(folder, 'engine.sock') };
  writeRecord(choice);
  if (owner !== null) watchOver(owner, folder);
  try {
    const makesBridge = kind !== 'podman' && !isFar;
    choice.network = await withLock('network', () => makeNetwork(name, { makesBridge }));
    writeRecord(choice);
    if (isFar) {
      choice.far = await makeFar(choice);
      choice.tls = await makeCertificates(folder, choice.far.address);
      writeRecord(choice);
    }
    return await handle(choice, images);
  } catch (error) {
    await discard(readRecord(folder));
    throw error;
  }
}

async function handle(choice, images) {
  const { kind, folder, socket } = choice;
  const host = `unix://${socket}`;
  const state = { pid: undefined };
  const start = async () => {
    rmSync(socket, { force: true });
    state.pid = await launch(choice);
    writeRecord({ ...choice, host, pid: state.pid });
  };
  await start();
  for (const image of images) await ensureImage(host, image);
  const { ApiVersion } = await expectOk(host, 'GET', '/version');
  return {
    kind,
    host,
    apiVersion: ApiVersion,
    folder,
    far: choice.far,
    tls: choice.tls,
    isOwn: true,
    pid: () => state.pid,
    kill: () => signalEngine({ pid: state.pid }, 'SIGKILL'),
    halt: () => signalEngine({ pid: state.pid }, 'SIGTERM'),
    launch: start,
    restart: async () => {
      await signalEngine({ pid: state.pid }, 'SIGTERM');
      await start();
    },
    stop: () => discard(readRecord(folder)),
  };
}

/**
 * A second machine with an engine of its own, which speaks mutual TLS too, and an sshd on port 22. Nothing of the tests' own
 * folders is there. `host` is its engine's socket, for questions past all that is under test.
 */
export async function startFarEngine(options = {}) {
  const { kind = 'docker-20', images = [testImage], owner = process.pid } = options;
  const problem =
    engineProblem(kind) ?? (namedHost() === undefined ? undefined : 'it is not tried with a named engine');
  if (problem !== undefined) throw new NotHereError(problem);
  await installPackages([...programs(), ...sshdPackages]);
  const engine = await startOwn({ kind, gpu: false, cdi: false, images, owner, isFar: true });
  const { far, folder, tls } = engine;
  const sshd = await startSshd({ far, folder });
  const client = makeSshClient({ folder });
  client.setKnown(`${far.address} ${sshd.hostKey}\n`);
  return {
    ...engine,
    address: far.address,
    sshd,
    client,
    certificates: tls,
    startSshd: (wanted) => startSshd({ far, folder }, wanted),
    makeClient: (name) => makeSshClient({ folder }, name),
    /** A command there, as `[command, args]`. */
    command: (program, args) => inFar(far, program, args),
  };
}

function watchOver(owner, folder) {
  const janitor = fileURLToPath(new URL('./engine/janitor.mjs', import.meta.url));
  spawn(process.execPath, [janitor, String(owner), folder], { detached: true, stdio: 'ignore' }).unref();
}

/**
 * One engine of a kind for all test files of a run: started by the first that asks, ended after the last.
 * Nobody may stop it, or rely on being alone on it.
 */
export async function sharedEngine(options = {}) {
  const { kind = 'docker-20', gpu = false, cdi = false, images = [testImage] } = options;
  if (namedHost() !== undefined) return startEngine(options);
  const owner = Number(process.env.TRAINING_PIPELINES_TEST_OWNER ?? process.ppid);
  const folder = join(cacheFolder, 'shared');
  mkdirSync(folder, { recursive: true });
  const place = join(folder, `${owner}-${kind}-${gpu ? 'gpu' : 'plain'}-${cdi ? 'cdi' : 'plain'}`);
  return withLock(basename(place), async () => {
    forgetTheDead(folder);
    const known = findRunning(place);
    if (known !== undefined && (await answers(known.host))) {
      for (const image of images) await ensureImage(known.host, image);
      return { kind, host: known.host, apiVersion: known.apiVersion, folder: known.folder, isOwn: true };
    }
    const engine = await startEngine({ ...options, owner });
    const { host, apiVersion, folder: itsFolder } = engine;
    writeFileSync(place, JSON.stringify({ host, apiVersion, folder: itsFolder }));
    return { kind, host, apiVersion, folder: itsFolder, isOwn: true };
  });
}

/** Ends what `sharedEngine` started for an owner. */
export async function stopShared(owner) {
  const folder = join(cacheFolder, 'shared');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((name) => name.startsWith(`${owner}-`))) {
    const known = findRunning(join(folder, name));
    rmSync(join(folder, name), { force: true });
    if (known !== undefined && existsSync(recordOf(known.folder))) await discard(readRecord(known.folder));
  }
}

function forgetTheDead(folder) {
  for (const name of readdirSync(folder)) {
    if (!isAlive(Number(name.split('-')[0]))) rmSync(join(folder, name), { force: true });
  }
}

function findRunning(place) {
  try {
    return JSON.parse(readFileSync(place, 'utf8'));
  } catch {
    return undefined;
  }
}

const handFolder = join(cacheFolder, 'by-hand');

/** Records of the engines that `start` left running. */
function byHand() {
  if (!existsSync(handFolder)) return [];
  return readdirSync(handFolder).flatMap((name) => {
    const folder = join(tmpdir(), name);
    if (existsSync(recordOf(folder))) return [readRecord(folder)];
    rmSync(join(handFolder, name), { force: true });
    return [];
  });
}

const verbs = {
  start: async (words) => {
    const flags = words.filter((word) => word.startsWith('--'));
    const [kind = 'docker-20'] = words.filter((word) => !word.startsWith('--'));
    const images = [testImage, ...(flags.includes('--ml') ? [mlImage] : [])];
    const engine = await startEngine({
      kind,
      gpu: flags.includes('--gpu'),
      cdi: flags.includes('--cdi'),
      images,
      owner: null,
    });
    if (engine.isOwn) {
      mkdirSync(handFolder, { recursive: true });
      writeFileSync(join(handFolder, basename(engine.folder)), '');
    }
    console.log(
      JSON.stringify({ kind: engine.kind, host: engine.host, apiVersion: engine.apiVersion, pid: engine.pid?.() }),
    );
    process.exit(0);
  },
  list: async () => {
    for (const { kind, host, pid } of byHand()) console.log(JSON.stringify({ kind, host, pid, isAlive: isAlive(pid) }));
  },
  stop: async ([host]) => {
    for (const record of byHand().filter((record) => host === undefined || record.host === host)) {
      await discard(record);
      rmSync(join(handFolder, basename(record.folder)), { force: true });
      say(`stopped ${record.kind} at ${record.host}`);
    }
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const verb = verbs[process.argv[2]];
  if (verb === undefined)
    throw new Error('usage: node test/support/engine.mjs start [KIND] [--gpu] [--cdi] [--ml] | list | stop [HOST]');
  await verb(process.argv.slice(3));
}
