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
import { isLongForm, printedSeed, seededRandom } from '../support/random';
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
  const start = (...words: string[]): ChildProcess =>
    spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
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
    const each = isLongForm ? 100 : 25;
    const writers = Array.from({ length: 8 }, (_, i) => linesOf(start('train', workspace, `writer${i}`, String(each))));
    const given = (await Promise.all(writers)).flat();
    const expected = Array.from({ length: 8 * each }, (_, i) => `1.${i + 1}`);
    expect([...given].sort()).toEqual([...expected].sort());
    expect((await digestsOf(store)).size).toBe(8 * each + 1);
    expect((await store.runs.list()).filter((run) => run.state === 'Successful')).toHaveLength(8 * each);
    console.log(`8 writers × ${each} runs: ${new Set(given).size} distinct consecutive versions`);
  });

  it('lose nothing that was published when they are killed', { timeout: 3_600_000 }, async () => {
    const random = seededRandom(printedSeed('kills while publishing'));
    const kills = isLongForm ? 10_000 : 120;
    const workspaces = isLongForm ? 200 : 4;
    let published = 0;
    for (let n = 0; n < workspaces; n++) {
      const workspace = place();
      const told = new Map<string, string>();
      for (let i = 0; i < kills / workspaces; i++) {
        for (const line of await killed(start('publish', workspace, `${n}.${i}`), random.next())) {
          const [word, version = '', digest = ''] = line.split(' ');
          if (word !== 'published') continue;
          expect(told.has(version)).toBe(false);
          told.set(version, digest);
        }
      }
      const store = storeAt(workspace);
      const found = await digestsOf(store);
      for (const [version, digest] of told) expect(found.get(version)).toBe(digest);
      const sources = [...found].filter(([version]) => version.endsWith('.0')).map(([, digest]) => digest);
      expect(new Set(sources).size).toBe(sources.length);
      for (const { id } of await store.runs.list()) expect((await store.runs.read(id))?.run.package).toBe('digits');
      const later = openStore({ folder: store.folder, workspace, now: () => Date.now() + 120_000 });
      await (await later.staging()).remove();
      expect(await readdir(join(workspace, 'store', 'staging'))).toEqual([]);
      published += told.size;
      await rm(workspace, { recursive: true });
    }
    console.log(
      `${kills} kills while publishing: ${published} versions acknowledged, 0 lost, 0 duplicate, 0 unreadable`,
    );
    expect(published).toBeGreaterThan(0);
  });

  /** Kills it a while after its first words, and gives what it had said. */
  async function killed(child: ChildProcess, when: number): Promise<string[]> {
    const lines = linesOf(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    await delay(when * 60);
    child.kill('SIGKILL');
    return lines;
  }

  it('write every line of a log once, however often they are killed', { timeout: 600_000 }, async () => {
    const random = seededRandom(printedSeed('kills while following'));
    const workspace = place();
    const store = storeAt(workspace);
    const chunks = isLongForm ? 100_000 : 4_000;
    const logOf = async (id: string): Promise<string[]> =>
      Promise.all(
        ['log.txt', 'events.jsonl', 'log.idx'].map((name) => readFile(join(store.runs.folder(id), name), 'hex')),
      );
    const [undisturbed, disturbed] = [store.runs.newId(new Date()), store.runs.newId(new Date())];
    for (const id of [undisturbed, disturbed]) await store.runs.create({ run: runOf(id), intent: {} });
    expect(await linesOf(start('follow', workspace, undisturbed, String(chunks)))).toEqual(['done']);
    let kills = 0;
    for (let isDone = false; !isDone;) {
      const child = start('follow', workspace, disturbed, String(chunks));
      const lines = linesOf(child);
      const timer = setTimeout(() => child.kill('SIGKILL'), 60 + random.below(200));
      isDone = (await lines).includes('done');
      clearTimeout(timer);
      kills += isDone ? 0 : 1;
    }
    expect(await logOf(disturbed)).toEqual(await logOf(undisturbed));
    console.log(`${kills} kills while following ${chunks} chunks: the same bytes`);
    expect(kills).toBeGreaterThan(0);
  });
});
