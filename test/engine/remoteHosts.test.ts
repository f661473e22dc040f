/** Who answers behind ssh: host keys known, unknown, changed, hashed, revoked and certified; and what keeps one from getting in. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../runner/src/engine/engine';
import { overSsh } from '../support/dockerPlace';
import { startFarEngine, type FarEngine, type FarSshd, type SshClient } from '../support/engine.mjs';

let far: FarEngine;
let client: SshClient;
let count = 0;
beforeAll(async () => {
  far = await startFarEngine();
});
afterAll(() => far.stop());
/** A fresh client for each case: no connection of an earlier one can be shared. */
beforeEach(() => {
  client = far.makeClient(`case-${count++}`);
});

const nameOf = (port = 22): string => (port === 22 ? far.address : `[${far.address}]:${port}`);
const engineAt = (port?: number): Engine =>
  overSsh(far, `ssh://root@${far.address}${port === undefined ? '' : `:${port}`}`, client).engine;
const problemOf = async (engine: Engine): Promise<string> => {
  const { state, problem } = await engine.probe();
  return `${state}: ${problem?.message ?? 'none'} ${problem?.hint ?? ''}`;
};
const fingerprint = (sshd: FarSshd): string => {
  const path = join(far.folder, 'key.pub');
  writeFileSync(path, `${sshd.hostKey}\n`);
  return execFileSync('ssh-keygen', ['-lf', path], { encoding: 'utf8' }).split(' ')[1] ?? '';
};
const hasLetIn = (): number => far.sshd.log().split('Accepted publickey').length;

