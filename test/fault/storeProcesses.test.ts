/** Several processes on one store, and processes that are killed in the middle of their work. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../runner/src/store/openStore';
import type { Store } from '../../runner/src/store/store';
import { tellFault } from '../support/faultTable';
import { isLongForm, printedSeed, seededRandom, times } from '../support/random';
import { runOf, stagedOf } from '../support/storeValues';

describe('processes on one store', () => {
  let folder: string;
  let program: string;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tp-processes-'));
    program = join(folder, 'storeChild.mjs');
    await build({
      entryPoints: [resolve(import.meta.dirname, '../support/storeChild.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      logLevel: 'silent',
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const place = (): string => join(folder, `workspace${count++}`);
  const storeAt = (workspace: string): Store => openStore({ folder: join(workspace, 'store'), workspace });
  const start = (first: string | NodeJS.ProcessEnv, ...words: string[]): ChildProcess => {
    const [args, env] = typeof first === 'string' ? [[first, ...words], {}] : [words, first];
    return spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  };
  const linesOf = async (child: ChildProcess): Promise<string[]> => {
    const lines: string[] = [];
    if (child.stdout !== null) for await (const line of createInterface({ input: child.stdout })) lines.push(line);
    return lines;
  };
  const publishFirst = async (store: Store): Promise<void> => {
    await store.versions.claim('digits', 'digits');
    const zip = join(folder, 'first.zip');
    await writeFile(zip, 'first');
    await store.versions.publish('digits', stagedOf(zip, 'first'), '2026-01-01T00:00:00.000Z');
  };
  /** Every version that can be seen is whole. */
  const digestsOf = async (store: Store): Promise<Map<string, string>> => {
    const digests = new Map<string, string>();
    for (const version of await store.versions.numbers('digits')) {
      const bytes = await readFile(store.versions.zipPath('digits', version));
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      expect((await store.versions.read('digits', version))?.sealed.zip).toBe(digest);
      digests.set(version, digest);
    }
    return digests;
  };

  it('give distinct and consecutive numbers to 8 writers', { timeout: 600_000 }, async () => {
    const workspace = place();
    const store = storeAt(workspace);
    await publishFirst(store);
    const each = times(15, 100);
    const writers = Array.from({ length: 8 }, (_, i) => linesOf(start('train', workspace, `writer${i}`, String(each))));
    const given = (await Promise.all(writers)).flat();
    const expected = Array.from({ length: 8 * each }, (_, i) => `1.${i + 1}`);
    expect([...given].sort()).toEqual([...expected].sort());
    expect((await digestsOf(store)).size).toBe(8 * each + 1);
    expect((await store.runs.list()).filter((run) => run.state === 'Successful')).toHaveLength(8 * each);
    tellFault({
      fault: `8 writers × ${each} runs at once on one store`,
      times: 8 * each,
      held: `${new Set(given).size} distinct consecutive versions`,
    });
  });

  /** What the killed were told, held against what is there; then nothing of theirs may be left once the next one works. */
  async function checkWorkspace(workspace: string, told: ReadonlyMap<string, string>): Promise<void> {
    const store = storeAt(workspace);
    const found = await digestsOf(store);
    for (const [version, digest] of told) expect(found.get(version)).toBe(digest);
    const sources = [...found].filter(([version]) => version.endsWith('.0')).map(([, digest]) => digest);
    expect(new Set(sources).size).toBe(sources.length);
    for (const { id } of await store.runs.list()) expect((await store.runs.read(id))?.run.package).toBe('digits');
    const later = openStore({ folder: store.folder, workspace, now: () => Date.now() + 120_000 });
    await (await later.staging()).remove();
    expect(await readdir(join(workspace, 'store', 'staging'))).toEqual([]);
  }

  function take(told: Map<string, string>, lines: readonly string[]): void {
    for (const line of lines) {
      const [word, version = '', digest = ''] = line.split(' ');
      if (word !== 'published') continue;
      expect(told.has(version)).toBe(false);
      told.set(version, digest);
    }
  }

  it('lose nothing that was published when they are killed', { timeout: 12 * 3_600_000 }, async () => {
    const seed = printedSeed('kills while publishing');
    const random = seededRandom(seed);
    const kills = times(80, 10_000);
    const workspaces = Math.ceil(kills / 50);
    let published = 0;
    for (let n = 0; n < workspaces; n++) {
      const workspace = place();
      const told = new Map<string, string>();
      for (let i = 0; i < kills / workspaces; i++) {
        take(told, await killed(start('publish', workspace, `${n}.${i}`), random.next()));
      }
      await checkWorkspace(workspace, told);
      published += told.size;
      await rm(workspace, { recursive: true });
    }
    tellFault({
      fault: 'SIGKILL of the publishing process at a random instant',
      times: kills,
      held: `${published} versions acknowledged: 0 lost, 0 duplicate, 0 unreadable`,
      seed,
    });
    expect(published).toBeGreaterThan(0);
  });

  it('lose nothing that was published when they are killed between two steps', { timeout: 600_000 }, async () => {
    const [last = ''] = (await linesOf(start('publishOnce', place(), 'x'))).slice(-1);
    const steps = Number(last.replace('steps ', ''));
    expect(steps).toBeGreaterThan(20);
    let published = 0;
    const every = isLongForm ? 1 : 4;
    let kills = 0;
    for (let dieAt = 0; dieAt < steps; dieAt += every) {
      const workspace = place();
      const told = new Map<string, string>();
      take(
        told,
        await linesOf(start({ TRAINING_PIPELINES_TEST_DIE_AT: String(dieAt) }, 'publishOnce', workspace, 'x')),
      );
      // Whoever comes next can publish the same, and does not do it twice.
      take(told, await linesOf(start('publishOnce', workspace, 'y')));
      await checkWorkspace(workspace, told);
      published += told.size;
      kills += 1;
      await rm(workspace, { recursive: true });
    }
    tellFault({
      fault: `SIGKILL of the publishing process before one of its ${steps} steps`,
      times: kills,
      held: `${published} versions acknowledged: 0 lost, 0 duplicate, 0 unreadable`,
    });
  });

  /** Kills it a while after its first words, and gives what it had said, once it is gone. */
  async function killed(child: ChildProcess, when: number): Promise<string[]> {
    const gone = once(child, 'exit');
    const lines = linesOf(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    await delay(when * 60);
    child.kill('SIGKILL');
    await gone;
    return lines;
  }

  it('write every line of a log once, however often they are killed', { timeout: 600_000 }, async () => {
    const seed = printedSeed('kills while following');
    const random = seededRandom(seed);
    const workspace = place();
    const store = storeAt(workspace);
    const chunks = times(3_000, 100_000);
    const logOf = async (id: string): Promise<string[]> =>
      Promise.all(
        ['log.txt', 'events.jsonl', 'log.idx'].map((name) => readFile(join(store.runs.folder(id), name), 'hex')),
      );
    const [undisturbed, disturbed] = [store.runs.newId(new Date()), store.runs.newId(new Date())];
    for (const id of [undisturbed, disturbed]) await store.runs.create({ run: runOf(id), intent: {} });
    expect(await linesOf(start('follow', workspace, undisturbed, String(chunks)))).toEqual(['ready', 'done']);
    let kills = 0;
    for (let isDone = false; !isDone;) {
      const child = start('follow', workspace, disturbed, String(chunks));
      const lines = linesOf(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
      const timer = setTimeout(() => child.kill('SIGKILL'), random.below(100));
      isDone = (await lines).includes('done');
      clearTimeout(timer);
      kills += isDone ? 0 : 1;
    }
    expect(await logOf(disturbed)).toEqual(await logOf(undisturbed));
    tellFault({
      fault: `SIGKILL of the process that writes a log of ${chunks} pieces`,
      times: kills,
      held: 'the same bytes as undisturbed',
      seed,
    });
    expect(kills).toBeGreaterThan(0);
  });
});
