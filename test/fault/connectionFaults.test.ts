/** The connection to a real engine is cut, stalls, is half-open or slow, at any byte of each endpoint in use. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isExpected } from '../../runner/src/domain/errors';
import type { LogChunk, LogCursor } from '../../runner/src/engine/engine';
import { dockerPlace, type DockerPlace } from '../support/dockerPlace';
import { ensureImage, sharedEngine, testImage, type SharedEngine } from '../support/engine.mjs';
import { engineRun, type EngineRun } from '../support/engineRun';
import { tellFault } from '../support/faultTable';
import { faultyLine, type FaultyLine, type LineFault, type Trouble } from '../support/faultyLine';
import { main, textOf, treeOf } from '../support/localRun';
import { isLongForm, printedSeed, seededRandom, times, type Random } from '../support/random';

/** Deadlines are this much shorter than in earnest, so that a stalled line does not take minutes to notice. */
const scale = 0.05;
/** The longest deadline of one call in earnest: a container that is slow to start. */
const longestDeadline = 120_000 * scale;

let engine: SharedEngine;
let folder: string;
let line: FaultyLine;
/** Through the line, and past it. */
let far: DockerPlace;
let near: DockerPlace;
let ended: EngineRun;
let whole: { readonly log: string; readonly tree: readonly string[] };

