/** Runs that are left alone by who started them, and readers that go away: with the local Python, from outside. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runSchema, runsSchema, type Run } from '../../runner/src/domain/run';
import { CommandLine, train } from '../support/commandLine';

const noDocker = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
/** Trains until the file `go` is in the dataset's place of the test, so that nothing depends on speed. */
const waiting = train(
  'print("epoch 1", flush=True)\nwhile not os.path.exists(os.environ["GO"]): time.sleep(0.05)',
  'open("model.txt", "w").write(os.environ.get("TOKEN", "none"))',
);

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.make({ ...noDocker, TOKEN: 'canary-5be1' });
  await cli.write({ 'digits/train.py': waiting, 'data/d/a.txt': 'one' });
});
afterEach(() => cli.remove());

const start = (): string[] => [
  'run',
  'digits',
  '--dataset',
  'data/d',
  '--engine',
  'process',
  '--env',
  `GO=${cli.folder}/go`,
];
const letGo = (): Promise<void> => cli.write({ go: '' });
const newest = async (): Promise<Run> => {
  const [run] = runsSchema.parse((await cli.json('runs')).document).runs;
  if (run === undefined) throw new Error('there is no run');
  return run;
};
const ended = async (): Promise<{ code: number | null; run: Run }> => {
  const { code, document } = await cli.json('attach', (await newest()).id);
  return { code, run: runSchema.parse(document) };
};

test('SIGHUP leaves the run going, and it is finished without anyone attaching', async () => {
  const started = cli.start(...start(), '--json');
  await started.until('epoch 1');
  started.child.kill('SIGHUP');
  const { code, out } = await started.answer;
  expect(code).toBe(129);
  expect(runSchema.parse(JSON.parse(out))).toMatchObject({ state: 'Running', problem: null });
  await letGo();
  const following = await cli.run('logs', (await newest()).id, '--follow');
  expect(following).toMatchObject({ code: 0, out: 'epoch 1\n' });
  expect(await newest()).toMatchObject({ state: 'Successful', version: '1.1' });
});

test('Ctrl-C in attach ends the watching alone', async () => {
  const detached = await cli.json(...start(), '--detach');
  expect(detached.code).toBe(0);
  const watching = cli.start('attach');
  await watching.until('epoch 1');
  watching.child.kill('SIGINT');
  expect((await watching.answer).code).toBe(130);
  expect((await newest()).state).toBe('Running');
  await letGo();
  expect(await ended()).toMatchObject({ code: 0, run: { state: 'Successful' } });
});

test('Ctrl-C in attach does not leave a run alone whose starter is dead', async () => {
  const started = cli.start(...start());
  await started.until('epoch 1');
  started.child.kill('SIGKILL');
  await started.answer;
  const watching = cli.start('attach');
  await watching.until('epoch 1');
  watching.child.kill('SIGINT');
  expect((await watching.answer).code).toBe(130);
  await letGo();
  await cli.run('logs', (await newest()).id, '--follow');
  expect(await newest()).toMatchObject({ state: 'Successful', version: '1.1' });
});

test('--detach takes the secrets along, and shows them nowhere', async () => {
  const { document, err } = await cli.json(...start(), '--secret', 'TOKEN', '--detach');
  expect(runSchema.parse(document).parameters['TOKEN']).toBe('***');
  await letGo();
  const { run } = await ended();
  expect(run).toMatchObject({ state: 'Successful', parameters: { TOKEN: '***' } });
  expect(JSON.stringify([document, run]) + err).not.toContain('canary');
});

test('Ctrl-C is heard at every moment of a run', async () => {
  for (const moment of ['Scheduled', 'Packaging', 'Waiting for resources', 'epoch 1']) {
    const started = cli.start(...start());
    await started.until(moment);
    started.child.kill('SIGINT');
    expect((await started.answer).code).toBe(130);
    expect(await newest()).toMatchObject({ state: 'Killed', version: '' });
  }
});

test('Ctrl-C in attach is heard at the moment of taking over', async () => {
  await cli.json(...start(), '--detach');
  const watching = cli.start('attach');
  await watching.until('warning');
  watching.child.kill('SIGINT');
  expect((await watching.answer).code).toBe(130);
  await letGo();
  expect(await ended()).toMatchObject({ code: 0, run: { state: 'Successful' } });
});

test('a second Ctrl-C kills training that ignores the first at once', async () => {
  await cli.write({
    'digits/train.py': train(
      'print("epoch 1", flush=True)\ntime.sleep(600)',
      'pass',
      'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)',
    ),
  });
  const started = cli.start(...start(), '--json');
  await started.until('epoch 1');
  const before = performance.now();
  started.child.kill('SIGINT');
  await started.until('Stopping');
  started.child.kill('SIGINT');
  const { code, out } = await started.answer;
  expect(code).toBe(130);
  expect(runSchema.parse(JSON.parse(out))).toMatchObject({ state: 'Killed', version: '', cause: { kind: 'killed' } });
  expect(performance.now() - before).toBeLessThan(8000);
});

test('a run says which environment it uses, and why nothing is installed', async () => {
  await cli.write({ go: '' });
  const { code, err } = await cli.run(...start());
  expect(code).toBe(0);
  expect(err).toMatch(/^Uses Python 3\..*no requirements\.$/m);
});

test('a reader that goes away ends neither the run nor the program with an error', async () => {
  await cli.write({
    go: '',
    'digits/train.py': train('for i in range(20000): print("line", i)', 'open("model.txt", "w").write("m")'),
  });
  const started = cli.start(...start());
  await started.until('line 0');
  started.child.stdout?.destroy();
  const { code, err } = await started.answer;
  expect(code).toBe(0);
  expect(err).not.toContain('EPIPE');
  expect(await newest()).toMatchObject({ state: 'Successful', version: '1.1' });
  const log = cli.start('logs', (await newest()).id);
  log.child.stdout?.destroy();
  expect((await log.answer).err).toBe('');
});

test('the bash completion knows commands, options, choices and folders', async () => {
  const { out } = await cli.run('completion', 'bash');
  await cli.write({ 'completion.bash': out });
  const complete = async (...words: string[]): Promise<string[]> => {
    const script = `source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _training_pipelines; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const answer = await promisify(execFile)('bash', ['-c', script, 'bash', 'training-pipelines', ...words], {
      cwd: cli.folder,
    });
    return answer.stdout.split('\n').filter((word) => word !== '');
  };
  expect(await complete('ru')).toEqual(['run', 'runs']);
  expect(await complete('--store', 'data', 'run', '--dataset-')).toEqual(['--dataset-access']);
  expect(await complete('run', '--network', '')).toEqual(['bridge', 'none']);
  expect(await complete('run', '--dataset', 'da')).toEqual(['data']);
  expect(await complete('completion', 'z')).toEqual(['zsh']);
});
