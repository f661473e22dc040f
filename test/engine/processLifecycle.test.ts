import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogChunk, LogCursor } from '../../runner/src/engine/engine';
import { runPaths } from '../../runner/src/engine/process/runPaths';
import { readStarted } from '../../runner/src/engine/process/supervisorState';
import { localRun, main, textIn, textOf, treeOf, type LocalRun, type LocalRunOptions } from '../support/localRun';

const runs: LocalRun[] = [];
const make = async (train: string, options?: LocalRunOptions): Promise<LocalRun> => {
  const run = await localRun(train, options);
  runs.push(run);
  return run;
};
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});

/** Training that goes on until a file `go` appears beside its work folder. */
const untilGo = (folder = '../../..'): string =>
  `print("ready")\nwhile not os.path.exists("${folder}/go"): time.sleep(0.01)`;

async function firstOutput(run: LocalRun): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  for await (const { chunk } of run.engine.follow(run.spec.ref, { after: null, live: true, signal })) {
    if (chunk.stream !== 'event') return;
  }
}

async function soFar(run: LocalRun): Promise<string> {
  const chunks: LogChunk[] = [];
  const signal = AbortSignal.timeout(30_000);
  for await (const { chunk } of run.engine.follow(run.spec.ref, { after: null, live: false, signal }))
    chunks.push(chunk);
  return textOf(chunks);
}

