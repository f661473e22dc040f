// A second machine, played by a network namespace and a mount namespace: an address of its own, a /tmp and /run of its own (no
// path of a test means anything there), an sshd and an engine. Servers are started only inside of it, and ended by their ids.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../cache.mjs';
import { ask, NotHereError, run } from '../say.mjs';

const ip = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find((path) => existsSync(path)) ?? 'ip';
const quiet = { stdio: ['ignore', 'ignore', 'pipe'] };
const namespaceOf = (name) => `tp-${name}`;
const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export const sshdPackages = [
  ['/usr/sbin/sshd', 'openssh-server'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/nsenter', 'util-linux'],
  ['/usr/bin/openssl', 'openssl'],
];

/** Why no second machine can be played here, or undefined. */
export function farProblem() {
  const name = `tp-try-${process.pid}`;
  if (ask(ip, ['netns', 'add', name]) === undefined)
    return 'a network namespace cannot be made here: the privilege for it (CAP_SYS_ADMIN) is missing';
  ask(ip, ['netns', 'del', name]);
  return undefined;
}

function mountScript(folder) {
  const own = quote(folder);
  return [
    'set -e',
    `mount --bind ${own} /mnt`,
    'mount -t tmpfs -o mode=1777 tmpfs /tmp',
    `mkdir -p ${own}`,
    `mount --move /mnt ${own}`,
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -p /run/sshd',
    `ln -s ${quote(join(folder, 'engine.sock'))} /run/docker.sock`,
    `touch ${quote(join(folder, 'far.ready'))}`,
    'exec sleep infinity',
  ].join('\n');
}

/** Answers `{ address, pid, namespace }`: of the machine, and of the process that keeps its namespaces. */
export async function makeFar({ name, folder, network }) {
  const namespace = namespaceOf(name);
  const address = network.gateway.replace(/\.1$/, '.2');
  const problem = farProblem();
  if (problem !== undefined) throw new NotHereError(problem);
  await run(ip, ['netns', 'add', namespace], quiet);
  const inside = (...words) => run(ip, ['-n', namespace, ...words], quiet);
  await run(ip, ['link', 'add', network.bridge, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace], quiet);
  await run(ip, ['addr', 'add', `${network.gateway}/24`, 'dev', network.bridge], quiet);
  await run(ip, ['link', 'set', network.bridge, 'up'], quiet);
  await inside('link', 'set', 'lo', 'up');
  await inside('addr', 'add', `${address}/24`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', network.gateway);
  const words = [`--net=/run/netns/${namespace}`, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
  const holder = spawn('nsenter', [...words, mountScript(folder)], { detached: true, stdio: 'ignore' });
  holder.unref();
  for (const deadline = Date.now() + 10_000; !existsSync(join(folder, 'far.ready'));) {
    if (Date.now() > deadline || holder.exitCode !== null)
      throw new NotHereError('a mount namespace for a second machine cannot be made here');
    await delay(20);
  }
  return { address, pid: holder.pid, namespace };
}

/** A command inside of the machine, as `[command, args]`. */
export const inFar = (far, command, args) => ['nsenter', ['-t', String(far.pid), '-n', '-m', '--', command, ...args]];

/** Everything that runs there goes, by process id; then the machine. */
export async function removeFar(far) {
  const pids = () => (ask(ip, ['netns', 'pids', far.namespace]) ?? '').split('\n').filter(Boolean).map(Number);
  for (let tries = 0; tries < 100 && pids().length > 0; tries++) {
    for (const pid of pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    }
    if (!pids().some(isAlive)) break;
    await delay(50);
  }
  ask(ip, ['netns', 'del', far.namespace]);
}

async function makeKey(path, words = []) {
  if (!existsSync(path)) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path, ...words], quiet);
  return path;
}

/** An sshd of the machine; `port` and further `lines` of its configuration. Answers `{ port, hostKey, stop() }`. */
export async function startSshd({ far, folder }, { port = 22, lines = [], hostKey = 'host' } = {}) {
  const own = join(folder, 'ssh');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const key = await makeKey(join(own, hostKey));
  await makeKey(join(own, 'user'));
  const pidFile = join(own, `pid-${port}`);
  rmSync(pidFile, { force: true });
  const config = join(own, `sshd-${port}`);
  const settings = [
    `Port ${port}`,
    `ListenAddress ${far.address}`,
    `HostKey ${key}`,
    `AuthorizedKeysFile ${join(own, 'user.pub')}`,
    `PidFile ${pidFile}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    ...lines,
  ];
  writeFileSync(config, `${settings.join('\n')}\n`);
  await run(...inFar(far, '/usr/sbin/sshd', ['-f', config, '-E', join(own, `log-${port}`)]), quiet);
  for (const deadline = Date.now() + 10_000; !existsSync(pidFile);) {
    if (Date.now() > deadline) throw new Error(`sshd did not start: ${readFileSync(join(own, `log-${port}`), 'utf8')}`);
    await delay(20);
  }
  const pid = Number(readFileSync(pidFile, 'utf8'));
  return {
    port,
    pid,
    hostKey: readFileSync(`${key}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    log: () => readFileSync(join(own, `log-${port}`), 'utf8'),
    /** Ends the listener and all that it let in. */
    stop: async () => {
      for (const one of [pid, ...childrenOf(pid)]) if (isAlive(one)) process.kill(one, 'SIGKILL');
      while (isAlive(pid)) await delay(20);
    },
  };
}

function childrenOf(pid) {
  const direct = (ask('ps', ['-o', 'pid=', '--ppid', String(pid)]) ?? '').split('\n').filter(Boolean).map(Number);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
}

/**
 * An `ssh` that reads a configuration and known hosts of the test's own, since OpenSSH looks for the user's wherever HOME
 * points. Answers `{ command, known, setKnown(text), setConfig(lines) }`.
 */
export function makeSshClient({ folder }, name = 'client') {
  const own = join(folder, 'ssh', name);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const known = join(own, 'known_hosts');
  const config = join(own, 'config');
  const command = join(own, 'ssh');
  const setConfig = (lines = []) =>
    writeFileSync(
      config,
      [
        ...lines,
        'Host *',
        '  User root',
        `  IdentityFile ${join(folder, 'ssh', 'user')}`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile ${known}`,
        '  GlobalKnownHostsFile none',
        '',
      ].join('\n'),
    );
  setConfig();
  writeFileSync(known, '');
  writeFileSync(command, `#!/bin/sh\nexec /usr/bin/ssh -F ${quote(config)} "$@"\n`, { mode: 0o755 });
  return { command, known, config, setConfig, setKnown: (text) => writeFileSync(known, text) };
}

/** A CA, and certificates signed by it for a server at `address` and for a client. Answers the paths of the files by name. */
export async function makeCertificates(folder, address) {
  const own = join(folder, 'tls');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const path = (name) => join(own, name);
  const openssl = (...words) => run('openssl', words, quiet);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-keyout', path('ca-key.pem'), '-out', path('ca.pem'), '-days', '2', '-subj', '/CN=test CA'];
  await openssl('req', '-x509', ...newKey, ...ca);
  const sign = async (name, subject, extension) => {
    writeFileSync(path(`${name}.ext`), extension);
    await openssl('req', ...newKey, '-keyout', path(`${name}-key.pem`), '-out', path(`${name}.csr`), '-subj', subject);
    const by = ['-CA', path('ca.pem'), '-CAkey', path('ca-key.pem'), '-CAcreateserial', '-days', '2'];
    const files = ['-in', path(`${name}.csr`), '-out', path(`${name}-cert.pem`), '-extfile', path(`${name}.ext`)];
    await openssl('x509', '-req', ...by, ...files);
  };
  await sign('server', '/CN=far', `subjectAltName=IP:${address},DNS:far.test\nextendedKeyUsage=serverAuth\n`);
  await sign('client', '/CN=client', 'extendedKeyUsage=clientAuth\n');
  return {
    ca: path('ca.pem'),
    serverCert: path('server-cert.pem'),
    serverKey: path('server-key.pem'),
    cert: path('client-cert.pem'),
    key: path('client-key.pem'),
  };
}
