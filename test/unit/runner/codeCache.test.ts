import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { codeCacheFolder } from '../../../runner/src/codeCache';

const folder = mkdtempSync(join(tmpdir(), 'code-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const launcher = join(folder, 'launcher.js');
buildSync({
  stdin: {
    contents: `import { runCached } from './runner/src/codeCache'; runCached(JSON.parse(process.argv[2]))`,
    resolveDir: process.cwd(),
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile: launcher,
});

let count = 0;
/** A bundle that says what it is given, and its own cache folder. */
function place(
  source = `exports.x = 1; console.log(require('node:path').basename(__filename), __dirname, exports.x);`,
) {
  const file = join(folder, `bundle${++count}.js`);
  writeFileSync(file, source);
  const cache = join(folder, `cache${count}`);
  const run = (build = 'b1'): string =>
    execFileSync(process.execPath, [launcher, JSON.stringify({ file, build, folder: cache })], { encoding: 'utf8' });
  const kept = (): string[] => readdirSync(cache).filter((name) => name.endsWith('.bin'));
  return { file, cache, run, kept, expected: `bundle${count}.js ${folder} 1\n` };
}

describe('the code cache', () => {
  it('runs a bundle as require would, and keeps what was compiled', () => {
    const { run, kept, expected } = place();
    expect(run()).toBe(expected);
    expect(kept()).toHaveLength(1);
    expect(run()).toBe(expected);
    expect(kept()).toHaveLength(1);
  });

  it('compiles anew what is damaged, and mends it', () => {
    const { cache, run, kept, expected } = place();
    run();
    const path = join(cache, kept()[0] ?? '');
    writeFileSync(path, 'garbage');
    expect(run()).toBe(expected);
    expect(readFileSync(path).length).toBeGreaterThan(100);
  });

  it('keeps one file for each build, and lets old ones go', () => {
    const { cache, run, kept } = place();
    run('b1');
    const old = join(cache, kept()[0] ?? '');
    utimesSync(old, new Date('2020-01-01'), new Date('2020-01-01'));
    run('b2');
    expect(kept()).toHaveLength(1);
    expect(kept()[0]).toMatch(/^b2-/);
  });

  it('does without a folder that cannot be written', () => {
    const { cache, run, expected } = place();
    writeFileSync(cache, 'a file in its place');
    expect(run()).toBe(expected);
  });

  it('has its folder where the system keeps caches, or none where the user wants none', () => {
    expect(codeCacheFolder({ XDG_CACHE_HOME: '/c' }, 'linux')).toBe(join('/c', 'training-pipelines', 'code'));
    expect(codeCacheFolder({ XDG_CACHE_HOME: 'c' }, 'linux')).toMatch(/\.cache.training-pipelines.code$/);
    expect(codeCacheFolder({}, 'win32')).toBeUndefined();
    expect(codeCacheFolder({ LOCALAPPDATA: 'C:\\L' }, 'win32')).toMatch(/training-pipelines.Cache.code$/);
    expect(codeCacheFolder({ NODE_DISABLE_COMPILE_CACHE: '1' }, 'linux')).toBeUndefined();
  });
});