describe('the life of a local run', () => {
  it('leaves a package, artifacts and a record, and no dataset or bytecode', async () => {
    const run = await make(
      main(
        'import helper\nprint(sorted(os.listdir(data)), os.path.isabs(data))\nos.makedirs(os.environ["artifacts_directory"] + "/plots")\nopen("artifacts/plots/a.txt", "w").write("a")',
      ),
      { files: { 'helper.py': 'x = 1', 'data_files/x.txt': 'x' } },
    );
    const record = await run.record();
    expect(record).toMatchObject({ outcome: 'completed', step: 'done', exitCode: 0, artifacts: true, skipped: [] });
    expect(await run.text('stdout')).toBe("['a.csv'] True\n");
    const { staging } = await run.collect();
    expect(await treeOf(staging)).toEqual([
      'artifacts/plots/a.txt',
      'package/data_files/x.txt',
      'package/helper.py',
      'package/model.txt',
      'package/train.py',
    ]);
    expect(await textIn(join(staging, 'package/model.txt'))).toBe('trained');
  });

  it('can be collected again after its first collection was thrown away', async () => {
    const run = await make(main('open("artifacts/a", "w").write("a")'));
    await run.record();
    await rm(join(run.folder, 'staging'), { recursive: true });
    const { staging, record } = await run.collect();
    expect(record?.outcome).toBe('completed');
    expect(await treeOf(staging)).toContain('artifacts/a');
    expect(await treeOf(staging)).toContain('package/model.txt');
  });

  it('is forgotten before the start, running, ended, and forgotten once removed', async () => {
    const run = await make(main(untilGo()));
    expect((await run.engine.inspect(run.spec.ref)).kind).toBe('forgotten');
    await run.start();
    expect((await run.engine.inspect(run.spec.ref)).kind).toBe('running');
    await firstOutput(run);
    await writeFile(join(run.folder, 'go'), '');
    expect((await run.ended()).kind).toBe('ended');
    await run.engine.remove(run.spec.ref);
    expect((await run.engine.inspect(run.spec.ref)).kind).toBe('forgotten');
    await run.engine.remove(run.spec.ref);
  });

  it('runs once however often and by how many it is started', async () => {
    const run = await make(main('open("../../../count", "a").write("x")'));
    await Promise.all([run.start(), run.start(), run.start()]);
    await run.ended();
    await run.start();
    expect(await readFile(join(run.folder, 'count'), 'utf8')).toBe('x');
  });

  it('takes over from a starter that died while it laid the folder out', async () => {
    const run = await make(main('print("once")'));
    await run.start();
    await run.ended();
    const paths = runPaths(run.spec.ref);
    const laidOut = await readFile(join(paths.control, 'spec.json'), 'utf8');
    await run.engine.remove(run.spec.ref);
    // As after a crash in the middle of laying out: the draft goes, the whole folder comes.
    await mkdir(join(paths.folder, 'base.0000'), { recursive: true });
    await writeFile(
      paths.claim,
      JSON.stringify({ host: 'x', boot: '', pid: 1, started: '1', token: '' }).replace(
        'x',
        (await import('node:os')).hostname(),
      ),
    );
    expect((await run.record()).outcome).toBe('completed');
    expect(await readFile(join(paths.control, 'spec.json'), 'utf8')).toBe(laidOut);
  });

  it('outlives the process that started it', async () => {
    const run = await make(main(untilGo()));
    await run.start();
    const started = await readStarted(runPaths(run.spec.ref));
    const stat = await readFile(`/proc/${started?.pid}/stat`, 'utf8');
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect(Number(session)).toBe(started?.pid);
    await writeFile(join(run.folder, 'go'), '');
    await run.ended();
  });

  it('is not taken for another process with the same number', async () => {
    const run = await make(main('pass'));
    await run.start();
    await run.ended();
    const paths = runPaths(run.spec.ref);
    const other = spawn('sleep', ['30']);
    const started = JSON.parse(await readFile(paths.started, 'utf8')) as Record<string, unknown>;
    await writeFile(paths.started, JSON.stringify({ ...started, pid: other.pid }));
    expect((await run.engine.inspect(run.spec.ref)).kind).toBe('ended');
    await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
    expect(other.exitCode).toBeNull();
    other.kill();
  });

  it('has no record where its supervisor was killed, and leaves no process behind', async () => {
    const run = await make(main(`open("pid", "w").write(str(os.getpid()))\n${untilGo()}`));
    await run.start();
    await firstOutput(run);
    const started = await readStarted(runPaths(run.spec.ref));
    const child = Number(await readFile(join(run.spec.ref.workFolder, 'base/digits/pid'), 'utf8'));
    process.kill(started?.pid ?? 0, 'SIGKILL');
    expect(await run.ended()).toMatchObject({
      kind: 'ended',
      error: 'the supervising process is gone (someone killed it?)',
    });
    expect((await run.collect()).record).toBeUndefined();
    await expect.poll(() => readFile(`/proc/${child}/stat`, 'utf8').catch(() => ') Z')).toMatch(/\) Z/);
  });

  it('says which Python could not be started', async () => {
    const run = await make(main('pass'), { target: '/no/such/python3' });
    await expect(run.start()).rejects.toMatchObject({ code: 'python-missing' });
    expect((await run.engine.inspect(run.spec.ref)).kind).toBe('created');
  });

  it('has a record though the training code removed the harness', async () => {
    const run = await make(main('import shutil\nshutil.rmtree("../control")\ntime.sleep(0.3)\nraise ValueError("x")'));
    expect(await run.record()).toMatchObject({ outcome: 'failed', message: 'ValueError: x' });
  });

  it('leaves no daemon behind where its supervisor was killed', async () => {
    const run = await make(
      main(
        `import subprocess\nos.environ["X"] = "1"\nprint(*[subprocess.Popen(["sleep", "300"], start_new_session=new, stdout=subprocess.DEVNULL).pid for new in (False, True)])\ntime.sleep(60)`,
      ),
    );
    await run.start();
    await firstOutput(run);
    const pids = (await soFar(run)).trim().split(' ');
    const started = await readStarted(runPaths(run.spec.ref));
    process.kill(started?.pid ?? 0, 'SIGKILL');
    await run.ended();
    await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
    for (const pid of pids) {
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).toMatch(/\) Z/);
    }
  });

  it('refuses a record of another run', async () => {
    const run = await make(main('pass'));
    await run.record();
    const { record, recordProblem } = await run.engine.collect(
      { ...run.spec.ref, nonce: '00'.repeat(16) },
      join(run.folder, 'other'),
      {
        onProgress: () => undefined,
      },
    );
    expect(record).toBeUndefined();
    expect(recordProblem).toBe('the completion record is of another run');
  });
});

