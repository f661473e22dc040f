import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptAddress } from '../../../runner/src/engineAddress';
import { parseEndpoint, showEndpoint, type Endpoint } from '../../../runner/src/engine/docker/endpoint';
import { engineChoices } from '../../../runner/src/engine/docker/engineChoices';
import { findLocalDocker } from '../../../runner/src/engine/docker/localDocker';
import { sshHosts } from '../../../runner/src/engine/docker/sshHosts';
import { sshWords } from '../../../runner/src/engine/docker/sshProgram';

const tls = { ca: 'ca', cert: 'cert', key: 'key' };
const whyOf = (endpoint: Endpoint): string => (endpoint.kind === 'unsupported' ? endpoint.why : endpoint.kind);

describe('an address', () => {
  it.each([
    ['ssh://host', { host: 'host' }],
    ['ssh://me@host', { user: 'me', host: 'host' }],
    ['ssh://me@host:2222', { user: 'me', host: 'host', port: 2222 }],
    ['ssh://me@host/run/user/7/docker.sock', { user: 'me', host: 'host', socket: '/run/user/7/docker.sock' }],
    ['ssh://me@[fe80::1%eth0]:22', { user: 'me', host: 'fe80::1%eth0', port: 22 }],
    ['ssh://first.last+x@gpu_box-1.example', { user: 'first.last+x', host: 'gpu_box-1.example' }],
  ])('%s is one of ssh, and is shown as it was given', (text, target) => {
    const endpoint = parseEndpoint(text);
    expect(endpoint).toEqual({ kind: 'ssh', target });
    expect(showEndpoint(endpoint)).toBe(text);
  });

  it.each([
    'ssh://-oProxyCommand=touch${IFS}x',
    'ssh://-oProxyCommand=x@host',
    'ssh://me@-oProxyCommand=x',
    'ssh://--@host',
    'ssh://me@',
    'ssh://',
    'ssh://me:password@host',
    'ssh://host:0',
    'ssh://host:65536',
    'ssh://host:22;x',
    'ssh://host;touch x',
    'ssh://host name',
    'ssh://`id`@host',
    'ssh://$(id)@host',
    'ssh://me@ho\nst',
    'ssh://me\u0000@host',
    'ssh://host/path with/../space',
    "ssh://host/a';id;'.sock",
    'ssh://host?query',
    'ssh://host#fragment',
  ])('%j is refused', (text) => expect(parseEndpoint(text).kind).toBe('unsupported'));

  it('can never be an option of ssh', () => {
    const words = sshWords({ user: 'me', host: 'host', port: 22 }, {}, ['docker system dial-stdio']);
    expect(words.slice(words.indexOf('--'))).toEqual(['--', 'host', 'docker system dial-stdio']);
    expect(words).toContain('StrictHostKeyChecking=yes');
    expect(words).toContain('BatchMode=yes');
  });

  it.each([
    'tcp://host:2375',
    'tcp://host',
    'http://host:2375',
    'https://host:2376',
    'tcp://127.0.0.1:2375',
    'tcp://[::1]:2375',
  ])('%s without TLS is refused', (text) => expect(whyOf(parseEndpoint(text))).toMatch(/^Plain TCP/));

  it.each(['tcp://127.0.0.1:2375', 'tcp://localhost:2375', 'tcp://[::1]:2375'])(
    '%s may be plain where that was set',
    (text) =>
      expect(parseEndpoint(text, { allowPlainLoopback: true })).toMatchObject({ kind: 'tcp', target: { tls: null } }),
  );

  it.each(['tcp://10.0.0.1:2375', 'tcp://localhost.example:2375', 'tcp://127.0.0.1.example:2375'])(
    '%s may not, whatever is set',
    (text) => expect(whyOf(parseEndpoint(text, { allowPlainLoopback: true }))).toMatch(/^Plain TCP/),
  );

  it('with TLS that is not to be verified is for the loopback alone', () => {
    const material = { tls: { ...tls, skipVerify: true } };
    expect(whyOf(parseEndpoint('tcp://host:2376', material))).toMatch(/not to be verified/);
    expect(parseEndpoint('tcp://127.0.0.1:2376', material).kind).toBe('tcp');
  });

  it.each(['tcp://', 'tcp://host:0', 'tcp://host:99999', 'tcp://user@host:1', 'tcp://host:2376/path', 'tcp://ho st:1'])(
    '%s is none',
    (text) => expect(whyOf(parseEndpoint(text, { tls }))).toMatch(/no host and port/),
  );
});

