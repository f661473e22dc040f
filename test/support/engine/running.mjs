// An engine that runs, as a plain value in a file of its folder, so that any process can end it and clean up after it.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, removeTree } from '../cache.mjs';
import { ask } from '../say.mjs';
import { answers } from './api.mjs';
import { removeFar } from './far.mjs';
import { launchPlan } from './kinds.mjs';
import { removeNetwork } from './network.mjs';

export const recordOf = (folder) => join(folder, 'engine.json');
export const readRecord = (folder) => JSON.parse(readFileSync(recordOf(folder), 'utf8'));

export function writeRecord(record) {
  const path = recordOf(record.folder);
  writeFileSync(`${path}.part`, JSON.stringify(record));
  renameSync(`${path}.part`, path);
}

/** The kernel ends containerd with the dockerd that was killed; a zombie where nobody reaps, which the next dockerd takes for alive. */
function forgetContainerd(folder) {
  const path = join(folder, 'exec', 'containerd', 'containerd.pid');
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, 'utf8'));
  if (!isAlive(pid)) rmSync(path, { force: true });
}

/** Starts the program of an engine and waits until it answers. Answers its process id. */
export async function launch(choice) {
  const { command, args, env } = await launchPlan(choice);
  const path = join(choice.folder, 'log');
  forgetContainerd(choice.folder);
  const log = openSync(path, 'a');
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const failure = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  });
  const host = `unix://${choice.socket}`;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if (await answers(host)) return child.pid;
    const failed = await Promise.race([failure, delay(100)]);
    if (failed !== undefined) throw new Error(`${choice.kind} did not start: ${failed}\n${lastWords(path)}`);
  }
  if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
  throw new Error(`${choice.kind} did not answer within a minute; its last words:\n${lastWords(path)}`);
}

const lastWords = (path) => readFileSync(path, 'utf8').slice(-2000);

/** Whether a process is a part of the engine in `folder`: its programs by their arguments, what runs in its containers by their root. */
function belongsTo(pid, folder) {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const program = readlinkSync(`/proc/${pid}/exe`);
    if (programs.test(program) && words.some((word) => word.startsWith(folder))) return true;
    const root = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[4] === '/');
    return root?.includes(`${folder}/data/`) ?? false;
  } catch {
    return false;
  }
}

const programs = /\/(containerd[^/]*|conmon|dockerd|podman|runc|docker-proxy|netavark|aardvark-dns|catatonit)$/;

const leftBehind = (folder) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && belongsTo(pid, folder));

async function untilGone(pid, milliseconds) {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline;) {
    if (!isAlive(pid)) return true;
    await delay(50);
  }
  return false;
}

export async function signalEngine(record, signal) {
  if (record.pid === undefined || !isAlive(record.pid)) return;
  process.kill(record.pid, signal);
  if (!(await untilGone(record.pid, 30_000)) && signal !== 'SIGKILL') await signalEngine(record, 'SIGKILL');
}

async function killAll(pids) {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went by itself.
    }
  }
  for (const pid of pids) await untilGone(pid, 5000);
}

/** Mounts below a folder, innermost first. */
function mountsBelow(folder) {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4]?.replaceAll('\\040', ' '))
    .filter((path) => path?.startsWith(`${folder}/`))
    .reverse();
}

/** Ends an engine, whatever state it is in, and leaves nothing of it. */
export async function discard(record) {
  // Podman's service keeps no state of its own, and takes its time when asked.
  await signalEngine(record, record.kind === 'podman' ? 'SIGKILL' : 'SIGTERM');
  // Twice: a shim that goes may leave a child that was not to be seen before.
  for (const _ of [1, 2]) await killAll(leftBehind(record.folder));
  if (record.far !== undefined) await removeFar(record.far);
  for (const path of mountsBelow(record.folder)) ask('umount', ['-l', path]);
  if (record.network !== undefined) removeNetwork(record.network);
  removeCgroups(record.name);
  removeTree(record.folder);
}

/** cgroup v1 keeps the folder of an engine that was killed. They are named after the engine. */
function removeCgroups(name) {
  if (!existsSync('/sys/fs/cgroup')) return;
  for (const controller of readdirSync('/sys/fs/cgroup')) {
    const folder = join('/sys/fs/cgroup', controller, `tp-${name}`);
    if (existsSync(folder)) ask('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
  }
}