describe('the log of a local run', () => {
  it('is followed live, line by line', async () => {
    const run = await make(main(untilGo()));
    await run.start();
    await firstOutput(run);
    await writeFile(join(run.folder, 'go'), '');
    expect(await run.text()).toBe('ready\n');
  });

  it('continues after any cursor without a gap or a repetition', async () => {
    const run = await make(main('for i in range(300): print(i, flush=True); print("e", i, file=sys.stderr)'));
    const record = await run.record();
    const all: { chunk: LogChunk; cursor: LogCursor }[] = [];
    const signal = AbortSignal.timeout(30_000);
    for await (const item of run.engine.follow(run.spec.ref, { after: null, live: false, signal })) all.push(item);
    expect(all.map(({ chunk }) => chunk.sequence)).toEqual(all.map((_, index) => index + 1));
    expect(all.length).toBe(record.log.records);
    for (const at of [0, 1, Math.floor(all.length / 2), all.length - 1]) {
      const rest: LogChunk[] = [];
      const after = all[at]?.cursor ?? null;
      for await (const { chunk } of run.engine.follow(run.spec.ref, { after, live: false, signal })) rest.push(chunk);
      expect(rest.map((chunk) => chunk.sequence)).toEqual(all.slice(at + 1).map(({ chunk }) => chunk.sequence));
      const misplaced = { sequence: after?.sequence ?? 0, hint: '7' };
      const again: LogChunk[] = [];
      for await (const { chunk } of run.engine.follow(run.spec.ref, { after: misplaced, live: false, signal }))
        again.push(chunk);
      expect(again.length).toBe(rest.length);
    }
  });

  it('holds every byte that the training code writes', async () => {
    const run = await make(
      main(
        'sys.stdout.buffer.write(bytes(range(256)) * 100)\nsys.stdout.buffer.flush()\nsys.stdout.write("é" * 9000)\nsys.stdout.flush()\nfor i in range(3): sys.stdout.write("\\r%d" % i); sys.stdout.flush()',
      ),
    );
    const record = await run.record();
    const chunks = (await run.log()).filter((chunk) => chunk.stream === 'stdout');
    const expected = Buffer.concat([
      ...Array.from({ length: 100 }, () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))),
      Buffer.from('é'.repeat(9000)),
      Buffer.from('\r0\r1\r2'),
    ]);
    expect(Buffer.concat(chunks.map((chunk) => chunk.bytes)).equals(expected)).toBe(true);
    expect(Math.max(...chunks.map((chunk) => chunk.bytes.length))).toBeLessThanOrEqual(8192);
    expect(record.log.bytes).toBe(expected.length);
  });

  it('shows no secret, also not in pieces or in the exception', async () => {
    const run = await make(
      main(
        's = os.environ["TOKEN"]\nprint("one", s)\nfor c in s: sys.stdout.write(c); sys.stdout.flush(); time.sleep(0.005)\nprint()\nraise ValueError("bad " + s)',
      ),
      { secrets: { TOKEN: 'hunter2-ä' } },
    );
    const record = await run.record();
    expect(textOf(await run.log(), 'stdout')).toBe('one ***\n***\n');
    expect(record.message).toBe('ValueError: bad ***');
    expect(JSON.stringify(record)).not.toContain('hunter2');
    const files = await treeOf(run.spec.ref.workFolder);
    expect(files.filter((name) => name.includes('secrets'))).toEqual([]);
    expect(await run.text('stderr')).not.toContain('hunter2');
  });
});

describe('stopping a local run', () => {
  it('gives Python SIGTERM and ends as interrupted', async () => {
    const run = await make(main(`signal.signal(signal.SIGTERM, lambda *a: (print("bye"), sys.exit(0)))\n${untilGo()}`));
    await run.start();
    await firstOutput(run);
    await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
    const { record } = await run.collect();
    expect(record).toMatchObject({ outcome: 'interrupted', step: 'train' });
    expect(await run.text()).toBe('ready\nbye\n');
  });

  it('kills at once what ignores SIGTERM where there is no grace', async () => {
    const run = await make(main(`signal.signal(signal.SIGTERM, signal.SIG_IGN)\n${untilGo()}`));
    await run.start();
    await firstOutput(run);
    const before = performance.now();
    await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
    expect(performance.now() - before).toBeLessThan(3000);
    expect((await run.collect()).record).toMatchObject({ outcome: 'interrupted', signal: 'SIGKILL' });
  });

  it('is no success although train and save end well within the grace', async () => {
    const run = await make(
      main(
        `stop = []\nsignal.signal(signal.SIGTERM, lambda *a: stop.append(1))\nprint("ready")\nwhile not stop: time.sleep(0.01)`,
      ),
    );
    await run.start();
    await firstOutput(run);
    await run.engine.stop(run.spec.ref, { graceSeconds: 10 });
    expect((await run.collect()).record).toMatchObject({ outcome: 'interrupted', step: 'done' });
  });

  it('ends at the time limit with a cause of its own', async () => {
    const run = await make(main('time.sleep(60)'), { timeoutSeconds: 0.3 });
    expect(await run.record()).toMatchObject({ outcome: 'timed-out', step: 'train', signal: 'SIGTERM' });
  });
});
