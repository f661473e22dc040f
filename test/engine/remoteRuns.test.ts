/** A second machine as a user has it: by address, by context, by name; the same version comes of a run wherever it ran. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { enginesSchema, type EngineFacts } from '../../runner/src/domain/engineFacts';
import { errorSchema } from '../../runner/src/domain/documents';
import { runSchema, type Run } from '../../runner/src/domain/run';
import { versionFileSchema } from '../../runner/src/domain/version';
import type { TlsMaterial } from '../../runner/src/engine/docker/tcpTarget';
import { readMaterial } from '../../runner/src/engine/docker/tlsMaterial';
import { CommandLine, train } from '../support/commandLine';
import { dockerPlace, overSsh, overTls } from '../support/dockerPlace';
import { startFarEngine, startEngine, testImage, type FarEngine, type TestEngine } from '../support/engine.mjs';
import { engineRun } from '../support/engineRun';
import { main } from '../support/localRun';

let far: FarEngine;
let local: TestEngine;
beforeAll(async () => {
  far = await startFarEngine();
  local = await startEngine();
});
afterAll(async () => {
  await far.stop();
  await local.stop();
});

/** Learns something from all of the data, and keeps it in text and in bytes. */
const learning = train(
  [
    'names = sorted(os.listdir(data_directory))',
    'self.model = {name: sum(open(os.path.join(data_directory, name), "rb").read()) for name in names}',
    'os.makedirs("artifacts", exist_ok=True)',
    'open("artifacts/plot.bin", "wb").write(bytes(range(256)) * 100)',
    'print("seen", len(names))',
  ].join('\n'),
  'import json\nopen("model.json", "w").write(json.dumps(self.model, sort_keys=True))\nos.makedirs("weights")\nopen("weights/a.bin", "wb").write(bytes(70000))',
);