beforeAll(async () => {
  engine = await sharedEngine();
  await ensureImage(engine.host, testImage);
  folder = await mkdtemp(join(tmpdir(), 'tp-line-'));
  line = await faultyLine(engine.host, join(folder, 'engine.sock'));
  far = dockerPlace(line.host, 'docker', { deadlineScale: scale });
  near = dockerPlace(engine.host);
  const chatty = 'for i in range(400): sys.stdout.buffer.write(b"line %d \\xff %s\\n" % (i, b"x" * (i % 97)))';
  ended = await engineRun(far, main(`${chatty}\nopen("artifacts/a", "wb").write(os.urandom(20000))`));
  await ended.start();
  await ended.ended();
  whole = { log: fingerprint(await ended.log()), tree: await treeOf((await ended.collect()).staging) };
}, 600_000);
afterAll(async () => {
  line.set(undefined);
  await ended.dispose();
  await line.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sequence, stream and bytes of all that is no event of the harness. */
const fingerprint = (chunks: readonly LogChunk[]): string =>
  chunks.map(({ sequence, stream, bytes }) => `${sequence} ${stream} ${Buffer.from(bytes).toString('hex')}`).join('\n');

/** Resolves, or rejects with an error that has a code: anything else is a defect, and so is taking longer than the deadline. */
async function settles(work: () => Promise<unknown>): Promise<'done' | 'refused'> {
  const begun = performance.now();
  try {
    await work();
    return 'done';
  } catch (error) {
    if (!isExpected(error)) throw error;
    expect(['engine-unreachable', 'engine-failed']).toContain(error.code);
    return 'refused';
  } finally {
    expect(performance.now() - begun).toBeLessThan(longestDeadline + 2_000);
  }
}

interface Endpoint {
  readonly name: string;
  readonly pattern: RegExp;
  /** Calls it once, and shows afterwards, on a sound line, that all is as it should be. */
  readonly attempt: () => Promise<'done' | 'refused'>;
  /** Where each attempt makes a container of its own, it takes most of a second. */
  readonly isSlow: boolean;
}

const signal = (): AbortSignal => AbortSignal.timeout(60_000);

/** Follows with new connections, each from the cursor of the last one, until the log has ended. */
async function followToEnd(): Promise<LogChunk[]> {
  const chunks: LogChunk[] = [];
  let after: LogCursor | null = null;
  for (;;) {
    const outcome = await settles(async () => {
      for await (const { chunk, cursor } of far.engine.follow(ended.spec.ref, {
        after,
        live: true,
        signal: signal(),
      })) {
        chunks.push(chunk);
        after = cursor;
      }
    });
    if (outcome === 'done') return chunks;
  }
}

async function startOnce(): Promise<'done' | 'refused'> {
  const run = await engineRun(far, main('print("once")'));
  try {
    const outcome = await settles(() => run.start());
    line.set(undefined);
    await run.start();
    const state = await run.ended();
    expect(state.kind).toBe('ended');
    expect(textOf(await run.log(), 'stdout')).toBe('once\n');
    expect((await run.collect()).record?.outcome).toBe('completed');
    return outcome;
  } finally {
    line.set(undefined);
    await run.dispose();
  }
}

async function collectWhole(): Promise<'done' | 'refused'> {
  const outcome = await settles(() => ended.collect());
  line.set(undefined);
  const { record, staging } = await ended.collect();
  expect(record?.outcome).toBe('completed');
  expect(await treeOf(staging)).toEqual(whole.tree);
  return outcome;
}

const facts = async (): Promise<'done' | 'refused'> => {
  const { state, problem } = await dockerPlace(line.host, 'docker', { deadlineScale: scale }).engine.probe();
  expect(state === 'ready' || problem?.code === 'engine-unreachable').toBe(true);
  return state === 'ready' ? 'done' : 'refused';
};

async function stopsAndGoes(): Promise<'done' | 'refused'> {
  const run = await engineRun(far, main('time.sleep(60)'));
  try {
    await near.engine.start(run.spec, {}, { onProgress: () => undefined });
    const outcome = await settles(() => run.engine.stop(run.spec.ref, { graceSeconds: 0 }));
    await settles(() => run.engine.remove(run.spec.ref));
    line.set(undefined);
    await run.engine.remove(run.spec.ref);
    expect((await near.engine.inspect(run.spec.ref)).kind).toBe('forgotten');
    return outcome;
  } finally {
    line.set(undefined);
    await run.dispose();
  }
}

const request = { image: testImage, python: '', files: [], zip: '', package: 'digits', network: 'bridge' } as const;

const endpoints: readonly Endpoint[] = [
  { name: 'GET /version', pattern: /^GET \/version/, attempt: facts, isSlow: false },
  { name: 'GET /info', pattern: /^GET \/info/, attempt: facts, isSlow: false },
  {
    name: 'GET /images/…/json',
    pattern: /^GET \/images\//,
    attempt: () =>
      settles(async () => {
        const ways = { onProgress: () => undefined, onOutput: () => undefined };
        const place = { runId: 'r1', installation: 'test', cacheFolder: folder };
        expect((await far.engine.prepare({ ...request, ...place }, ways)).target).not.toBe('');
      }),
    isSlow: false,
  },
  {
    name: 'GET /containers/…/json',
    pattern: /^GET \/containers\/[^/]+\/json/,
    attempt: async () => {
      const { kind } = await far.engine.inspect(ended.spec.ref);
      expect(['ended', 'unknown']).toContain(kind);
      return kind === 'ended' ? 'done' : 'refused';
    },
    isSlow: false,
  },
  {
    name: 'GET /containers/…/logs',
    pattern: /^GET \/containers\/[^/]+\/logs/,
    attempt: async () => {
      expect(fingerprint(await followToEnd())).toBe(whole.log);
      return 'done';
    },
    isSlow: false,
  },
  {
    name: 'GET /containers/…/archive',
    pattern: /^GET \/containers\/[^/]+\/archive/,
    attempt: collectWhole,
    isSlow: false,
  },
  { name: 'POST /containers/create', pattern: /^POST \/containers\/create/, attempt: startOnce, isSlow: true },
  { name: 'PUT /containers/…/archive', pattern: /^PUT \/containers\/[^/]+\/archive/, attempt: startOnce, isSlow: true },
  { name: 'POST /containers/…/start', pattern: /^POST \/containers\/[^/]+\/start/, attempt: startOnce, isSlow: true },
  { name: 'POST /containers/…/kill', pattern: /^POST \/containers\/[^/]+\/kill/, attempt: stopsAndGoes, isSlow: true },
  { name: 'DELETE /containers/…', pattern: /^DELETE \/containers\//, attempt: stopsAndGoes, isSlow: true },
];

/** Each of the first 4,096 bytes, and 2,000 beyond them by chance; in the short form a few of both. */
function offsetsFor({ isSlow }: Endpoint, random: Random): number[] {
  const first = times(isSlow ? 1 : 8, 4096);
  const beyond = times(isSlow ? 0 : 3, 2000);
  const near = first >= 4096 ? Array.from({ length: 4096 }, (_, i) => i) : [];
  while (near.length < first)
    near.push(isSlow && !isLongForm ? random.below(100) : Math.floor(random.next() ** 2 * 1800));
  const far = Array.from({ length: beyond }, () => 4096 + random.below(96_000));
  // In order, so that the first one beyond the end of what is said is the last to be tried.
  return [...near.sort((a, b) => a - b), ...far];
}

describe('a connection to the engine', () => {
  const seed = printedSeed('faults of the connection');

  it.each(endpoints)('may be cut at any byte of $name', { timeout: 12 * 3_600_000 }, async (endpoint) => {
    const random = seededRandom(seed);
    let cuts = 0;
    let refused = 0;
    for (const direction of ['answer', 'request'] as const) {
      for (const offset of offsetsFor(endpoint, random)) {
        const fault: LineFault = { endpoint: endpoint.pattern, direction, offset, trouble: 'cut' };
        line.set(fault);
        const outcome = await endpoint.attempt();
        const happened = line.happened();
        cuts += happened;
        if (outcome === 'refused') refused += 1;
        // Beyond the end of what is said nothing happens any more.
        if (happened === 0 && offset > 16 && isLongForm && offset < 4096) break;
      }
    }
    line.set(undefined);
    tellFault({
      fault: `connection cut within ${endpoint.name}`,
      times: cuts,
      held: `${refused} typed errors, the rest reconnected; done again: once, and whole`,
      seed,
    });
    expect(cuts).toBeGreaterThan(0);
  });

  const others: readonly Trouble[] = ['stall', 'half-open', 'throttle'];
  it.each(others)('may %s', { timeout: 12 * 3_600_000 }, async (trouble) => {
    const random = seededRandom(seed);
    let happened = 0;
    let refused = 0;
    for (const endpoint of endpoints) {
      const isTried = isLongForm || !endpoint.isSlow || endpoint.name.includes('create');
      for (let i = 0; i < times(isTried ? 1 : 0, trouble === 'throttle' ? 5 : 20); i++) {
        const direction = trouble === 'throttle' || random.below(2) === 0 ? 'answer' : 'request';
        line.set({ endpoint: endpoint.pattern, direction, offset: random.below(150), trouble });
        if ((await endpoint.attempt()) === 'refused') refused += 1;
        happened += Math.min(1, line.happened());
      }
    }
    line.set(undefined);
    const held =
      trouble === 'throttle' ? 'all done in time' : `${refused} typed errors by the deadline; done again: whole`;
    tellFault({ fault: `connection with a ${trouble} at a random byte of any endpoint`, times: happened, held, seed });
    expect(happened).toBeGreaterThan(0);
  });
});
