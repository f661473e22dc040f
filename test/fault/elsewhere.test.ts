/** Runs started elsewhere, runners that are suspended or whose clock jumps, and the supervisor of local runs. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { extractZip } from '../../runner/src/archive/extractZip';
import { hasEnded, runSchema, type Run } from '../../runner/src/domain/run';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';
import * as door from '../../runner/src/protocol';
import type { Clock } from '../../runner/src/run/runDocument';
import { train, type CommandLine } from '../support/commandLine';
import { tellFault } from '../support/faultTable';
import {
  attached,
  leftInStore,
  logOf,
  makeWorkspace,
  outcomeOf,
  place,
  processesIn,
  runsOf,
} from '../support/killedRuns';
import { libraryRunner } from '../support/libraryRuns';
import { harnessFolder } from '../support/localRun';

const words = ['--dataset', 'data/d', '--engine', 'process'];
/** Goes on until a file appears in the workspace. */
const untilGo = (cli: CommandLine): string =>
  train(
    `print("line 0 begun", flush=True)\nwhile not os.path.exists(${JSON.stringify(join(cli.folder, 'go'))}): time.sleep(0.01)\nprint("line 1 gone on", flush=True)
open(os.environ["artifacts_directory"] + "/curve.csv", "w").write("1,2")`,
    'open("model.txt", "w").write("trained")',
  );

