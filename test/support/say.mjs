// Words and commands for the scripts of this folder.
import { spawn, spawnSync } from 'node:child_process';

const started = performance.now();
export const say = (text) => console.log(`[${((performance.now() - started) / 1000).toFixed(1)} s] ${text}`);

/** Runs a command and shows its output; rejects with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The same, with the last of what it said in the error, for a summary far below. */
export function runTelling(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.on('data', (data) => {
        said = `${said}${data}`.slice(-4000);
        to.write(data);
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`${[command, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}\n${said.trim()}`),
        );
    });
  });
}

/** Runs a command quietly and answers what it printed; undefined where it failed. */
export function ask(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  return status === 0 ? stdout : undefined;
}

export const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
export const isRoot = () => process.getuid?.() === 0;

/** This machine lacks what a test needs: `npm test` counts the tests as skipped, with these words. */
export class NotHereError extends Error {
  name = 'NotHereError';
}