describe('a host key', () => {
  it('that is known lets the connection through', async () => {
    client.setKnown(`${nameOf()} ${far.sshd.hostKey}\n`);
    expect(await engineAt().probe()).toMatchObject({ state: 'ready', platform: 'linux/amd64', problem: null });
  });

  it('that is unknown is shown with its fingerprint and how to accept it, and nothing is sent', async () => {
    const before = hasLetIn();
    const said = await problemOf(engineAt());
    expect(said).toMatch(/^unreachable: .*host key is not known yet, so nothing was sent/);
    expect(said).toContain(fingerprint(far.sshd));
    expect(said).toContain(`engines --trust far --fingerprint ${fingerprint(far.sshd)}`);
    expect(hasLetIn()).toBe(before);
    expect(readFileSync(client.known, 'utf8')).toBe('');
  });

  it('is accepted with its fingerprint, and with no other', async () => {
    const { hostTrust } = engineAt();
    const key = await hostTrust?.read();
    expect(key).toEqual({ type: 'ssh-ed25519', fingerprint: fingerprint(far.sshd), host: `ssh://root@${far.address}` });
    await expect(hostTrust?.accept('SHA256:AAAA')).rejects.toMatchObject({ code: 'usage' });
    expect(readFileSync(client.known, 'utf8')).toBe('');
    client.setKnown('other ssh-ed25519 AAAA');
    await hostTrust?.accept(key?.fingerprint ?? '');
    expect(readFileSync(client.known, 'utf8')).toBe(`other ssh-ed25519 AAAA\n${far.address} ${far.sshd.hostKey}\n`);
    expect((await engineAt().probe()).state).toBe('ready');
  });

  it('that is another than before is refused, and nothing is sent', async () => {
    const other = await far.startSshd({ port: 2201, hostKey: 'other' });
    client.setKnown(`${nameOf()} ${other.hostKey}\n`);
    const before = hasLetIn();
    expect(await problemOf(engineAt())).toMatch(
      /^unreachable: .*shows another host key than before, so nothing was sent.*ssh-keygen -R/,
    );
    expect(hasLetIn()).toBe(before);
    await other.stop();
  });

  it('is found under a hashed name', async () => {
    client.setKnown(`${nameOf()} ${far.sshd.hostKey}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', client.known], { stdio: 'ignore' });
    expect(readFileSync(client.known, 'utf8')).toMatch(/^\|1\|/);
    expect((await engineAt().probe()).state).toBe('ready');
  });

  it('that was revoked is refused, also where it is known', async () => {
    client.setKnown(`${nameOf()} ${far.sshd.hostKey}\n@revoked * ${far.sshd.hostKey}\n`);
    expect(await problemOf(engineAt())).toMatch(/^unreachable: .*marked as revoked, so nothing was sent/);
  });

  it('is known where an authority that is known has signed it', async () => {
    const own = join(far.folder, 'ssh');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(own, 'authority')]);
    const certified = await far.startSshd({ port: 2202, hostKey: 'certified' });
    await certified.stop();
    const sign = ['-q', '-s', join(own, 'authority'), '-h', '-I', 'far', '-n', far.address, join(own, 'certified.pub')];
    execFileSync('ssh-keygen', sign, { stdio: 'ignore' });
    const sshd = await far.startSshd({
      port: 2202,
      hostKey: 'certified',
      lines: [`HostCertificate ${join(own, 'certified-cert.pub')}`],
    });
    const authority = readFileSync(join(own, 'authority.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    client.setKnown(`@cert-authority ${nameOf(2202)} ${authority}\n`);
    expect((await engineAt(2202).probe()).state).toBe('ready');
    client.setKnown(`@cert-authority ${nameOf(2202)} ${far.sshd.hostKey}\n`);
    client = { ...far.makeClient('another'), setKnown: client.setKnown };
    expect(await problemOf(engineAt(2202))).toMatch(/not known yet/);
    await sshd.stop();
  });

  it('belongs to the port where that is not the usual one', async () => {
    const sshd = await far.startSshd({ port: 2203, hostKey: 'other' });
    client.setKnown(`${nameOf()} ${far.sshd.hostKey}\n`);
    expect(await problemOf(engineAt(2203))).toMatch(/not known yet/);
    client.setKnown(`${nameOf(2203)} ${sshd.hostKey}\n`);
    expect((await engineAt(2203).probe()).state).toBe('ready');
    await sshd.stop();
  });
});

describe('an engine behind ssh', () => {
  beforeEach(() => client.setKnown([22, 2204].map((port) => `${nameOf(port)} ${far.sshd.hostKey}\n`).join('')));

  it('may be a Host of the ssh configuration, behind another', async () => {
    client.setConfig([
      'Host gpu-box',
      `  HostName ${far.address}`,
      '  ProxyJump hop',
      'Host hop',
      `  HostName ${far.address}`,
    ]);
    expect(await overSsh(far, 'ssh://gpu-box', client).engine.probe()).toMatchObject({ state: 'ready' });
  });

  it('is reached by its socket where the far side has no docker program', async () => {
    const sshd = await far.startSshd({ port: 2204, lines: ['SetEnv PATH=/nowhere'] });
    expect((await engineAt(2204).probe()).state).toBe('ready');
    await sshd.stop();
  });

  it('is reached by sessions of its docker program where forwarding is forbidden', async () => {
    const sshd = await far.startSshd({ port: 2204, lines: ['AllowStreamLocalForwarding no', 'AllowTcpForwarding no'] });
    expect((await engineAt(2204).probe()).state).toBe('ready');
    await sshd.stop();
  });

  it('is not found where there is neither', async () => {
    const lines = ['SetEnv PATH=/nowhere', 'AllowStreamLocalForwarding no'];
    const sshd = await far.startSshd({ port: 2204, lines });
    expect(await problemOf(engineAt(2204))).toMatch(/^unreachable: .*no Docker was found on that host/);
    await sshd.stop();
  });

  it('is not there where its Docker does not run', async () => {
    const sshd = await far.startSshd({ port: 2204, lines: ['SetEnv DOCKER_HOST=unix:///nowhere.sock'] });
    expect(await problemOf(engineAt(2204))).toMatch(/^unreachable: .*Docker does not run on that host/);
    await sshd.stop();
  });

  it('has no permission where the key is not let in', async () => {
    const sshd = await far.startSshd({ port: 2204, lines: ['PubkeyAuthentication no'] });
    expect(await problemOf(engineAt(2204))).toMatch(/^permission: .*did not let you in/);
    await sshd.stop();
  });

  it('refuses where nothing listens', async () => {
    expect(await problemOf(engineAt(2299))).toMatch(/^unreachable: .*ssh server refuses connections/);
  });

  it('is reached again after its connection was cut', async () => {
    const sshd = await far.startSshd({ port: 2204 });
    const engine = engineAt(2204);
    expect((await engine.probe()).state).toBe('ready');
    await sshd.stop();
    expect((await engine.probe()).state).toBe('unreachable');
    const again = await far.startSshd({ port: 2204 });
    expect((await engine.probe()).state).toBe('ready');
    await again.stop();
  });
});
