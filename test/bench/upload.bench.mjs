/**
 * Sending a dataset of 10,000 files and one of 500 MB to an engine, beside `tar | docker run -i … tar x` over the same
 * connection: a socket, and ssh to a second machine. Then again, and with one file changed; bytes as a relay before the engine
 * counts them. `node test/bench/upload.bench.mjs [--rounds N] [--over socket|ssh]`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { startEngine, startFarEngine, testImage } from '../support/engine.mjs';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const at = (name, otherwise) => {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? otherwise : process.argv[place + 1];
};
const rounds = Number(at('rounds', 3));
const over = at('over', 'socket,ssh').split(',');
const folder = mkdtempSync(join(tmpdir(), 'tp-bench-upload-'));
const data = join(folder, 'data');
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function makeData() {
  for (let i = 0; i < 100; i++) {
    const part = join(data, `part-${i}`);
    mkdirSync(part, { recursive: true });
    for (let j = 0; j < 100; j++) writeFileSync(join(part, `${j}.bin`), randomBytes(500 + ((i * 100 + j) % 3000)));
  }
  const block = randomBytes(1_000_000);
  const big = Buffer.concat(
    Array.from({ length: 500 }, (_, i) => Buffer.concat([block.subarray(i), block.subarray(0, i)])),
  );
  writeFileSync(join(data, 'big.bin'), big);
}

async function bundled() {
  const entry = [
    `export { hashDataset } from './runner/src/archive/dataset';`,
    `export { createDockerEngine } from './runner/src/engine/docker/dockerEngine';`,
    `export { parseEndpoint } from './runner/src/engine/docker/endpoint';`,
  ].join('\n');
  const outfile = join(folder, 'bundle.cjs');
  buildSync({
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'error',
    external: ['cpu-features'],
    loader: { '.node': 'empty' },
  });
  return import(pathToFileURL(outfile).href);
}

/** A socket before the engine's that counts what goes to it; on a thread of its own. */
async function relay(socket) {
  const shared = new BigInt64Array(new SharedArrayBuffer(8));
  const path = join(folder, 'relay.sock');
  const thread = new Worker(`(${relaying})()`, { eval: true, workerData: { shared, socket, path } });
  await new Promise((resolve) => thread.once('message', resolve));
  const counted = {
    get bytes() {
      return Number(Atomics.load(shared, 0));
    },
  };
  return { path, counted, close: () => thread.terminate() };
}

/** Runs in the thread from its own text. */
function relaying() {
  const { connect, createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const { shared, socket, path } = workerData;
  const server = createServer((near) => {
    const far = connect(socket);
    near.on('data', (part) => Atomics.add(shared, 0, BigInt(part.length)));
    for (const end of [near, far]) end.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  server.listen(path, () => parentPort.postMessage('listening'));
}

const piped = (first, second, env) =>
  new Promise((resolve, reject) => {
    const tar = spawn(first[0], first.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    const taker = spawn(second[0], second.slice(1), { stdio: [tar.stdout, 'inherit', 'inherit'], env });
    taker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${second[0]} ended with ${code}`))));
  });

const timed = async (work) => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** `peer`: the command before `run`; `engine`: ours at the same place. */
async function compare(title, peer, engine, counted) {
  const bench = await library;
  let hashed = await bench.hashDataset(data, { cacheFile: join(folder, 'hash.cache') });
  const send = (installation) =>
    timed(() =>
      engine.send({
        ref: { runId: randomBytes(6).toString('hex'), installation },
        path: data,
        name: 'data',
        image: testImage,
        cacheFolder: join(folder, 'cache'),
        tree: hashed.tree,
        files: hashed.files,
        bytes: hashed.bytes,
        entries: hashed.entries,
        onProgress: () => undefined,
      }),
    );
  const tar = (volume) => {
    const take = ['run', '-i', '--rm', '--network', 'none', '-v', `${volume}:/d`, testImage, 'tar', '-x', '-C', '/d'];
    return timed(() => piped(['tar', '-C', data, '-c', '.'], [...peer, ...take], process.env));
  };
  const remove = (...volumes) => {
    for (const volume of volumes.flat())
      execFileSync(peer[0], [...peer.slice(1), 'volume', 'rm', '-f', volume], { stdio: 'ignore' });
  };
  const names = (installation) =>
    execFileSync(peer[0], [...peer.slice(1), 'volume', 'ls', '-q'], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.includes(installation))
      .reverse();
  const pairs = [];
  for (let i = 0; i <= rounds; i++) {
    const installation = randomBytes(6).toString('hex');
    const pair = [await send(installation), await tar(`bench-${installation}`)];
    if (i > 0) pairs.push(pair);
    if (i < rounds) remove(names(installation), `bench-${installation}`);
    else {
      const [a, b] = [0, 1].map((side) => median(pairs.map((one) => one[side])));
      const ratio = median(pairs.map(([x, y]) => x / y));
      console.log(
        `${title}, first: ours ${a.toFixed(2)} s, tar ${b.toFixed(2)} s, ratio ${ratio.toFixed(2)} (at most 1.1 wanted), ${rounds} pairs`,
      );
      let before = counted?.bytes ?? 0;
      const bytes = () => (counted === undefined ? '' : `, ${counted.bytes - before} bytes sent`);
      console.log(`${title}, again: ${(await send(installation)).toFixed(3)} s${bytes()} (under 1 s and 64 KB wanted)`);
      const change = randomBytes(200_000);
      writeFileSync(join(data, 'part-7', '7.bin'), change);
      hashed = await bench.hashDataset(data, { cacheFile: join(folder, 'hash.cache') });
      before = counted?.bytes ?? 0;
      const seconds = await send(installation);
      console.log(
        `${title}, one file of ${change.length} bytes changed: ${seconds.toFixed(2)} s${bytes()} (at most the file and 64 KB wanted)`,
      );
      remove(names(installation), `bench-${installation}`);
    }
  }
}

const library = bundled();
makeData();
const harnessFolder = join(root, 'runner', 'harness');
const ends = [];
try {
  const { createDockerEngine, parseEndpoint } = await library;
  if (over.includes('socket')) {
    const engine = await startEngine();
    ends.push(() => engine.stop());
    const { path, counted, close } = await relay(engine.host.slice('unix://'.length));
    ends.push(close);
    const endpoint = parseEndpoint(`unix://${path}`);
    const ours = createDockerEngine({
      name: 'bench',
      endpoint,
      harnessFolder,
      environment: process.env,
      isLocal: false,
    });
    await compare('socket', ['docker', '-H', `unix://${path}`], ours, counted);
  }
  if (over.includes('ssh')) {
    const far = await startFarEngine();
    ends.push(() => far.stop());
    const environment = { ...process.env, TRAINING_PIPELINES_SSH: far.client.command };
    const endpoint = parseEndpoint(`ssh://root@${far.address}`);
    const ours = createDockerEngine({ name: 'bench', endpoint, harnessFolder, environment });
    await compare('ssh', [far.client.command, `root@${far.address}`, 'docker'], ours);
  }
} finally {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
