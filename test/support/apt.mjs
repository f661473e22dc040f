// Debian's packages, for those who may install them.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './cache.mjs';
import { isRoot, NotHereError, run, say } from './say.mjs';

/** Why packages cannot be installed here, or undefined. */
export function aptProblem() {
  if (process.platform !== 'linux') return `it needs Linux (this is ${process.platform})`;
  if (!existsSync('/usr/bin/apt-get')) return 'it is installed by apt-get, which this system does not have';
  if (!isRoot()) return 'it needs root';
  return undefined;
}

/** The mirror of Debian that this machine uses; undefined leaves the choice to debootstrap. */
export function debianMirror() {
  const folder = '/etc/apt/sources.list.d';
  const more = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const lines = ['/etc/apt/sources.list', ...more]
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => /^(URIs:|deb )/.test(line));
  const found = lines.flatMap((line) => line.match(/\bhttps?:\/\/\S+/) ?? []);
  return found.find((address) => /\/debian\/?$/.test(address));
}

/** Installs what is missing of `[path, package]`. Nothing is removed for it, and an engine's own service is not started by it. */
export async function installPackages(wanted) {
  const missing = wanted.filter(([path]) => !existsSync(path)).map(([, name]) => name);
  if (missing.length === 0) return;
  const problem = aptProblem();
  if (problem !== undefined) throw new NotHereError(`${missing.join(', ')} cannot be installed here: ${problem}`);
  await withLock('apt', async () => {
    say(`installing ${missing.join(', ')} with apt-get`);
    const policy = '/usr/sbin/policy-rc.d';
    const isOurs = !existsSync(policy);
    if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
      const patient = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=300'];
      await run('apt-get', [...patient, 'update', '-qq'], quiet);
      await run(
        'apt-get',
        [...patient, 'install', '-y', '-qq', '--no-remove', '--no-install-recommends', ...missing],
        quiet,
      );
    } finally {
      if (isOurs) rmSync(policy, { force: true });
    }
  });
}