describe('the command line', () => {
  let cli: CommandLine;
  let home: string;
  let environment: Record<string, string>;
  const copyMaterial = async (folder: string): Promise<void> => {
    await mkdir(folder, { recursive: true });
    for (const name of ['ca', 'cert', 'key'] as const)
      await copyFile(far.certificates[name], join(folder, `${name}.pem`));
  };
  beforeEach(async () => {
    const outer = await CommandLine.make();
    home = join(outer.folder, 'home');
    environment = { HOME: home, TRAINING_PIPELINES_SSH: far.client.command, DOCKER_HOST: local.host };
    cli = await CommandLine.make(environment);
    await cli.write({ 'digits/train.py': learning, 'data/d/a.txt': 'one', 'data/d/b.txt': 'two'.repeat(9999) });
    await copyMaterial(join(home, 'certificates'));
    removeOuter = () => outer.remove();
  });
  let removeOuter: () => Promise<void>;
  afterEach(async () => {
    await cli.remove();
    await removeOuter();
  });

  const write = async (path: string, value: object): Promise<void> => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), JSON.stringify(value));
  };
  const context = async (name: string, docker: object): Promise<void> => {
    const id = createHash('sha256').update(name).digest('hex');
    await write(`.docker/contexts/meta/${id}/meta.json`, { Name: name, Metadata: {}, Endpoints: { docker } });
    await copyMaterial(join(home, '.docker/contexts/tls', id, 'docker'));
  };
  const run = async (engine: string, ...more: string[]): Promise<Run> => {
    const args = ['run', 'digits', '--dataset', 'data/d', '--image', testImage, '--engine', engine, ...more];
    const { document, err } = await cli.json(...args);
    const parsed = runSchema.safeParse(document);
    if (!parsed.success) throw new Error(`${JSON.stringify(document)}\n${err}`);
    return parsed.data;
  };
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, document } = await cli.json('run', 'digits', '--dataset', 'data/d', ...args);
    const { error } = errorSchema.parse(document);
    return `${code} ${error.code}: ${error.message} ${error.hint}`;
  };
  const engines = async (...names: string[]): Promise<Record<string, EngineFacts>> => {
    const { document } = await cli.json('engines', ...names);
    return Object.fromEntries(enginesSchema.parse(document).engines.map((one) => [one.name, one]));
  };
  const sealOf = async ({ version }: Run) => {
    const path = join(cli.folder, '.training-pipelines/packages/digits', version, 'version.json');
    const { sealed, madeFrom } = versionFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return { sealed, dataset: madeFrom?.dataset.tree };
  };

  test('makes the same version on this machine, over ssh and with mutual TLS', async () => {
    await context('farm', { Host: `tcp://${far.address}:2376`, SkipTLSVerify: false });
    await cli.write({
      '.vscode/training-pipelines.json': JSON.stringify({
        pipelines: [{ name: 'far', package: 'digits', engine: 'farm' }],
      }),
    });
    const runs = [await run('docker'), await run(`ssh://root@${far.address}`), await run('farm')];
    for (const one of runs) expect(one, one.engine).toMatchObject({ state: 'Successful', warnings: [], problem: null });
    const [first, ...others] = await Promise.all(runs.map(sealOf));
    for (const other of others) expect(other).toEqual(first);
    const { document } = await cli.json('run', '--pipeline', 'far', '--dataset', 'data/d', '--image', testImage);
    expect(runSchema.parse(document)).toMatchObject({ state: 'Successful', engine: 'farm' });
    expect((await cli.json('verify')).document).toMatchObject({ ok: true, checked: 5 });
  });

  test('goes on with a run at an address that another process was given', async () => {
    await cli.write({
      'digits/train.py': train('print("ready", flush=True)\nimport time\ntime.sleep(2)', 'open("m", "w").write("m")'),
    });
    const { id } = await run(`ssh://root@${far.address}`, '--detach');
    expect((await cli.json('attach', id)).document).toMatchObject({ id, state: 'Successful', version: '1.1' });
  });

  test('goes on only with the engine that has the run, whatever its name stands for by now', async () => {
    const body = 'print("ready", flush=True)\nimport time\ntime.sleep(3)';
    await cli.write({ 'digits/train.py': train(body, 'open("m", "w").write("m")') });
    // The one that waits for the end does so by itself, so it is ended first.
    const started = cli.start('run', 'digits', '--dataset', 'data/d', '--image', testImage, '--engine', 'docker');
    await started.until('ready');
    started.child.kill('SIGKILL');
    await started.answer;
    const elsewhere = cli.with({ DOCKER_HOST: far.host });
    const refused = await elsewhere.json('attach');
    expect(refused).toMatchObject({ code: 3, document: { error: { code: 'engine-unreachable' } } });
    expect(JSON.stringify(refused.document)).toContain(local.host);
    expect((await cli.json('attach')).document).toMatchObject({ state: 'Successful', version: '1.1' });
  });

  test('stops a run there', async () => {
    await cli.write({ 'digits/train.py': train('print("ready", flush=True)\nimport time\ntime.sleep(60)', 'pass') });
    const { id } = await run(`ssh://root@${far.address}`, '--detach');
    expect((await cli.json('stop', id)).document).toMatchObject({ id, state: 'Killed', version: '' });
  });

  test('refuses what is no engine, or could not be one safely', async () => {
    expect(await refusal('--engine', 'nowhere')).toMatch(/^2 usage: There is no engine "nowhere".*docker, process/);
    expect(await refusal('--engine', 'ssh://-oProxyCommand=touch${IFS}x')).toMatch(/^2 usage: .*host name/);
    expect(await refusal('--engine', `tcp://${far.address}:2376`)).toMatch(/^2 usage: Plain TCP/);
    const pipelines = [{ name: 'far', package: 'digits', engine: `ssh://root@${far.address}` }];
    await cli.write({ '.vscode/training-pipelines.json': JSON.stringify({ pipelines }) });
    expect(await refusal('--pipeline', 'far')).toMatch(/^2 usage: .*a workspace can only name one/);
  });

  test('lists all engines though some are dead, and connects to no host that was not chosen', async () => {
    await context('farm', { Host: `tcp://${far.address}:2376` });
    const dead = { name: 'dead', host: 'ssh://root@10.213.0.99' };
    const silent = { name: 'silent', host: 'tcp://10.213.0.98:2376', ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };
    await write('.config/training-pipelines/engines.json', { engines: [dead, silent] });
    await copyMaterial(join(home, '.config/training-pipelines'));
    await mkdir(join(home, '.ssh'), { recursive: true });
    await writeFile(join(home, '.ssh/config'), `Host gpu-box\n  HostName ${far.address}\n`);
    const before = far.sshd.log();
    const began = Date.now();
    const found = await engines();
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(Object.entries(found).map(([name, { state }]) => `${name} ${state}`)).toEqual([
      'docker ready',
      'process ready',
      'dead unreachable',
      'silent unreachable',
      'farm ready',
      'gpu-box offered',
    ]);
    expect(found['farm']).toMatchObject({ endpoint: `tcp://${far.address}:2376`, platform: 'linux/amd64' });
    expect(far.sshd.log()).toBe(before);
  });

  test('shows a host key, and accepts it by its fingerprint', async () => {
    const client = far.makeClient('stranger');
    const stranger = { ...environment, TRAINING_PIPELINES_SSH: client.command };
    const address = `ssh://root@${far.address}`;
    const other = await CommandLine.make(stranger);
    const facts = async () => enginesSchema.parse((await other.json('engines', address)).document).engines[0];
    expect((await facts())?.problem?.hint).toContain(`--trust ${address} --fingerprint SHA256:`);
    const shown = z.object({ fingerprint: z.string(), accepted: z.literal(false) });
    const { fingerprint } = shown.parse((await other.json('engines', '--trust', address)).document);
    const wrong = await other.json('engines', '--trust', address, '--fingerprint', `${fingerprint}x`);
    expect(wrong).toMatchObject({ code: 2, document: { error: { code: 'usage' } } });
    const accepted = await other.json('engines', '--trust', address, '--fingerprint', fingerprint);
    expect(accepted).toMatchObject({ code: 0, document: { fingerprint, accepted: true } });
    expect((await facts())?.state).toBe('ready');
    await other.remove();
  });
});

