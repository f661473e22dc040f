import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { scanPackage } from '../../runner/src/archive/scanPackage';
import { writeZip } from '../../runner/src/archive/writeZip';
import { isExpected } from '../../runner/src/domain/errors';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import { labels } from '../../runner/src/engine/docker/labels';
import type { EnvironmentRequest, PreparedEnvironment } from '../../runner/src/engine/engine';
import { dockerPlace, type DockerPlace } from '../support/dockerPlace';
import { startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { engineRun, installation } from '../support/engineRun';
import { harnessFolder, main, makeFiles, type Files } from '../support/localRun';

/** A wheel that needs no index: `tiny` with the text of its version. */
const wheelMaker = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = "%s-%s.dist-info" % (name, version)
with zipfile.ZipFile("%s/%s-%s-py3-none-any.whl" % (folder, name, version), "w") as wheel:
    wheel.writestr(name + ".py", "version = %r\\n" % version)
    wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version))
    wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "/RECORD", "")
`;

/** A package index that asks for a password, and notes what is fetched. */
interface Index {
  readonly server: Server;
  readonly fetched: string[];
  readonly password: string;
}

function startIndex(wheels: string): Index {
  const fetched: string[] = [];
  const password = randomBytes(8).toString('hex');
  const wanted = `Basic ${Buffer.from(`canary-user:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? '';
      fetched.push(path);
      if (request.headers.authorization !== wanted)
        return response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      const name = /^\/simple\/(tiny|other)\/$/.exec(path)?.[1];
      if (name !== undefined) {
        const links = ['1.0', '2.0'].map((version) => `${name}-${version}-py3-none-any.whl`);
        return response
          .setHeader('content-type', 'text/html')
          .end(links.map((file) => `<a href="/files/${file}">${file}</a>`).join('\n'));
      }
      const file = /^\/files\/([\w.-]+\.whl)$/.exec(path)?.[1];
      if (file === undefined) return response.writeHead(404).end();
      return response.setHeader('cache-control', 'max-age=3600').end(await readFile(join(wheels, file)));
    })();
  });
  return { server, fetched, password };
}

const gatewaySchema = z.object({ IPAM: z.object({ Config: z.array(z.object({ Gateway: z.string().optional() })) }) });

let engine: TestEngine;
let place: DockerPlace;
let folder = '';
let index: Index;
let address = '';
beforeAll(async () => {
  engine = await startEngine();
  place = dockerPlace(engine.host);
  folder = await mkdtemp(join(tmpdir(), 'docker-environment-'));
  await makeFiles(join(folder, 'wheels'), {});
  for (const name of ['tiny', 'other']) {
    for (const version of ['1.0', '2.0']) {
      execFileSync('python3', ['-c', wheelMaker, join(folder, 'wheels'), name, version]);
    }
  }
  index = startIndex(join(folder, 'wheels'));
  const bridge = await place.client.get('/networks/bridge', gatewaySchema);
  const host = bridge.IPAM.Config[0]?.Gateway ?? '172.17.0.1';
  await new Promise<void>((resolve) => index.server.listen(0, '0.0.0.0', resolve));
  address = `${host}:${(index.server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  const filters = { label: [`${labels.installation}=${installation}`] };
  for (const { Id } of await place.client.get('/images/json', z.array(z.object({ Id: z.string() })), {
    query: { filters },
  })) {
    await place.client.delete(`/images/${Id}`, { force: true });
  }
  index.server.close();
  await rm(folder, { recursive: true, force: true });
  await engine.stop();
});

interface Prepared {
  readonly environment: PreparedEnvironment;
  readonly output: string;
  readonly progress: readonly string[];
}

let count = 0;

interface PrepareOptions {
  readonly image?: string;
  readonly signal?: AbortSignal;
  readonly onOutput?: (text: string) => void;
}

async function prepare(files: Files, { image = testImage, signal, onOutput }: PrepareOptions = {}): Promise<Prepared> {
  const source = join(folder, `source-${++count}`);
  await makeFiles(source, { 'train.py': main('pass'), ...files });
  const zip = `${source}.zip`;
  await writeZip({ entries: (await scanPackage(source)).entries, root: 'digits', target: zip });
  const names = ['requirements.txt', 'train_requirements.txt', 'Dockerfile'].filter((name) => name in files);
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    PIP_INDEX_URL: `http://canary-user:${index.password}@${address}/simple`,
    PIP_TRUSTED_HOST: address,
  };
  const own = createDockerEngine({ name: 'docker', endpoint: parseEndpoint(engine.host), harnessFolder, environment });
  let output = '';
  const progress: string[] = [];
  const request: EnvironmentRequest = {
    runId: 'r1',
    installation,
    image,
    python: '',
    files: names.map((name) => ({ name, text: files[name] ?? '' })),
    zip,
    package: 'digits',
    network: 'bridge',
    cacheFolder: folder,
  };
  const plan = await own.planEnvironment?.(request);
  const prepared = await own.prepare(
    request,
    {
      onProgress: ({ text }) => progress.push(text),
      onOutput: (text) => {
        output += text;
        onOutput?.(text);
      },
    },
    signal,
  );
  // What the panel says before a run is what the run then does.
  expect(plan?.kind).toBe(prepared.built || /another run/.test(prepared.summary) ? 'build' : 'ready');
  return { environment: prepared, output, progress };
}

/** Requirements that no other run of these tests has had. */
const fresh = (text: string): string => `${text}\n# ${randomBytes(6).toString('hex')}\n`;

async function versionsIn(environment: PreparedEnvironment, names: readonly string[]): Promise<string> {
  const code = names.map((name) => `import ${name}\nprint(${name}.version)`).join('\n');
  const run = await engineRun({ ...place, environment }, main(code));
  try {
    await run.record();
    return await run.text('stdout');
  } finally {
    await run.dispose();
  }
}

describe('the environment from requirements', () => {
  it('is the base image where nothing is required', async () => {
    const { environment } = await prepare({ 'requirements.txt': '# nothing\n\n' });
    expect(environment).toMatchObject({ built: false, image: { name: testImage } });
  });

  it('is built once, streamed, and found again for all users', async () => {
    const text = fresh('tiny==1.0\nother');
    const first = await prepare({ 'requirements.txt': text });
    expect(first.environment.built).toBe(true);
    expect(first.output).toContain('Successfully installed');
    expect(first.progress.some((line) => /^installing other, 2 of 2$/.test(line))).toBe(true);
    const asked = index.fetched.length;
    const second = await prepare({ 'requirements.txt': text });
    expect(second.environment).toMatchObject({ built: false, target: first.environment.target });
    expect(second.environment.summary).toContain('Nothing to install');
    expect(second.output).toBe('');
    expect(index.fetched.length).toBe(asked);
    expect(await versionsIn(first.environment, ['tiny', 'other'])).toBe('1.0\n2.0\n');
  });

  it('downloads only what is new where a requirement has changed', async () => {
    await prepare({ 'requirements.txt': fresh('tiny==2.0\nother==1.0') });
    const before = index.fetched.length;
    await prepare({ 'requirements.txt': fresh('tiny==2.0\nother==2.0') });
    const files = index.fetched.slice(before).filter((path) => path.startsWith('/files/tiny'));
    expect(files).toEqual([]);
  });

  it('is made anew where an included file has changed', async () => {
    const text = fresh('-r more/base.txt');
    const one = await prepare({ 'requirements.txt': text, 'more/base.txt': 'tiny==1.0\n' });
    const two = await prepare({ 'requirements.txt': text, 'more/base.txt': 'tiny==2.0\n' });
    expect(two.environment.built).toBe(true);
    expect(await versionsIn(one.environment, ['tiny'])).toBe('1.0\n');
    expect(await versionsIn(two.environment, ['tiny'])).toBe('2.0\n');
  });

  it('has no address, name or password of the index, in its settings, history or files', async () => {
    const { environment } = await prepare({ 'requirements.txt': fresh('tiny') });
    const any = z.unknown();
    const told = JSON.stringify([
      await place.client.get(`/images/${environment.target}/json`, any),
      await place.client.get(`/images/${environment.target}/history`, any),
    ]);
    const tar = join(folder, 'image.tar');
    execFileSync('docker', ['-H', engine.host, 'save', '-o', tar, environment.target]);
    for (const word of [index.password, 'canary-user', address]) {
      expect(told).not.toContain(word);
      expect(execFileSync('sh', ['-c', 'grep -c -a -F -e "$1" "$2" || true', 'sh', word, tar]).toString()).toBe('0\n');
    }
  });

  it('leaves no container and no volume of the installer', async () => {
    await prepare({ 'requirements.txt': fresh('tiny') });
    const filters = { label: [`${labels.installation}=${installation}`] };
    const any = z.array(z.unknown());
    expect(await place.client.get('/containers/json', any, { query: { all: true, filters } })).toEqual([]);
    const volumes = await place.client.get('/volumes', z.object({ Volumes: any.nullish() }), { query: { filters } });
    expect(volumes.Volumes ?? []).toEqual([]);
  });

  it('is built once by two that want it at once', async () => {
    const files = { 'requirements.txt': fresh('other==1.0') };
    const both = await Promise.all([prepare(files), prepare(files)]);
    expect(new Set(both.map(({ environment }) => environment.target)).size).toBe(1);
    expect(both.filter(({ environment }) => environment.built).length).toBe(1);
  });

  it('names the requirement that fails, and its line', async () => {
    const failing = prepare({ 'requirements.txt': fresh('other\ntiny==9.9') });
    await expect(failing).rejects.toSatisfy((error) => {
      expect(isExpected(error, 'requirements')).toBe(true);
      expect((error as Error).message).toContain('tiny==9.9');
      expect((error as { hint: string }).hint).toContain('requirements.txt:2');
      return true;
    });
  });

  it('can be cancelled, and leaves nothing behind', async () => {
    const stop = new AbortController();
    const slow = { 'requirements.txt': fresh('.'), 'setup.py': 'import time\ntime.sleep(60)\n' };
    const began = Date.now();
    await expect(prepare(slow, { signal: stop.signal, onOutput: () => stop.abort() })).rejects.toSatisfy((error) =>
      isExpected(error, 'cancelled'),
    );
    expect(Date.now() - began).toBeLessThan(30_000);
    const filters = { label: [`${labels.installation}=${installation}`] };
    expect(await place.client.get('/containers/json', z.array(z.unknown()), { query: { all: true, filters } })).toEqual(
      [],
    );
  });

  it('comes from a Dockerfile where the package has one', async () => {
    const files = {
      Dockerfile: `FROM ${testImage}\nCOPY tool.py /usr/lib/python3/dist-packages/\n`,
      'tool.py': `version = "${randomBytes(4).toString('hex')}"\n`,
    };
    const { environment } = await prepare(files);
    expect(environment).toMatchObject({ built: true, image: { name: 'Dockerfile' } });
    expect(await versionsIn(environment, ['tool'])).toMatch(/^[0-9a-f]{8}\n$/);
    expect((await prepare(files)).environment).toMatchObject({ built: false, target: environment.target });
  });

  it('fails with the words of a Dockerfile that fails', async () => {
    const failing = prepare({ Dockerfile: `FROM ${testImage}\nRUN exit 7\n` });
    await expect(failing).rejects.toSatisfy((error) => isExpected(error, 'requirements') && /7/.test(error.message));
  });
});

describe('the image of a run', () => {
  it('that no registry has is refused before the run, or where the engine cannot ask, when it is to be pulled', async () => {
    const image = 'tp-test-nothing:1';
    const limits = { memory: null, cpus: null, shm: null, timeoutSeconds: null };
    const gpu = { kind: 'none' } as const;
    const demand = { gpu, image, python: '', datasetAccess: 'read-only', network: 'bridge', limits } as const;
    const wanted = async (): Promise<void> => {
      await place.engine.demand({ ...demand, hasDockerfile: false });
      await prepare({}, { image });
    };
    await expect(wanted()).rejects.toSatisfy((error) => isExpected(error, 'image-missing'));
  });

  it('tells of the engine what it is', async () => {
    expect(await place.engine.probe()).toMatchObject({
      state: 'ready',
      kind: 'docker',
      endpoint: engine.host,
      problem: null,
    });
  });
});
