/**
 * What each of our processes starts with: its bundle, compiled once per machine. V8 takes longer to compile a bundle than
 * to run it, so the compiled code is kept in the user's cache folder and used as long as bundle and V8 are the same.
 * Without it, or where it does not fit, the bundle is compiled as ever.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

type Environment = Readonly<Record<string, string | undefined>>;
type Factory = (
  exports: unknown,
  require: NodeJS.Require,
  module: { exports: unknown },
  file: string,
  folder: string,
) => void;

const wrapped = (source: string): string =>
  `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;

/** Undefined where the user wants none: Node's own variable is honoured. */
export function codeCacheFolder(environment: Environment, platform: NodeJS.Platform): string | undefined {
  if ((environment['NODE_DISABLE_COMPILE_CACHE'] ?? '') !== '') return undefined;
  const name = 'training-pipelines';
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'];
    return local === undefined ? undefined : join(local, name, 'Cache', 'code');
  }
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', name, 'code');
  const given = environment['XDG_CACHE_HOME'] ?? '';
  return join(given.startsWith('/') ? given : join(homedir(), '.cache'), name, 'code');
}

export interface CachedBundle {
  /** Absolute path of the bundle. */
  readonly file: string;
  /** Changes with the bundle's content. */
  readonly build: string;
  readonly folder: string | undefined;
}

/** Runs the bundle in this process. What V8 compiled is kept when the process ends, if it was not there already. */
export function runCached({ file, build, folder }: CachedBundle): void {
  const path = folder === undefined ? undefined : join(folder, `${build}-${engineKey()}.bin`);
  const cachedData = path === undefined ? undefined : readOwn(path);
  const script = new Script(wrapped(readFileSync(file, 'utf8')), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const isFresh = cachedData !== undefined && script.cachedDataRejected !== true;
  const module = { exports: {} };
  (script.runInThisContext() as Factory)(module.exports, createRequire(file), module, file, dirname(file));
  if (path !== undefined && !isFresh) process.once('exit', () => keep(path, script));
}

/** V8 itself refuses what another version or other flags have made; a name of its own keeps them from taking turns. */
const engineKey = (): string =>
  createHash('sha256')
    .update([process.versions.v8, process.arch, ...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join('\0'))
    .digest('hex')
    .slice(0, 12);

/** Compiled code is run as it is, so another user's is none. */
function readOwn(path: string): Buffer | undefined {
  try {
    if (process.getuid !== undefined && statSync(path).uid !== process.getuid()) return undefined;
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

const daysKept = 30;

/** Only a cache: what cannot be written is done without. */
function keep(path: string, script: Script): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, script.createCachedData(), { mode: 0o600 });
    renameSync(temporary, path);
    removeOld(dirname(path));
  } catch {
    discard(temporary);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is no folder, or is gone: then so is the file.
  }
}

function removeOld(folder: string): void {
  const oldest = Date.now() - daysKept * 24 * 3600 * 1000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < oldest) rmSync(path, { force: true });
  }
}
