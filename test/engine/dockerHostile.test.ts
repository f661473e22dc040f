import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isExpected, type ErrorCode } from '../../runner/src/domain/errors';
import { DockerClient, DockerRefusal } from '../../runner/src/engine/docker/dockerClient';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import { harnessFolder } from '../support/localRun';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder = '';
let socket = '';
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  socket = join(folder, 'docker.sock');
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function clientOf(answer: Answer): Promise<DockerClient> {
  const made = createServer(answer);
  server = made;
  await new Promise<void>((resolve) => made.listen(socket, resolve));
  return new DockerClient('docker', parseEndpoint(`unix://${socket}`));
}

const short = { timeoutMilliseconds: 300 };
const get = (client: DockerClient) => client.get('/info', z.object({ Name: z.string() }), short);
const fails = (work: Promise<unknown>, code: ErrorCode) =>
  expect(work).rejects.toSatisfy((error) => isExpected(error, code));

describe('a hostile or broken engine', () => {
  it.each<[string, Answer]>([
    ['HTML', (_, response) => response.setHeader('content-type', 'text/html').end('<html>sign in</html>')],
    ['wrong types', (_, response) => response.end('{"Name": 7}')],
    ['nothing', (_, response) => response.end()],
    ['silence', () => undefined],
    ['a body that stops', (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{"Na')],
    [
      'a body that is cut',
      (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{"Na', () => response.destroy()),
    ],
    ['a cut connection', (request) => request.destroy()],
    [
      'a body without end',
      (_, response) => {
        const part = Buffer.alloc(1 << 20, 'x');
        const more = (): void => void (response.writable && response.write(part, () => setImmediate(more)));
        more();
      },
    ],
  ])('that answers %s is unreachable, by the deadline', async (_name, answer) => {
    const client = await clientOf(answer);
    await fails(get(client), 'engine-unreachable');
  });

  it.each(['http', 'https', 'ftp'])('that redirects to %s leads nowhere', async (scheme) => {
    const visits: string[] = [];
    const other = createServer((request, response) => {
      visits.push(request.url ?? '');
      response.end('{"Name": "other"}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const location = `${scheme}://127.0.0.1:${(other.address() as AddressInfo).port}/info`;
    const client = await clientOf((_, response) => response.writeHead(302, { location }).end());
    await expect(get(client)).rejects.toSatisfy((error) => error instanceof DockerRefusal && error.status === 302);
    expect(visits).toEqual([]);
    other.close();
  });

  it('that refuses at length is quoted in bounded memory', async () => {
    const client = await clientOf((_, response) => response.writeHead(500).end('x'.repeat(4 << 20)));
    await fails(get(client), 'engine-unreachable');
  });

  it('that went away between two calls is asked again', async () => {
    const client = await clientOf((request, response) => {
      response.end('{"Name": "first"}', () => request.socket.destroy());
    });
    for (let i = 0; i < 5; i++) expect(await get(client)).toEqual({ Name: 'first' });
  });

  it('is the one that was named, whatever DOCKER_HOST says', async () => {
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      const client = await clientOf((_, response) => response.end('{"Name": "named"}'));
      expect(await get(client)).toEqual({ Name: 'named' });
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    }
  });

  it('ends a log that is no stream of frames with an error', async () => {
    const client = await clientOf((_, response) => response.end('<html>no frames</html>'));
    const engine = createDockerEngine({ name: 'docker', endpoint: client.endpoint, harnessFolder, environment: {} });
    const ref = { runId: 'r1', nonce: 'n', installation: 'i', workFolder: folder };
    const read = async (): Promise<void> => {
      for await (const _ of engine.follow(ref, { after: null, live: true, signal: AbortSignal.timeout(5000) }))
        continue;
    };
    await expect(read()).rejects.toThrow('no stream of frames');
  });
});

describe('an engine that is not there', () => {
  const engineAt = (host: string) =>
    createDockerEngine({ name: 'docker', endpoint: parseEndpoint(host), harnessFolder, environment: {} });

  it('is unreachable, with the socket and what to do', async () => {
    const facts = await engineAt('unix:///nonexistent/docker.sock').probe();
    expect(facts).toMatchObject({ state: 'unreachable', problem: { code: 'engine-unreachable' } });
    expect(facts.problem?.message).toContain('/nonexistent/docker.sock');
    expect(facts.problem?.hint).not.toBe('');
  });

  it('is unsupported where its kind of address is not', async () => {
    expect(await engineAt('tcp://10.0.0.1:2375').probe()).toMatchObject({ state: 'unsupported' });
  });

  it.each<[string, object, object, string]>([
    ['too old', { ApiVersion: '1.40', Version: '19.03' }, { OSType: 'linux' }, 'too old'],
    ['for Windows containers', { ApiVersion: '1.45', Version: '26.1' }, { OSType: 'windows' }, 'windows containers'],
  ])('is unsupported where it is %s', async (_name, version, info, words) => {
    const client = await clientOf((request, response) => {
      response.end(JSON.stringify(request.url?.startsWith('/info') === true ? info : version));
    });
    const engine = createDockerEngine({ name: 'docker', endpoint: client.endpoint, harnessFolder, environment: {} });
    const facts = await engine.probe();
    expect(facts).toMatchObject({ state: 'unsupported', problem: { code: 'engine-unsupported' } });
    expect(facts.problem?.message).toContain(words);
  });

  it('leaves the state of a run unknown, not forgotten', async () => {
    const ref = { runId: 'r1', nonce: 'n', installation: 'i', workFolder: folder };
    expect((await engineAt('unix:///nonexistent/docker.sock').inspect(ref)).kind).toBe('unknown');
  });
});