describe('mutual TLS', () => {
  const probed = async (change: Partial<TlsMaterial>, host = `tcp://${far.address}:2376`): Promise<string> => {
    const tls = await readMaterial(far.certificates);
    if (tls === undefined) throw new Error('no certificates');
    const { state, problem } = await dockerPlace(host, 'far', { tls: { ...tls, ...change } }).engine.probe();
    return `${state}: ${problem?.message ?? ''}`;
  };
  const pem = (name: keyof FarEngine['certificates']): Promise<string> => readFile(far.certificates[name], 'utf8');

  test('connects where both sides are who they say', async () => {
    expect(await probed({})).toBe('ready: ');
    expect(await probed({ serverName: 'far.test' })).toBe('ready: ');
  });

  test('refuses a server that another authority signed', async () => {
    expect(await probed({ ca: await pem('cert') })).toMatch(/^unreachable: .*certificate/);
  });

  test('refuses a server whose certificate is for another name', async () => {
    expect(await probed({ serverName: 'other.test' })).toMatch(/^unreachable: .*other\.test/);
  });

  test('is refused by the server without a certificate of its own', async () => {
    expect(await probed({ cert: await pem('serverCert'), key: await pem('serverKey') })).toMatch(
      /^unreachable: .*certificate/,
    );
  });
});

describe('the container of a run on a second machine', () => {
  test.each(['ssh', 'tls'])('over %s is as confined as on this one, and holds no secret', async (way) => {
    const place = way === 'ssh' ? overSsh(far) : await overTls(far);
    const run = await engineRun(place, main('print("ready")'), { secrets: { TOKEN: 'canary-4242' }, network: 'none' });
    await run.record();
    const found = await place.client.get(
      `/containers/training-pipelines-${run.spec.ref.runId}/json`,
      z.record(z.string(), z.unknown()),
    );
    expect(found['HostConfig']).toMatchObject({
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: 'none',
      IpcMode: 'private',
      PidsLimit: 16_384,
      Init: true,
      RestartPolicy: { Name: 'no' },
    });
    expect(found['Config']).toMatchObject({ User: `${process.getuid?.()}:${process.getgid?.()}`, Tty: false });
    const mounts = z.array(z.object({ Type: z.string(), RW: z.boolean() })).parse(found['Mounts']);
    for (const { Type, RW } of mounts) expect({ Type, RW }).toEqual({ Type: 'volume', RW: false });
    expect(JSON.stringify(found)).not.toContain('canary-4242');
    await run.dispose();
  });
});
