/** Training code that does its worst: it neither keeps the run from ending nor fills the runner's memory nor stays behind. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runSchema, type Run } from '../../runner/src/domain/run';
import { train, type CommandLine, type Started } from '../support/commandLine';
import { sharedEngine, testImage, type SharedEngine } from '../support/engine.mjs';
import { tellFault } from '../support/faultTable';
import { containersOf, leftInStore, makeWorkspace, place, processesIn } from '../support/killedRuns';
import { times } from '../support/random';

let engine: SharedEngine;
beforeAll(async () => {
  engine = await sharedEngine();
}, 600_000);

const mebibyte = 1024 * 1024;
/** The most memory that the program may have held at any time, whatever the training does. */
const mostMemory = 450 * mebibyte;

/** Bytes; 0 once it is gone. */
async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
}

async function watched({ child, answer }: Started): Promise<{ run: Run; peak: number }> {
  let peak = 0;
  const look = setInterval(() => {
    void peakMemory(child.pid ?? 0).then((bytes) => (peak = Math.max(peak, bytes)));
  }, 50);
  const { out } = await answer;
  clearInterval(look);
  return { run: runSchema.parse(JSON.parse(out)), peak };
}

describe.each(['process', 'docker'] as const)('hostile training code with the engine %s', (kind) => {
  const words = kind === 'docker' ? ['--engine', 'docker', '--image', testImage] : ['--engine', 'process'];

  async function inWorkspace(body: string, work: (cli: CommandLine) => Promise<void>): Promise<void> {
    const cli = await makeWorkspace(engine.host, train(body));
    try {
      await work(cli);
      expect(await containersOf(engine.host, cli)).toEqual([]);
      expect(await processesIn(cli.folder)).toEqual([]);
      expect(await leftInStore(cli)).toEqual([]);
    } finally {
      await cli.remove();
    }
  }
  const start = (cli: CommandLine, ...more: string[]): Started =>
    cli.start('run', 'digits', '--dataset', 'data/d', ...words, ...more, '--json', '--quiet');
  const bytesOfLog = async (cli: CommandLine, run: Run): Promise<number> =>
    (await stat(join(place.store(cli), 'runs', run.id, 'log.txt'))).size;

  it('that writes a long log fills no memory', { timeout: 3_600_000 }, async () => {
    const megabytes = times(48, 2_048);
    const body = `line = b"x" * 99 + b"\\n"\nfor i in range(${megabytes}): sys.stdout.buffer.write(line * 10486)`;
    await inWorkspace(body, async (cli) => {
      const { run, peak } = await watched(start(cli));
      expect(run.state).toBe('Successful');
      expect(await bytesOfLog(cli, run)).toBe(megabytes * 10_486 * 100);
      tell(`${megabytes} MB of log`, `whole; ${shown(peak)} of memory at most`);
      expect(peak).toBeLessThan(mostMemory);
      const watching = await watched(cli.start('attach', run.id, '--json'));
      expect(watching.peak).toBeLessThan(mostMemory);
    });
  });

  it('that writes one endless line fills no memory', { timeout: 3_600_000 }, async () => {
    const megabytes = times(24, 512);
    await inWorkspace(`for i in range(${megabytes}): sys.stdout.buffer.write(b"y" * ${mebibyte})`, async (cli) => {
      const { run, peak } = await watched(start(cli));
      expect(run.state).toBe('Successful');
      expect(await bytesOfLog(cli, run)).toBe(megabytes * mebibyte);
      tell(`one line of ${megabytes} MB`, `whole; ${shown(peak)} of memory at most`);
      expect(peak).toBeLessThan(mostMemory);
    });
  });

  it('that leaves very many files fills no memory', { timeout: 3_600_000 }, async () => {
    const files = times(3_000, 100_000);
    const body = `os.makedirs("many")\nfor i in range(${files}):\n    with open("many/%d" % i, "w") as f: f.write(str(i))`;
    await inWorkspace(body, async (cli) => {
      const { run, peak } = await watched(start(cli));
      expect(run).toMatchObject({ state: 'Successful', version: '1.1' });
      expect((await cli.json('verify', 'digits@1.1')).code).toBe(0);
      tell(`${files} files left`, `a whole version; ${shown(peak)} of memory at most`);
      expect(peak).toBeLessThan(files > 50_000 ? 3 * mostMemory : mostMemory);
    });
  });

  it('that forks without end and ignores SIGTERM is gone after a stop', { timeout: 300_000 }, async () => {
    const body = [
      'import signal',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'count = 0',
      'while True:',
      '    try: pid = os.fork()',
      '    except OSError: time.sleep(0.01); continue',
      '    if pid == 0:',
      '        if count % 2: os.setsid()',
      '        os.execv("/bin/sleep", ["sleep", "600"])',
      '    count += 1',
      '    if count == 40: print("many", flush=True)',
      '    time.sleep(0.005)',
    ].join('\n');
    await inWorkspace(body, async (cli) => {
      const { until, answer, child } = cli.start('run', 'digits', '--dataset', 'data/d', ...words, '--json');
      await until('many');
      child.kill('SIGINT');
      child.kill('SIGINT');
      await until('Stopping');
      child.kill('SIGINT');
      const run = runSchema.parse(JSON.parse((await answer).out));
      expect(run).toMatchObject({ state: 'Killed', version: '', cause: { kind: 'killed' } });
      tell('forks without end, SIGTERM ignored', 'stopped; no process and no container is left');
    });
  });

  const shown = (bytes: number): string => `${Math.round(bytes / mebibyte)} MB`;
  const tell = (what: string, held: string): void =>
    tellFault({ fault: `training code: ${what} (${kind})`, times: 1, held });
});