describe('the engines of a user', () => {
  let home: string;
  let server: Server | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tp-home-'));
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(home, { recursive: true });
  });
  const environment = () => ({ HOME: home });
  const write = (path: string, text: string | object): void => {
    const target = join(home, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, typeof text === 'string' ? text : JSON.stringify(text));
  };
  const context = (name: string, docker: object, material = false): void => {
    const id = createHash('sha256').update(name).digest('hex');
    write(`.docker/contexts/meta/${id}/meta.json`, { Name: name, Metadata: {}, Endpoints: { docker } });
    if (material)
      for (const file of ['ca', 'cert', 'key'])
        write(`.docker/contexts/tls/${id}/docker/${file}.pem`, `${file} of ${name}`);
  };
  const choices = async () =>
    engineChoices({ environment: environment(), docker: await findLocalDocker(environment(), 'linux') });
  const shown = async () =>
    (await choices()).choices.map(({ name, endpoint, kind }) => [name, showEndpoint(endpoint), kind]);
  const find = async (name: string) => (await choices()).choices.find((one) => one.name === name)?.endpoint;

  it('are every Docker context, with its TLS material', async () => {
    context('lab', { Host: 'ssh://me@lab' });
    context('farm', { Host: 'tcp://farm:2376', SkipTLSVerify: false }, true);
    context('careless', { Host: 'tcp://careless:2376', SkipTLSVerify: true }, true);
    context('open', { Host: 'tcp://open:2375' });
    write('.docker/contexts/meta/broken/meta.json', '{');
    expect(await shown()).toEqual([
      ['careless', 'tcp://careless:2376', 'listed'],
      ['farm', 'tcp://farm:2376', 'listed'],
      ['lab', 'ssh://me@lab', 'listed'],
      ['open', 'tcp://open:2375', 'listed'],
    ]);
    expect(await find('farm')).toMatchObject({ target: { tls: { ca: 'ca of farm', skipVerify: false } } });
    expect((await find('careless'))?.kind).toBe('unsupported');
    expect((await find('open'))?.kind).toBe('unsupported');
  });

  it('are those of engines.json before all others, with files beside it', async () => {
    for (const file of ['ca', 'cert', 'key']) write(`.config/training-pipelines/tls/${file}.pem`, file);
    const farm = {
      name: 'farm',
      host: 'tcp://10.0.0.1:2376',
      ca: 'tls/ca.pem',
      cert: 'tls/cert.pem',
      key: 'tls/key.pem',
      serverName: 'farm',
    };
    const half = { name: 'half', host: 'tcp://10.0.0.2:2376', ca: 'tls/ca.pem' };
    const gone = { ...farm, name: 'gone', key: 'nowhere.pem' };
    const engines = [farm, half, gone, { name: 'docker', host: 'ssh://evil' }, { name: 'lab', host: 'ssh://mine' }];
    write('.config/training-pipelines/engines.json', { engines });
    context('lab', { Host: 'ssh://other' });
    expect((await shown()).map(([name]) => name)).toEqual(['farm', 'half', 'gone', 'lab']);
    expect(await find('lab')).toMatchObject({ target: { host: 'mine' } });
    expect(await find('farm')).toMatchObject({ kind: 'tcp', target: { tls: { ca: 'ca', serverName: 'farm' } } });
    expect((await find('half'))?.kind).toBe('unsupported');
    expect((await find('gone'))?.kind).toBe('unsupported');
  });

  it.each([
    ['{', /JSON/],
    [{ engines: [{ name: '-x', host: 'ssh://a' }] }, /engines\.0\.name/],
    [{ engines: [{ name: 'a', host: 'ssh://a', proxyCommand: 'x' }] }, /engines\.0/],
  ])('are not those of an engines.json like %j, and that is said', async (text, why) => {
    write('.config/training-pipelines/engines.json', text);
    const { choices: found, problems } = await choices();
    expect(found).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(why)]);
  });

  it('are sockets of this machine that `docker` does not stand for', async () => {
    const runtime = join(home, 'run');
    mkdirSync(join(runtime, 'podman'), { recursive: true });
    const podman = join(runtime, 'podman', 'podman.sock');
    server = createServer();
    await new Promise<void>((resolve) => server?.listen(podman, resolve));
    const rootless = { ...environment(), XDG_RUNTIME_DIR: runtime };
    const nowhere: Endpoint = { kind: 'socket', path: '/nowhere' };
    const found = await engineChoices({ environment: rootless, docker: nowhere });
    expect(found.choices.map(({ name }) => name)).toContain('podman-rootless');
    const again = await engineChoices({ environment: rootless, docker: { kind: 'socket', path: podman } });
    expect(again.choices.map(({ name }) => name)).not.toContain('podman-rootless');
  });

  it('are offered from the ssh configuration, its included files too, and none that stands for many', async () => {
    write(
      '.ssh/config',
      'Include conf.d/*.conf missing\nHost gpu-box *.lab !bad "quoted" -oProxyCommand=x\n  HostName 10.0.0.1\nhost=second\nMatch host x\nHost *\n',
    );
    write('.ssh/conf.d/b.conf', 'Host later\n');
    write('.ssh/conf.d/a.conf', 'Host earlier # a note\nInclude ~/.ssh/config\n');
    expect(await sshHosts(home)).toEqual(['earlier', 'gpu-box', 'quoted', 'second', 'later']);
    expect((await shown()).filter(([, , kind]) => kind === 'offered').map(([name]) => name)).toContain('gpu-box');
  });

  it('may be given by their address on a command line, and are known to other processes then', async () => {
    await expect(acceptAddress(environment(), 'ssh://-oProxyCommand=x')).rejects.toMatchObject({ code: 'usage' });
    await expect(acceptAddress(environment(), 'tcp://host:2375')).rejects.toMatchObject({ code: 'usage' });
    expect(await acceptAddress(environment(), 'ssh://me@host')).toBe('ssh://me@host');
    expect(await shown()).toEqual([['ssh://me@host', 'ssh://me@host', 'hidden']]);
  });
});

describe('the engine that `docker` stands for', () => {
  it('has mutual TLS as Docker’s own variables say, and is never plain', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tp-home-'));
    const host = { HOME: home, DOCKER_HOST: 'tcp://host:2376' };
    expect((await findLocalDocker(host, 'linux')).kind).toBe('unsupported');
    expect((await findLocalDocker({ ...host, DOCKER_CERT_PATH: join(home, 'none') }, 'linux')).kind).toBe(
      'unsupported',
    );
    const certificates = join(home, '.docker');
    mkdirSync(certificates);
    for (const file of ['ca', 'cert', 'key']) writeFileSync(join(certificates, `${file}.pem`), file);
    expect(await findLocalDocker({ ...host, DOCKER_TLS_VERIFY: '1' }, 'linux')).toMatchObject({
      kind: 'tcp',
      target: { tls },
    });
    expect(await findLocalDocker({ ...host, DOCKER_CERT_PATH: certificates }, 'linux')).toMatchObject({
      target: { tls },
    });
    expect((await findLocalDocker(host, 'linux')).kind).toBe('unsupported');
    rmSync(home, { recursive: true });
  });
});
