// How each kind of engine is started: a plain value, `{ command, args, env }`, made of the engine's own folder.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFar } from './far.mjs';
import { inTree, trixieTree } from './trixie.mjs';
import { writeCdi, writeHook } from './standIns.mjs';

export const kinds = ['docker-20', 'docker-26', 'podman'];

/** Debian's own, else the one that is there: it is started anew, with nothing of the machine's. */
export const findDockerd = () => ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find((path) => existsSync(path));

function environment(folder, gpu) {
  const env = { ...process.env };
  delete env.DOCKER_HOST;
  if (gpu) writeHook(join(folder, 'bin'));
  env.PATH = `${join(folder, 'bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return env;
}

/** Everything that an engine could share with another one of the machine is named anew, the settings of /etc/docker among it. */
function dockerd({ folder, socket, network, cdi, liveRestore, name, far, tls }) {
  const settings = join(folder, 'daemon.json');
  const features = cdi ? { features: { cdi: true }, 'cdi-spec-dirs': [join(folder, 'cdi')] } : {};
  writeFileSync(settings, JSON.stringify({ ...features, 'live-restore': liveRestore === true }));
  const words = [
    ['--config-file', settings, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ['--pidfile', join(folder, 'pid'), '--host', `unix://${socket}`, '--log-level', 'warn'],
    ['--containerd-namespace', `tp-${name}`, '--containerd-plugins-namespace', `tp-plugins-${name}`],
    // A second machine has a firewall and bridges of its own.
    far === undefined ? ['--bridge', network.bridge, '--iptables=false', '--ip-masq=false'] : [],
    tls === undefined ? [] : tlsWords(tls, far.address),
    ['--cgroup-parent', `/tp-${name}`],
  ];
  return words.flat();
}

const tlsWords = ({ ca, serverCert, serverKey }, address) =>
  [
    ['--host', `tcp://${address}:2376`, '--tlsverify'],
    ['--tlscacert', ca, '--tlscert', serverCert, '--tlskey', serverKey],
  ].flat();

/** Podman's default network, on a bridge of the engine's own. */
function podmanNetwork({ bridge, subnet, gateway }) {
  return {
    name: 'podman',
    id: '2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9',
    driver: 'bridge',
    network_interface: bridge,
    created: '2026-01-01T00:00:00Z',
    subnets: [{ subnet, gateway }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: 'host-local' },
  };
}

function podman({ folder, socket, network }) {
  for (const name of ['run', 'tmp', 'networks']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'networks', 'podman.json'), JSON.stringify(podmanNetwork(network)));
  const words = [
    ['--root', join(folder, 'data'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')],
    ['--network-config-dir', join(folder, 'networks'), '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'],
    ['system', 'service', '--time=0', `unix://${socket}`],
  ];
  return words.flat();
}

/** `choice`: `{ kind, folder, socket, network, gpu, cdi, liveRestore, name, far, tls }`. */
export async function launchPlan(choice) {
  const plan = await planHere(choice);
  if (choice.far === undefined) return plan;
  const [command, args] = inFar(choice.far, plan.command, plan.args);
  return { ...plan, command, args };
}

async function planHere(choice) {
  const { kind, folder, gpu, cdi } = choice;
  if (cdi) writeCdi(join(folder, 'cdi'));
  const env = environment(folder, gpu);
  if (kind === 'docker-20') return { command: findDockerd(), args: dockerd(choice), env };
  const tree = await trixieTree();
  if (kind === 'docker-26') {
    const [command, args] = inTree(tree, '/usr/sbin/dockerd', dockerd(choice));
    return { command, args, env };
  }
  const binds = cdi ? [[join(folder, 'cdi'), '/etc/cdi']] : [];
  const [command, args] = inTree(tree, '/usr/bin/podman', podman(choice), binds);
  return { command, args, env };
}
