/** State files of every kind are torn, garbage, empty or gone: the store goes on, rebuilds, keeps what was damaged, deletes nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isExpected } from '../../runner/src/domain/errors';
import { openStore } from '../../runner/src/store/openStore';
import type { Store } from '../../runner/src/store/store';
import { bundleProgram } from '../support/bundle';
import type { CommandLine } from '../support/commandLine';
import { tellFault } from '../support/faultTable';
import { attached, leftInStore, makeWorkspace, outcomeOf, processesIn, runsOf } from '../support/killedRuns';
import { isLongForm } from '../support/random';
import { stagedOf } from '../support/storeValues';

const words = ['--dataset', 'data/d', '--engine', 'process'];
const nowhere = 'unix:///nonexistent/engine.sock';

const damages: readonly (readonly [string, (bytes: Buffer) => Buffer | undefined])[] = [
  ['torn', (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2))],
  ['garbage', (bytes) => Buffer.from(bytes.map((_, i) => (i * 197 + 31) % 256))],
  ['zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['empty', () => Buffer.alloc(0)],
  ['of another shape', () => Buffer.from('{"schema": 99, "id": [], "released": "?"}\n')],
  ['gone', () => undefined],
];

/** What is made anew from other things, and of which nothing is to be kept. */
const isCache = (path: string): boolean => path.startsWith('cache/') || path === '.gitignore';
/** Comes and goes as processes work on the store. */
const isPassing = (path: string): boolean => /(^|\/)(lock|lease|\.names|staging)\//.test(path);

async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) files.set(name, await readFile(path));
  }
  return files;
}

describe('a store whose files are damaged', () => {
  let cli: CommandLine;
  let template: Map<string, Buffer>;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tp-damaged-'));
    cli = await makeWorkspace(nowhere);
    expect((await cli.run('run', 'digits', ...words)).code).toBe(0);
    await cli.write({
      'digits/train.py': 'class Main:\n  def train(self, d): raise ValueError("x")\n  def save(self): pass\n',
    });
    expect((await cli.run('run', 'digits', ...words)).code).toBe(1);
    const store = openStore({ folder: join(cli.folder, '.training-pipelines'), workspace: cli.folder });
    const [id = ''] = await store.runs.ids();
    await store.runs.requestStop(id, false);
    await (await store.runs.lease(id))?.release();
    template = await filesOf(store.folder);
  }, 120_000);
  afterAll(async () => {
    await cli.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** All that views and commands ask; none of it may fail but for what is damaged together with all that could mend it. */
  async function useAll(store: Store, place: string): Promise<void> {
    await store.installation();
    for (const run of await store.runs.list()) {
      expect(await store.runs.read(run.id)).toBeDefined();
      await store.runs.stopRequest(run.id);
      await (await store.runs.lease(run.id))?.release();
      for await (const _ of store.runs.readLog(run.id, 0)) continue;
      for await (const _ of store.runs.readLogIndex(run.id, 0)) continue;
    }
    for (const { name } of await store.versions.packages()) {
      for (const version of await store.versions.numbers(name)) {
        const read = store.versions.read(name, version);
        await read.catch((error: unknown) => expect(isExpected(error, 'store-damaged')).toBe(true));
      }
    }
    await writeFile(join(place, 'new.zip'), 'new');
    await store.versions.claim('digits', 'digits');
    const { version } = await store.versions.publish(
      'digits',
      stagedOf(join(place, 'new.zip'), 'new'),
      '2026-01-01T00:00:00.000Z',
    );
    expect(version).toBe('3.0');
    expect((await store.runs.list()).length).toBe(2);
  }

  it.each(damages)(
    'goes on where one is %s, keeps it aside and deletes nothing',
    { timeout: 300_000 },
    async (word, damage) => {
      let count = 0;
      for (const [i, [path, bytes]] of [...template].entries()) {
        // The short form takes a third of the files for each kind of damage.
        if (!isLongForm && i % 3 !== word.length % 3) continue;
        const place = join(folder, `${word}-${count}`);
        await cp(join(cli.folder, '.training-pipelines'), join(place, 'store'), { recursive: true });
        const broken = damage(bytes);
        if (broken === undefined) await rm(join(place, 'store', path));
        else await writeFile(join(place, 'store', path), broken);
        try {
          await useAll(openStore({ folder: join(place, 'store'), workspace: place }), place);
          const after = await filesOf(join(place, 'store'));
          for (const [other, content] of template) {
            if (other === path || isCache(other) || isPassing(other)) continue;
            expect(after.get(other), other).toBeDefined();
            if (!other.includes('.previous')) expect(after.get(other)?.equals(content), other).toBe(true);
          }
          const isKept = [...after].some(
            ([name, content]) => name.startsWith(path) && broken !== undefined && content.equals(broken),
          );
          if (broken !== undefined && broken.length > 0 && !isCache(path) && !isPassing(path))
            expect(isKept, path).toBe(true);
        } catch (error) {
          console.log(`${path} is ${word}`);
          throw error;
        }
        count += 1;
        await rm(place, { recursive: true });
      }
      tellFault({
        fault: `a state file is ${word}`,
        times: count,
        held: 'store usable, rebuilt, damaged file kept, nothing else changed',
      });
    },
  );

  it('ends and clears away a run whose record is damaged at the very end', { timeout: 120_000 }, async () => {
    const program = join(folder, 'dyingRunner.cjs');
    await bundleProgram('dyingRunner.ts', program);
    const run = async (workspace: CommandLine, dieAt?: number): Promise<void> => {
      const harnessFolder = resolve(import.meta.dirname, '../../runner/harness');
      const order = {
        workspace: workspace.folder,
        harnessFolder,
        engine: 'process',
        host: nowhere,
        image: '',
        dieAt,
        steps: join(folder, 'steps'),
      };
      await once(spawn(process.execPath, [program, JSON.stringify(order)], { stdio: 'ignore' }), 'exit');
    };
    const counting = await makeWorkspace(nowhere);
    await run(counting);
    const steps = JSON.parse(await readFile(join(folder, 'steps'), 'utf8')) as string[];
    const [whole] = await runsOf(counting);
    const undisturbed = await outcomeOf(counting, whole as NonNullable<typeof whole>);
    await counting.remove();
    const written = steps.findLastIndex((name) => /^rename .*_results\.json$/.test(name)) + 1;
    expect(written).toBeGreaterThan(0);
    const workspace = await makeWorkspace(nowhere);
    await run(workspace, written);
    const [before] = await runsOf(workspace);
    const id = before?.id ?? '';
    await writeFile(join(workspace.folder, '.training-pipelines/runs', id, 'run.json'), '{"id": "to');
    const { code, run: ended } = await attached(workspace, id);
    expect(ended).toMatchObject({ state: 'Successful', version: '1.1' });
    expect(code).toBe(0);
    expect(await outcomeOf(workspace, ended)).toEqual(undisturbed);
    expect(await processesIn(workspace.folder)).toEqual([]);
    expect((await leftInStore(workspace)).filter((name) => !name.includes('run.json.damaged-'))).toEqual([]);
    await workspace.remove();
  });
});
