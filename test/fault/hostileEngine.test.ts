/** Whatever an engine answers to any call: typed errors by their deadline, bounded memory, nothing uncaught, no other host. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanPackage } from '../../runner/src/archive/scanPackage';
import { writeZip } from '../../runner/src/archive/writeZip';
import { isExpected } from '../../runner/src/domain/errors';
import type { Engine, RunSpec } from '../../runner/src/engine/engine';
import { tellFault } from '../support/faultTable';
import { dockerAt } from '../support/libraryRuns';
import { makeFiles } from '../support/localRun';

/** 20 s become 0.6 s, and the longest deadline of a single answer 3.6 s. */
const scale = 0.03;
const longestSeconds = 8;
const mostGrowth = 300 * 1024 * 1024;

type Answer = (response: ServerResponse, elsewhere: string) => void;

function endless(response: ServerResponse, part: Buffer): void {
  const more = (): void => {
    while (response.writable && response.write(part)) continue;
    if (response.writable) response.once('drain', () => setImmediate(more));
  };
  more();
}

/** Header of a log frame that announces four gigabytes. */
const hugeFrame = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);

/** A tar whose one file says that it has a million terabytes. */
function hugeTar(): Buffer {
  const header = Buffer.alloc(512);
  header.write('out/package/x', 0);
  header.write('0000644\0', 100);
  header.write('777777777777', 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

const hostilities: readonly (readonly [string, Answer])[] = [
  ['a redirect', (response, elsewhere) => response.writeHead(307, { location: elsewhere }).end()],
  ['HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>')],
  ['wrong types', (response) => response.writeHead(200).end('{"Id":[1],"State":7,"Config":"x","Names":{}}')],
  ['null', (response) => response.writeHead(200).end('null')],
  ['half of a JSON text', (response) => response.writeHead(200).end('{"Id": "ab')],
  ['nothing', (response) => response.writeHead(200).end()],
  ['silence', () => undefined],
  ['a body that stops', (response) => void response.writeHead(200, { 'content-length': 1_000 }).write('{"Id":')],
  ['a refusal without end', (response) => endless(response.writeHead(500), Buffer.alloc(1 << 20, 'x'))],
  ['a body without end', (response) => endless(response.writeHead(200), Buffer.alloc(1 << 20, 'x'))],
  [
    'a line without end',
    (response) => endless(response.writeHead(200), Buffer.concat([hugeFrame, Buffer.alloc(1 << 20, 'y')])),
  ],
  ['zeros without end', (response) => endless(response.writeHead(200), Buffer.alloc(1 << 20))],
  [
    'a file of a million terabytes',
    (response) => void response.writeHead(200).write(hugeTar(), () => response.destroy()),
  ],
  ['a cut', (response) => void response.socket?.destroy()],
];

describe('a hostile engine', () => {
  let folder: string;
  let zip: string;
  const visits: string[] = [];
  let elsewhere: Server;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tp-hostile-'));
    await makeFiles(join(folder, 'source'), { 'train.py': 'class Main: pass' });
    zip = join(folder, 'digits.zip');
    await writeZip({ entries: (await scanPackage(join(folder, 'source'))).entries, root: 'digits', target: zip });
    elsewhere = createServer((request, response) => {
      visits.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    await writeFile(join(folder, 'data.csv'), '1');
  });
  afterAll(async () => {
    elsewhere.close();
    await rm(folder, { recursive: true, force: true });
  });

  const spec = (): RunSpec => ({
    ref: { runId: 'r1', nonce: 'ab'.repeat(16), installation: 'test', workFolder: join(folder, 'work') },
    package: 'digits',
    zip,
    dataset: { path: folder, access: 'read-only', mountName: 'data' },
    environment: { target: 'x', image: null, summary: '', built: false, warnings: [] },
    parameters: {},
    secretNames: [],
    artifactsDirectory: 'artifacts',
    gpu: { kind: 'none' },
    network: 'bridge',
    limits: { memory: null, cpus: null, shm: null, timeoutSeconds: null },
  });

  /** All that the runner asks of an engine. */
  function calls(engine: Engine): Record<string, () => Promise<unknown>> {
    const { ref } = spec();
    const onProgress = (): void => undefined;
    const request = { runId: 'r1', installation: 'test', image: 'x', python: '', files: [], zip, package: 'digits' };
    const demand = {
      gpu: { kind: 'none' },
      image: 'x',
      python: '',
      datasetAccess: 'read-only',
      network: 'bridge',
    } as const;
    const follow = async (live: boolean): Promise<void> => {
      const signal = AbortSignal.timeout(1_500);
      for await (const _ of engine.follow(ref, { after: null, live, signal })) continue;
    };
    return {
      probe: async () => expect((await engine.probe()).state).toMatch(/ready|unreachable|unsupported/),
      demand: () => engine.demand({ ...demand, limits: spec().limits, hasDockerfile: false }),
      prepare: () =>
        engine.prepare(
          { ...request, network: 'bridge', cacheFolder: folder },
          { onProgress, onOutput: () => undefined },
        ),
      start: () => engine.start(spec(), {}, { onProgress }),
      inspect: async () => expect((await engine.inspect(ref)).kind).toMatch(/unknown|forgotten/),
      'follow live': () => follow(true),
      'follow what is there': () => follow(false),
      stop: () => engine.stop(ref, { graceSeconds: 0 }),
      collect: async () => {
        const collected = await engine.collect(ref, join(folder, 'staging'), {
          onProgress,
          signal: AbortSignal.timeout(2_000),
        });
        expect(collected.record).toBeUndefined();
      },
      remove: () => engine.remove(ref),
    };
  }

  async function settles(name: string, work: () => Promise<unknown>): Promise<void> {
    const begun = performance.now();
    try {
      await work();
    } catch (error) {
      const isEndOfTest = (error as Error).name === 'TimeoutError' || (error as Error).name === 'AbortError';
      const isTyped = isExpected(error) || isEndOfTest || /no stream of frames/.test((error as Error).message);
      if (!isTyped) throw new Error(`${name} failed without a code`, { cause: error });
    } finally {
      expect((performance.now() - begun) / 1000, name).toBeLessThan(longestSeconds);
    }
  }

  let answered = 0;

  async function meet(answer: Answer, isSane: (path: string) => boolean, number: number): Promise<void> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      const { port } = elsewhere.address() as AddressInfo;
      const path = (request.url ?? '').split('?')[0] ?? '';
      request.on('error', () => undefined).resume();
      response.on('error', () => undefined);
      if (isSane(path)) return void response.end(JSON.stringify(sane[path as keyof typeof sane]));
      answered += 1;
      answer(response, `http://127.0.0.1:${port}/`);
    };
    const server = createServer(handle);
    const socket = join(folder, `${number}.sock`);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const engine = dockerAt(`unix://${socket}`, scale);
      await Promise.all(Object.entries(calls(engine)).map(([name, work]) => settles(name, work)));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it.each(hostilities)('that answers %s', { timeout: 120_000 }, async (name, answer) => {
    const before = process.memoryUsage.rss();
    let peak = before;
    const look = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    answered = 0;
    const number = hostilities.findIndex(([known]) => known === name) * 2;
    await meet(answer, () => false, number);
    // As one that tells of itself as it should, so that the runner goes on to ask for more.
    await meet(answer, (path) => path in sane, number + 1);
    clearInterval(look);
    expect(visits).toEqual([]);
    expect(peak - before).toBeLessThan(mostGrowth);
    const growth = Math.round((peak - before) / 1024 / 1024);
    tellFault({
      fault: `engine that answers ${name}`,
      times: answered,
      held: `typed errors in time, ${growth} MB more memory at most, no other host`,
    });
  });
});

const sane = {
  '/version': { Version: '20.10.5', ApiVersion: '1.41', Arch: 'amd64' },
  '/info': { ServerVersion: '20.10.5', OSType: 'linux', Architecture: 'x86_64', NCPU: 2, MemTotal: 8_000_000_000 },
};
