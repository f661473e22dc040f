// A bridge for each engine: the engines run without rules of their own in the machine's firewall, so that several of them,
// and a Docker that the machine has already, do not flush each other's.
import { existsSync } from 'node:fs';
import { ask, run } from '../say.mjs';

const ip = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find((path) => existsSync(path)) ?? 'ip';
const iptablesProgram = existsSync('/usr/sbin/iptables') ? '/usr/sbin/iptables' : 'iptables';
const quiet = { stdio: ['ignore', 'ignore', 'pipe'] };

const rules = ({ bridge, subnet }) => {
  const mark = ['-m', 'comment', '--comment', bridge];
  return [
    ['nat', 'POSTROUTING', '-s', subnet, '!', '-o', bridge, ...mark, '-j', 'MASQUERADE'],
    ['filter', 'FORWARD', '-i', bridge, ...mark, '-j', 'ACCEPT'],
    ['filter', 'FORWARD', '-o', bridge, ...mark, '-j', 'ACCEPT'],
  ];
};

const iptables = (action, [table, chain, ...rule]) => ask(iptablesProgram, ['-w', '-t', table, action, chain, ...rule]);

/** A bridge with a subnet that nobody has here yet. Podman makes its bridge itself, when a container first needs it. */
export async function makeNetwork(name, { makesBridge }) {
  const taken = `${ask(ip, ['-4', '-o', 'route']) ?? ''}${ask(iptablesProgram, ['-w', '-t', 'nat', '-S', 'POSTROUTING']) ?? ''}`;
  const bridge = `tp${name}`;
  for (let i = 100; i < 250; i++) {
    const prefix = `10.213.${i}`;
    if (taken.includes(`${prefix}.`)) continue;
    const network = { bridge, gateway: `${prefix}.1`, subnet: `${prefix}.0/24` };
    if (makesBridge) await makeBridge(network);
    for (const rule of rules(network)) iptables('-I', rule);
    return network;
  }
  throw new Error('no free subnet below 10.213.0.0/16 for the tests’ engine');
}

async function makeBridge({ bridge, gateway }) {
  await run(ip, ['link', 'add', bridge, 'type', 'bridge'], quiet);
  await run(ip, ['addr', 'add', `${gateway}/24`, 'dev', bridge], quiet);
  await run(ip, ['link', 'set', bridge, 'up'], quiet);
}

export function removeNetwork(network) {
  for (const rule of rules(network)) iptables('-D', rule);
  ask(ip, ['link', 'del', network.bridge]);
}
