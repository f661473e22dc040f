/** What the benchmarks of the archive share: content, bundles of the runner's sources, times, peak memory, and the line with the ratio. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};

export const scratch = (name) => mkdtempSync(join(tmpdir(), `training-pipelines-bench-${name}-`));

let counter = 0;
/** Bytes that no method compresses, the same ones in every run. */
function randomBlock() {
  const parts = [];
  for (let i = 0; i < 4; i++)
    parts.push(createHash('shake256', { outputLength: 250_000 }).update(`${counter++}`).digest());
  return Buffer.concat(parts);
}

function words(length) {
  let text = '';
  while (text.length < length) {
    const number = (counter++ * 2_654_435_761) % 4_294_967_296;
    text += `${number},${(number % 9973) / 100},sample-${number % 617},label${number % 10}\n`;
  }
  return Buffer.from(text.slice(0, length));
}

function write(path, length, make) {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  for (let done = 0; done < length;) {
    const block = make(Math.min(1_000_000, length - done)).subarray(0, length - done);
    done += writeSync(file, block);
  }
  closeSync(file);
}

let pool = Buffer.alloc(0);
export const writeRandom = (path, length) =>
  write(path, length, (wanted) => {
    if (pool.length < wanted) pool = Buffer.concat([pool, randomBlock()]);
    const block = pool.subarray(0, wanted);
    pool = pool.subarray(wanted);
    return block;
  });
export const writeText = (path, length) => write(path, length, words);

/** A program made of sources of the runner, as its own bundles are: `imports`, then `body` in an async function. */
export function bundle(folder, name, imports, body) {
  const outfile = join(folder, `${name}.cjs`);
  buildSync({
    stdin: {
      contents: [...imports, 'void (async () => {', ...body, '})();'].join('\n'),
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    loader: { '.node': 'empty' },
    mainFields: ['module', 'main'],
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}

function timed(command, args, options) {
  const began = process.hrtime.bigint();
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - began) / 1e9;
}

export const runPeer = (command, args, cwd) => timed(command, args, { cwd });

/** The program tells its own peak at its end (a kernel's count, in kilobytes). */
export function peakOf(command, [script, ...args]) {
  const note = `${script}.peak`;
  const hook = `${script}.hook.mjs`;
  writeFileSync(
    hook,
    `import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => writeFileSync(${JSON.stringify(note)}, String(process.resourceUsage().maxRSS)));\n`,
  );
  const seconds = timed(command, ['--import', hook, script, ...args], {});
  return { seconds, megabytes: Number(readFileSync(note, 'utf8')) / 1024 };
}

export const best = (times) => Math.min(...times);
export const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
export const settle = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export function report(what, unit, ours, peer, target) {
  const ratio = ours / peer;
  const shown = (value) => (unit === 'bytes' ? value : value.toFixed(2));
  console.log(
    `${what}: ours ${shown(ours)} ${unit}, peer ${shown(peer)} ${unit}, ratio ${ratio.toFixed(3)} (target ${target})`,
  );
  const file = option('json', undefined);
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, unit, ours, peer, ratio, target })}\n`);
  if (ratio > target) process.exitCode = 1;
}
