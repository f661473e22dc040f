/** What every engine promises: the same cases, whatever is behind the interface. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LogChunk, LogCursor } from '../../runner/src/engine/engine';
import { engineRun, type EnginePlace, type EngineRun, type EngineRunOptions } from '../support/engineRun';
import { main, textIn, textOf, treeOf } from '../support/localRun';
import { capabilitiesOf, documentedCapabilities } from './capabilities';

/** What differs between engines, beyond the promises. */
export interface Conformance {
  /** Whether nothing but the run's own folders is in reach of the training code. */
  readonly isolates: boolean;
  /** Its column in the table of docs/engines.md. */
  readonly column: string;
}

const waiting = 'print("ready", flush=True)\ntime.sleep(60)';

export function conformance(open: () => Promise<EnginePlace>, { isolates, column }: Conformance): void {
  let place: EnginePlace;
  const runs: EngineRun[] = [];
  const make = async (train: string, options?: EngineRunOptions): Promise<EngineRun> => {
    const run = await engineRun(place, train, options);
    runs.push(run);
    return run;
  };
  beforeAll(async () => {
    place = await open();
  });
  afterEach(async () => {
    for (const run of runs.splice(0)) await run.dispose();
  });

  describe('the life of a run', () => {
    it('leaves a package, artifacts and a record, and no dataset or bytecode', async () => {
      const run = await make(
        main(
          'import helper\nprint(sorted(os.listdir(data)), os.path.isabs(data))\nopen("artifacts/a", "w").write("a")',
        ),
        { files: { 'helper.py': 'x = 1', 'sub/x.txt': 'x' } },
      );
      const record = await run.record();
      expect(record).toMatchObject({ outcome: 'completed', step: 'done', artifacts: true, skipped: [] });
      expect(await run.text('stdout')).toBe("['a.csv'] True\n");
      const { staging, warnings } = await run.collect();
      expect(warnings).toEqual([]);
      expect((await treeOf(staging)).filter((path) => path !== 'record.json')).toEqual([
        'artifacts/a',
        'package/helper.py',
        'package/model.txt',
        'package/sub/x.txt',
        'package/train.py',
      ]);
    });

    it('is forgotten before the start, running, ended, and forgotten once removed', async () => {
      const run = await make(main(waiting));
      expect((await run.state()).kind).toBe('forgotten');
      await run.start();
      await firstOutput(run);
      expect((await run.state()).kind).toBe('running');
      await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
      expect((await run.state()).kind).toBe('ended');
      await run.engine.remove(run.spec.ref);
      await run.engine.remove(run.spec.ref);
      expect((await run.state()).kind).toBe('forgotten');
    });

    it('runs once however often and by how many it is started', async () => {
      const run = await make(main('print("trained")'));
      await Promise.all([run.start(), run.start(), run.start()]);
      await run.ended();
      await run.start();
      expect(await run.text('stdout')).toBe('trained\n');
      expect((await run.collect()).record?.outcome).toBe('completed');
    });

    it('can be collected again', async () => {
      const run = await make(main('open("artifacts/a", "w").write("a")'));
      await run.record();
      const first = await treeOf((await run.collect()).staging);
      expect(await treeOf((await run.collect()).staging)).toEqual(first);
    });

    it('is the same whether or not its log was read before', async () => {
      const lines = [
        'os.makedirs("deep/empty")',
        'open("deep/ä x", "wb").write(bytes(range(256)) * 40)',
        'open("run.sh", "w").write("#!/bin/sh")',
        'os.chmod("run.sh", 0o755)',
        'open("artifacts/a", "w").write("a")',
      ];
      const run = await make(main(lines.join('\n')));
      const record = await run.record();
      const fetched = await treeOf((await run.collect()).staging);
      await run.log();
      const second = await run.collect();
      expect(await treeOf(second.staging)).toEqual(fetched);
      expect(second.record).toEqual(record);
      expect((await stat(join(second.staging, 'package/run.sh'))).mode & 0o777).toBe(0o755);
    });

    it('is whole where it is too much to come with the log, and where it holds what is no file', async () => {
      const big = await make(main('open("big", "wb").write(os.urandom(60000))'));
      await big.record();
      await big.log();
      expect(await treeOf((await big.collect()).staging)).toContain('package/big');
      const odd = await make(main('os.mkfifo("fifo")\nopen("kept", "w").write("a")'));
      await odd.record();
      await odd.log();
      const { staging, warnings } = await odd.collect();
      expect(await treeOf(staging)).toContain('package/kept');
      expect(warnings.map(({ message }) => message).join('\n')).toContain('fifo');
    });

    it('hands over what belongs to the user', async () => {
      const run = await make(main('os.makedirs("deep/er")\nopen("deep/er/x", "w").write("x")'));
      await run.record();
      const { staging } = await run.collect();
      expect((await stat(join(staging, 'package/deep/er/x'))).uid).toBe(process.getuid?.());
    });
  });

  describe('its log', () => {
    it('keeps every byte, in order, and tells the streams apart', async () => {
      const bytes = 'b"\\xff\\x00\\x01\\r\\n\\x1b[31m\\xc3"';
      const run = await make(
        main(
          `sys.stdout.buffer.write(${bytes})\nsys.stdout.flush()\nprint("x" * 300000)\nfor i in range(2000): print(i)\nprint("e", file=sys.stderr)`,
        ),
      );
      const record = await run.record();
      const chunks = await run.log();
      const numbers = Array.from({ length: 2000 }, (_, i) => `${i}\n`).join('');
      const out = Buffer.concat(chunks.filter(({ stream }) => stream === 'stdout').map(({ bytes: part }) => part));
      const start = Buffer.from([0xff, 0, 1, 13, 10, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xc3]);
      expect(out.equals(Buffer.concat([start, Buffer.from(`${'x'.repeat(300000)}\n${numbers}`)]))).toBe(true);
      expect(textOf(chunks, 'stderr')).toBe('e\n');
      expect(record.log.records).toBe(chunks.length);
      expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, i) => i + 1));
    });

    it('goes on at the next record from any cursor', async () => {
      const run = await make(main('for i in range(300):\n  print(i, flush=True)\n  time.sleep(0.005)'));
      await run.start();
      const live: { chunk: LogChunk; cursor: LogCursor }[] = [];
      for await (const item of run.follow(null, true)) live.push(item);
      await run.ended();
      for (let i = 0; i < live.length; i += Math.ceil(live.length / 12)) {
        const rest: number[] = [];
        for await (const { chunk } of run.follow(live[i]?.cursor ?? null, false)) rest.push(chunk.sequence);
        expect(rest).toEqual(live.slice(i + 1).map(({ chunk }) => chunk.sequence));
      }
    });

    it('reads what there is and ends where it is not followed live', async () => {
      const run = await make(main(waiting));
      await run.start();
      await firstOutput(run);
      const found: LogChunk[] = [];
      for await (const { chunk } of run.follow(null, false)) found.push(chunk);
      expect(textOf(found, 'stdout')).toBe('ready\n');
    });

    it('comes in pieces when its reader gives up and comes back', async () => {
      const run = await make(main('for i in range(200):\n  print(i, flush=True)\n  time.sleep(0.005)'));
      await run.start();
      const seen: number[] = [];
      let cursor: LogCursor | null = null;
      for (let over = false; !over;) {
        over = true;
        let count = 0;
        for await (const item of run.follow(cursor, true)) {
          seen.push(item.chunk.sequence);
          cursor = item.cursor;
          over = ++count < 17;
          if (!over) break;
        }
      }
      expect(seen).toEqual(seen.map((_, i) => i + 1));
      expect(seen.length).toBe((await run.log()).length);
    });
  });

  describe('its end', () => {
    const endings: readonly [string, string, object][] = [
      ['an exception', 'raise ValueError("boom")', { outcome: 'failed', kind: 'code', message: 'ValueError: boom' }],
      ['sys.exit(3)', 'sys.exit(3)', { outcome: 'failed', kind: 'code', exitCode: 3 }],
      ['os._exit(0)', 'os._exit(0)', { outcome: 'failed', kind: 'code', exitCode: 0 }],
      ['a segfault', 'os.kill(os.getpid(), 11)', { outcome: 'failed', kind: 'code', signal: 'SIGSEGV' }],
    ];
    it.each(endings)('of %s has its true cause', async (_name, code, expected) => {
      const run = await make(main(code));
      expect(await run.record()).toMatchObject(expected);
    });

    it('comes at the time limit', async () => {
      const run = await make(main(waiting), { timeoutSeconds: 1 });
      expect((await run.record()).outcome).toBe('timed-out');
    });

    it('of a stop is an interruption that the training code can see, and keeps the artifacts', async () => {
      const handler = 'signal.signal(signal.SIGTERM, lambda *a: (print("bye", flush=True), sys.exit(0)))';
      const run = await make(main(`${handler}\nopen("artifacts/a", "w").write("a")\n${waiting}`));
      await run.start();
      await firstOutput(run);
      const began = Date.now();
      await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
      expect(Date.now() - began).toBeLessThan(5_000);
      expect(await run.text('stdout')).toBe('ready\nbye\n');
      const { record, staging } = await run.collect();
      expect(record?.outcome).toBe('interrupted');
      expect(await textIn(join(staging, 'artifacts/a'))).toBe('a');
    });

    it('comes after the grace where the training code ignores SIGTERM', async () => {
      const run = await make(main(`signal.signal(signal.SIGTERM, signal.SIG_IGN)\n${waiting}`));
      await run.start();
      await firstOutput(run);
      const began = Date.now();
      await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
      expect(Date.now() - began).toBeGreaterThan(9_000);
      expect(Date.now() - began).toBeLessThan(16_000);
      expect((await run.collect()).record?.outcome).toBe('interrupted');
    });

    it('comes at once without grace, and what was written until then is kept', async () => {
      const run = await make(main(`open("artifacts/a", "w").write("a")\n${waiting}`));
      await run.start();
      await firstOutput(run);
      await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
      expect((await run.state()).kind).toBe('ended');
      const { staging } = await run.collect();
      expect(await textIn(join(staging, 'artifacts/a'))).toBe('a');
    });

    it('of a stop that comes after the end changes nothing', async () => {
      const run = await make(main('pass'));
      await run.record();
      await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
      await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
      expect((await run.collect()).record?.outcome).toBe('completed');
    });
  });

  describe('its outputs', () => {
    it('are kept but for stray entries, which are named', async () => {
      const code = [
        'os.symlink("/etc/passwd", "absolute")',
        'os.symlink("../../../../etc/passwd", "out")',
        'os.symlink("train.py", "inside")',
        'os.symlink("loop", "loop")',
        'os.mkfifo("pipe")',
        'open(b"bad\\xff", "w").write("x")',
        'open("new\\nline", "w").write("x")',
        'open("locked", "w").write("x")',
        'os.chmod("locked", 0)',
        'os.link("train.py", "hard")',
      ].join('\n');
      const run = await make(main(code));
      expect((await run.record()).outcome).toBe('completed');
      const { staging, warnings } = await run.collect();
      const kept = (await treeOf(join(staging, 'package'))).filter((path) => !/^(absolute|out|loop|pipe)$/.test(path));
      for (const path of ['hard', 'locked', 'model.txt', 'train.py']) expect(kept).toContain(path);
      expect(existsSync(join(staging, '..', 'etc'))).toBe(false);
      if (isolates) {
        for (const name of ['absolute', 'out', 'loop', 'pipe']) {
          expect(
            warnings.some(({ message }) => message.startsWith(name)),
            name,
          ).toBe(true);
        }
        expect(await treeOf(join(staging, 'package'))).toEqual(['hard', 'inside', 'locked', 'model.txt', 'train.py']);
      }
    });
  });

  describe('links of its outputs', () => {
    it('by absolute path stay inside, and those of artifacts lead nowhere else', async () => {
      const code = [
        'os.symlink(os.path.abspath("train.py"), "same")',
        'os.makedirs("artifacts/sub")',
        'open("artifacts/sub/x", "w").write("x")',
        'os.symlink("sub/x", "artifacts/inside")',
        'os.symlink("/etc/passwd", "artifacts/absolute")',
        'os.symlink("../../../../etc/passwd", "artifacts/out")',
      ].join('\n');
      const run = await make(main(code));
      expect((await run.record()).outcome).toBe('completed');
      const { staging, warnings } = await run.collect();
      const source = await textIn(join(staging, 'package/train.py'));
      expect(await textIn(join(staging, 'package/same'))).toBe(source);
      expect(await textIn(join(staging, 'artifacts/inside'))).toBe('x');
      expect(await treeOf(join(staging, 'artifacts'))).toEqual(['inside', 'sub/x']);
      const skipped = warnings.filter(({ code: found }) => found === 'output-skipped');
      expect(skipped.map(({ message }) => message.split(' ')[0]).sort()).toEqual([
        'artifacts/absolute',
        'artifacts/out',
      ]);
    });
  });

  describe.each(['control', 'out', 'home', 'Overlay'])('a package named %s', (name) => {
    it('lies apart from what the run needs beside it', async () => {
      const run = await make(main('print(sorted(os.listdir(".")))'), { package: name });
      expect((await run.record()).outcome).toBe('completed');
      expect(await run.text('stdout')).toBe("['__pycache__', 'artifacts', 'data', 'train.py']\n");
      const { staging, warnings } = await run.collect();
      expect(warnings).toEqual([]);
      expect(await treeOf(join(staging, 'package'))).toEqual(['model.txt', 'train.py']);
    });
  });

  describe('its dataset', () => {
    it('stays as it is where it is only read', async () => {
      const run = await make(main('print(open(os.path.join(data, "a.csv")).read())'));
      await run.record();
      expect(await textIn(join(run.folder, 'dataset/a.csv'))).toBe('1,2\n');
    });

    it('can be written in a private view, and stays as it is', async () => {
      const code =
        'open(data + "/a.csv", "a").write("3")\nopen(data + "/new", "w").write("n")\nos.makedirs(data + "/sub/x")';
      const run = await make(main(code), { access: 'copy', dataset: { 'a.csv': '1,2\n', 'sub/b': 'b' } });
      expect(await run.record()).toMatchObject({ outcome: 'completed' });
      expect(await treeOf(join(run.folder, 'dataset'))).toEqual(['a.csv', 'sub/b']);
      expect(await textIn(join(run.folder, 'dataset/a.csv'))).toBe('1,2\n');
    });
  });

  describe('its capabilities', () => {
    it('are those of docs/engines.md', async () => {
      const found = await capabilitiesOf(place, isolates);
      const rows = Object.entries(found).map(([what, how]) => `| ${what} | ${how} |`);
      process.stdout.write(`\n| | ${column} |\n| --- | --- |\n${rows.join('\n')}\n`);
      expect(documentedCapabilities(column)).toEqual(found);
    });
  });

  describe('its parameters', () => {
    it('reach the training code, secrets too, which are masked in the log', async () => {
      const code =
        'print(os.environ["rate"], os.environ["TOKEN"], len(os.environ["TOKEN"]), os.environ["artifacts_directory"])';
      const run = await make(main(code), { parameters: { rate: 'a b\n"c"' }, secrets: { TOKEN: 'hush-hush-42' } });
      await run.record();
      expect(await run.text('stdout')).toBe('a b\n"c" *** 12 artifacts\n');
    });
  });
}

async function firstOutput(run: EngineRun): Promise<void> {
  for await (const { chunk } of run.follow(null, true)) if (chunk.stream === 'stdout') return;
  throw new Error(`it ended without a word: ${JSON.stringify(await run.collect())}`);
}
