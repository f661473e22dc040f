// A modern Docker Engine and Podman on an older Debian: from a tree of Debian 13, in a mount namespace of their own.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../cache.mjs';
import { run, say } from '../say.mjs';
import { debootstrap } from './images.mjs';

const packages = ['docker.io', 'podman', 'netavark', 'aardvark-dns', 'nftables', 'runc', 'catatonit'];

/** What the tree has itself; every other folder at the root is the machine's, so that paths mean the same on both sides. */
const ownFolders = /^(bin|boot|dev|etc|lib.*|lost\+found|old_root|proc|run|sbin|sys|usr|var)$/;

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The words that make the tree usable inside a mount namespace of its own. Nothing of it is seen outside, or left behind. */
function mountScript(tree, binds) {
  const shared = readdirSync('/', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !ownFolders.test(entry.name))
    .map((entry) => entry.name);
  const bind = (name) => [
    `mkdir -p ${quote(`${tree}/${name}`)}`,
    `mount --rbind ${quote(`/${name}`)} ${quote(`${tree}/${name}`)}`,
  ];
  return [
    'set -e',
    // Without this first bind, importing an image fails: the tree must be a mount for it to be remounted.
    `mount --bind ${quote(tree)} ${quote(tree)}`,
    `mount --make-private ${quote(tree)}`,
    ...['proc', 'sys', 'dev', ...shared].flatMap(bind),
    `mount -t tmpfs tmpfs ${quote(`${tree}/run`)}`,
    ...binds.flatMap(([from, to]) => [
      `mkdir -p ${quote(`${tree}${to}`)}`,
      `mount --bind ${quote(from)} ${quote(`${tree}${to}`)}`,
    ]),
  ].join('\n');
}

/** A program in the tree, as `[command, args]` for the machine; `binds`: further folders as `[from, to]`. */
export function inTree(tree, program, args, binds = []) {
  const script = `${mountScript(tree, binds)}\nexec chroot ${quote(tree)} "$@"`;
  return ['unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', program, ...args]];
}

/** The machine's own sources of packages may go through a proxy or a mirror with certificates of its own. */
function takeAlongSettings(tree) {
  for (const name of ['etc/resolv.conf', 'etc/hosts', 'etc/ssl/certs/ca-certificates.crt']) {
    if (!existsSync(`/${name}`)) continue;
    mkdirSync(join(tree, name, '..'), { recursive: true });
    cpSync(`/${name}`, join(tree, name), { dereference: true });
  }
  const folder = '/etc/apt/apt.conf.d';
  for (const name of readdirSync(folder).filter((name) => /proxy|retries|ssl|cert/i.test(name)))
    cpSync(join(folder, name), join(tree, folder, name));
}

/** Answers the folder of the tree, made once (about a minute). */
export function trixieTree() {
  return cached('trixie', async (tree) => {
    say('making a tree of Debian 13 for a modern Docker and Podman (about a minute)');
    await debootstrap('trixie', ['ca-certificates', 'iproute2', 'iptables'], tree);
    takeAlongSettings(tree);
    writeFileSync(join(tree, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
    const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
    for (const args of [['update', '-qq'], install, ['clean']]) {
      const [command, rest] = inTree(tree, 'apt-get', args);
      await run(command, rest, quiet);
    }
  });
}