describe('a run of this machine', () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await makeWorkspace('unix:///nonexistent/engine.sock');
    await cli.write({ 'digits/train.py': untilGo(cli) });
  });
  afterEach(async () => {
    await writeFile(join(cli.folder, 'go'), '');
    await cli.remove();
  });

  const go = (): Promise<void> => writeFile(join(cli.folder, 'go'), '');
  const start = () => cli.start('run', 'digits', ...words, '--json');
  const started = async (): Promise<ReturnType<typeof start>> => {
    const run = start();
    await run.until('begun');
    return run;
  };
  const workOf = (id: string): string => join(place.store(cli), 'runs', id, 'work');
  const supervisorOf = async (id: string): Promise<number> =>
    (JSON.parse(await readFile(join(workOf(id), 'base/control/started'), 'utf8')) as { pid: number }).pid;
  async function nothingIsLeft(): Promise<void> {
    expect(await processesIn(cli.folder)).toEqual([]);
    expect(await leftInStore(cli)).toEqual([]);
  }
  const tell = (fault: string, held: string): void => tellFault({ fault: `${fault} (process)`, times: 1, held });

  it('outlives its runner, and its end is recorded though nobody watches', async () => {
    const { child, answer } = await started();
    child.kill('SIGKILL');
    await answer;
    const [before] = await runsOf(cli);
    const id = before?.id ?? '';
    await go();
    await expect.poll(() => readdir(join(workOf(id), 'base/control')), { timeout: 10_000 }).toContain('record.json');
    await expect.poll(() => processesIn(cli.folder), { timeout: 10_000 }).toEqual([]);
    const { code, run } = await attached(cli, id);
    expect(code).toBe(0);
    expect(run).toMatchObject({ state: 'Successful', version: '1.1' });
    expect((await logOf(cli, run)).startsWith('0 1 ')).toBe(true);
    await nothingIsLeft();
    tell('runner killed, run ends unwatched', 'recorded by its supervisor, taken in by attach');
  });

  it('is not taken for another process that has its number', async () => {
    const { child, answer } = await started();
    child.kill('SIGKILL');
    await answer;
    const [before] = await runsOf(cli);
    const id = before?.id ?? '';
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    const pid = await supervisorOf(id);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).toMatch(/\) Z/);
    const path = join(workOf(id), 'base/control/started');
    const known = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...known, pid: other.pid }));
    const { code, run } = await attached(cli, id);
    expect(run).toMatchObject({ state: 'Failed', version: '', cause: { kind: 'engine' } });
    expect(run.cause?.message).toContain('supervising process is gone');
    expect(code).toBe(3);
    expect(other.exitCode).toBeNull();
    other.kill();
    await nothingIsLeft();
    tell('supervisor killed, its number used again', 'true cause, the other process left alone, nothing left behind');
  });

  it('that is watched from elsewhere is seen from its beginning to its end', async () => {
    const service = spawn(process.execPath, [join(import.meta.dirname, '../../dist/runner.js')], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const connection = createMessageConnection(
      new StreamMessageReader(service.stdout),
      new StreamMessageWriter(service.stdin),
    );
    let changes = 0;
    connection.onNotification(door.storeChanged, () => void (changes += 1));
    connection.listen();
    await connection.sendRequest(door.openRequest, { workspace: cli.folder, trusted: true });
    const first = await started();
    await expect.poll(() => changes, { timeout: 10_000 }).toBeGreaterThan(0);
    const seen = async (): Promise<readonly Run[]> => connection.sendRequest(door.listRunsRequest);
    await expect.poll(async () => (await seen()).map((run) => run.state), { timeout: 5_000 }).toEqual(['Running']);
    const second = cli.start('attach', '--json');
    await second.until('begun');
    changes = 0;
    await go();
    const ends = [await first.answer, await second.answer].map(({ out }) => runSchema.parse(JSON.parse(out)));
    for (const run of ends) expect(run).toMatchObject({ state: 'Successful', version: '1.1' });
    await expect.poll(() => changes, { timeout: 10_000 }).toBeGreaterThan(0);
    expect((await seen()).map((run) => run.state)).toEqual(['Successful']);
    expect((await first.answer).err).toContain('gone on');
    expect((await second.answer).err).toContain('gone on');
    service.stdin.end();
    connection.dispose();
    await nothingIsLeft();
    tell(
      'run started elsewhere on the same store',
      'the editor’s runner and attach see its state and its log to the end',
    );
  });

  it('whose driver is suspended stays its driver’s, and goes on with it', async () => {
    const { child, answer } = await started();
    child.kill('SIGSTOP');
    const [before] = await runsOf(cli);
    const watching = cli.start('attach', before?.id ?? '', '--json');
    await watching.until('begun');
    await go();
    await expect
      .poll(() => readdir(join(workOf(before?.id ?? ''), 'base/control')), { timeout: 10_000 })
      .toContain('record.json');
    // Long enough for a watcher to take over what nobody drives.
    await delay(600);
    expect((await runsOf(cli)).map((run) => run.state)).toEqual(['Running']);
    child.kill('SIGCONT');
    for (const { out } of [await answer, await watching.answer]) {
      expect(JSON.parse(out)).toMatchObject({ state: 'Successful', version: '1.1' });
    }
    const [run] = await runsOf(cli);
    expect((await outcomeOf(cli, run as Run)).log.startsWith('0 1 ')).toBe(true);
    await nothingIsLeft();
    tell('driver suspended (SIGSTOP, SIGCONT)', 'one driver, one version, log whole');
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['a day back', -86_400_000],
  ])('has true durations though the clock jumps %s', async (name, jump) => {
    await mkdir(join(cli.folder, '.training-pipelines'), { recursive: true });
    let shift = 0;
    const clock: Clock = { now: () => Date.now() + shift, monotonic: () => performance.now() };
    const engine = createProcessEngine({ harnessFolder, environment: process.env, extract: extractZip });
    const runner = libraryRunner({ workspace: cli.folder, engine, clock });
    const begun = performance.now();
    const request = { package: 'digits', dataset: 'data/d', engine: 'process', currentFolder: cli.folder };
    let said: () => void = () => undefined;
    const output = new Promise<void>((resolve) => (said = resolve));
    const driven = await runner.start(request, { onLog: ({ stream }) => stream !== 'event' && said() });
    await output;
    shift = jump;
    await go();
    const run = await driven.ended;
    const seconds = (performance.now() - begun) / 1000;
    expect(hasEnded(run.state)).toBe(true);
    expect(run.state).toBe('Successful');
    for (const phase of run.phases) expect(phase.seconds).toBeLessThanOrEqual(seconds + 0.1);
    expect(run.results?.run_summary.execution_time).toBeLessThanOrEqual(seconds + 0.1);
    expect(run.results?.run_summary.execution_time).toBeGreaterThan(0);
    expect(Date.parse(run.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(run.startedAt));
    await nothingIsLeft();
    tell(`the clock jumps ${name} in mid-run`, 'durations true, the end not before the beginning');
  });
});
