/** Runs from outside, with both engines: versions, causes, endings, outputs. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { logLineSchema } from '../../runner/src/domain/documents';
import { resultsSchema } from '../../runner/src/domain/results';
import { runSchema, type Run } from '../../runner/src/domain/run';
import { versionFileSchema, versionsSchema } from '../../runner/src/domain/version';
import { CommandLine, train } from '../support/commandLine';
import { startEngine, testImage, type TestEngine } from '../support/engine.mjs';

let docker: TestEngine;
beforeAll(async () => {
  docker = await startEngine();
}, 600_000);
afterAll(() => docker.stop());

const saving = train(
  'self.n = len(os.listdir(data_directory))\nprint("seen", self.n)',
  'open("model.txt", "w").write(str(self.n))',
);

describe.each(['process', 'docker'])('with the engine %s', (engine) => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await CommandLine.make({ DOCKER_HOST: docker.host });
    await cli.write({ 'digits/train.py': saving, 'data/d/a.txt': 'one', 'data/d/b.txt': 'two' });
  });
  afterEach(() => cli.remove());

  const engineArgs = engine === 'docker' ? ['--engine', 'docker', '--image', testImage] : ['--engine', 'process'];
  const run = async (...args: string[]): Promise<{ code: number | null; run: Run; err: string }> => {
    const { code, document, err } = await cli.json('run', 'digits', '--dataset', 'data/d', ...engineArgs, ...args);
    return { code, run: runSchema.parse(document), err };
  };
  const exists = (path: string): Promise<boolean> =>
    access(join(cli.folder, path)).then(
      () => true,
      () => false,
    );
  const failing = async (body: string, ...args: string[]): Promise<Run> => {
    await cli.write({ 'digits/train.py': body });
    const { code, run: failed } = await run(...args);
    expect(failed.state).toBe('Failed');
    expect(code).toBe(['engine', 'lost', 'requirements'].includes(failed.cause?.kind ?? '') ? 3 : 1);
    expect(failed.version).toBe('');
    expect(failed.results?.run_summary.outputs.version).toBe('');
    expect(await readdir(join(cli.folder, '.training-pipelines/packages/digits'))).not.toContain('1.1');
    return failed;
  };

  test('a folder with train.py becomes 1.0 and 1.1, and all that is written fits its schema', async () => {
    const { code, run: made, err } = await run();
    expect(code).toBe(0);
    expect(made).toMatchObject({
      state: 'Successful',
      from: '1.0',
      version: '1.1',
      cause: null,
      engine,
      pipeline: 'digits',
      package: 'digits',
    });
    expect(made.dataset).toMatchObject({ path: 'data/d', files: 2, bytes: 6 });
    expect(made.phases.map((phase) => phase.name)).toEqual([
      'Scheduled',
      'Packaging',
      'Waiting for resources',
      'Running',
      'Finalizing',
    ]);
    expect(err).toContain('seen 2');
    const results = JSON.parse(await readFile(join(cli.folder, made.folder, '_results.json'), 'utf8')) as unknown;
    expect(resultsSchema.parse(results)).toEqual(made.results);
    const store = join(cli.folder, '.training-pipelines/packages/digits/1.1');
    const sealed = versionFileSchema.parse(JSON.parse(await readFile(join(store, 'version.json'), 'utf8')));
    expect(sealed).toMatchObject({ version: '1.1', from: '1.0', run: made.id });
    expect(sealed.sealed.files.map((file) => file.path)).toEqual(['model.txt', 'train.py']);
    const zip = await readFile(join(store, 'digits.zip'));
    expect(`sha256:${createHash('sha256').update(zip).digest('hex')}`).toBe(sealed.sealed.zip);
    expect(await readFile(join(cli.folder, made.folder, 'log.txt'), 'utf8')).toBe('seen 2\n');
    expect(await exists('digits/model.txt')).toBe(false);
  });

  test('numbers: identical content is reused, training counts on, a change publishes the next major', async () => {
    await run();
    expect((await run()).run).toMatchObject({ from: '1.0', version: '1.2' });
    expect((await run('--from', '1.2')).run).toMatchObject({ from: '1.2', version: '1.3' });
    await cli.write({ 'digits/train.py': `${saving}# changed\n` });
    expect((await run()).run).toMatchObject({ from: '2.0', version: '2.1' });
    const { document } = await cli.json('versions', 'digits');
    expect(versionsSchema.parse(document).versions.map((version) => version.version)).toEqual([
      '2.1',
      '2.0',
      '1.3',
      '1.2',
      '1.1',
      '1.0',
    ]);
  });

  test('an exception: the traceback first, its frames in the user’s file, chained ones too', async () => {
    const failed = await failing(
      train('try:\n    {}["a"]\nexcept KeyError as e:\n    raise RuntimeError("no a") from e'),
    );
    expect(failed.cause).toMatchObject({ kind: 'code', exitCode: 1, signal: null });
    expect(failed.cause?.message).toContain('RuntimeError: no a');
    expect(failed.cause?.traceback.at(-1)).toMatchObject({ file: 'train.py', line: 8, function: 'train' });
    expect(failed.cause?.chain[0]?.message).toContain('KeyError');
  });

  test.each([
    [
      'an import error',
      'import nothing_of_that_name\nclass Main:\n    def train(self, d): pass\n    def save(self): pass\n',
      'code',
    ],
    ['sys.exit(0) before save', train('sys.exit(0)'), 'code'],
    ['sys.exit(3)', train('sys.exit(3)'), 'code'],
    ['os._exit(0)', train('os._exit(0)'), 'code'],
    ['a segfault', train('import ctypes; ctypes.string_at(0)'), 'code'],
    ['MemoryError', train('raise MemoryError()'), 'out-of-memory'],
    ['no train.py left', train('pass', 'os.remove("train.py")'), 'invalid-output'],
    ['Main made at run time without save', 'Main = type("Main", (), {"train": lambda self, d: None})\n', 'contract'],
  ])('%s has its own cause', async (_, body, kind) => {
    const failed = await failing(body, '--no-check');
    expect(failed.cause?.kind).toBe(kind);
  });

  test('a segfault is told by its signal', async () => {
    expect((await failing(train('import ctypes; ctypes.string_at(0)'))).cause).toMatchObject({
      signal: 'SIGSEGV',
      exitCode: null,
    });
  });

  test('a background child that keeps stdout open does not hang the run', async () => {
    await cli.write({
      'digits/train.py': train('import subprocess; subprocess.Popen(["sleep", "600"])', 'open("m", "w").write("x")'),
    });
    expect((await run()).run.state).toBe('Successful');
  });

  test('a time limit stops it with its own cause', async () => {
    const failed = await failing(train('print("go", flush=True)\ntime.sleep(600)'), '--timeout', '1s');
    expect(failed.cause?.kind).toBe('timed-out');
  });

  test('Ctrl-C stops it: Killed, exit 130, no version, the artifacts kept', async () => {
    await cli.write({
      'digits/train.py': train(
        'open(os.path.join(os.environ["artifacts_directory"], "a"), "w").write("x")\nprint("started", flush=True)\ntime.sleep(600)',
      ),
    });
    const started = cli.start('run', 'digits', '--dataset', 'data/d', '--json', ...engineArgs);
    await started.until('started');
    started.child.kill('SIGINT');
    const { code, out } = await started.answer;
    const killed = runSchema.parse(JSON.parse(out));
    expect(code).toBe(130);
    expect(killed).toMatchObject({ state: 'Killed', version: '', cause: { kind: 'killed' } });
    expect(killed.results?.run_summary.outputs.artifacts_data).toBe('artifacts');
    expect(await exists(`${killed.folder}/artifacts/a`)).toBe(true);
  });

  test('stop from elsewhere ends it; code that ignores SIGTERM is killed after 10 s', async () => {
    await cli.write({
      'digits/train.py': train(
        'signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint("started", flush=True)\nwhile True: time.sleep(1)',
        'pass',
        'import signal',
      ),
    });
    const started = cli.start('run', 'digits', '--dataset', 'data/d', '--json', ...engineArgs);
    await started.until('started');
    const [id] = await readdir(join(cli.folder, '.training-pipelines/runs'));
    const { code, document } = await cli.json('stop', id ?? '');
    expect(code).toBe(0);
    expect(runSchema.parse(document).state).toBe('Killed');
    expect((await started.answer).code).toBe(130);
    expect((await cli.json('stop', id ?? '')).code).toBe(0);
  });

  test('the starter is killed in mid-run: attach goes on, one version, the log complete', async () => {
    await cli.write({
      'digits/train.py': train(
        'for i in range(30):\n    print("line", i, flush=True)\n    time.sleep(0.1)',
        'open("m", "w").write("x")',
      ),
    });
    const started = cli.start('run', 'digits', '--dataset', 'data/d', '--json', ...engineArgs);
    await started.until('line 3');
    started.child.kill('SIGKILL');
    await started.answer;
    const { code, document } = await cli.json('attach');
    expect(code).toBe(0);
    const ended = runSchema.parse(document);
    expect(ended).toMatchObject({ state: 'Successful', version: '1.1' });
    const log = await readFile(join(cli.folder, ended.folder, 'log.txt'), 'utf8');
    expect(log).toBe(Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join(''));
  });

  test('--detach returns at once and the run is finished in the background', async () => {
    await cli.write({ 'digits/train.py': train('time.sleep(1)', 'open("m", "w").write("x")') });
    const { code, run: going } = await run('--detach');
    expect(code).toBe(0);
    expect(going.endedAt).toBeNull();
    const { document } = await cli.json('attach', going.id);
    expect(runSchema.parse(document)).toMatchObject({ id: going.id, state: 'Successful', version: '1.1' });
  });

  test('whatever bytes: the log is complete, and logs --json tells the streams apart', async () => {
    const body =
      'sys.stdout.buffer.write(bytes(range(256)) * 3 + b"\\n")\nsys.stdout.flush()\nprint("err", file=sys.stderr)\nsys.stdout.write("\\rstep 1\\rstep 2\\n")';
    await cli.write({ 'digits/train.py': train(body, 'open("m", "w").write("x")') });
    const { run: made } = await run();
    const log = await readFile(join(cli.folder, made.folder, 'log.txt'));
    expect(log.includes(Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i))]))).toBe(true);
    const { out } = await cli.run('logs', made.id, '--json');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => logLineSchema.parse(JSON.parse(line)));
    expect(lines.find((line) => line.text === 'err')?.stream).toBe('stderr');
    expect(lines.map((line) => line.text)).toContain('step 2');
  });

  test('artifacts: sub-folders and bytes kept, nothing but empty folders is none, another directory works', async () => {
    const writing =
      'a = os.environ["artifacts_directory"]\nos.makedirs(a + "/sub")\nopen(a + "/sub/b.bin", "wb").write(bytes(range(256)))';
    await cli.write({ 'digits/train.py': train(writing, 'open("m", "w").write("x")') });
    const { run: made } = await run('--env', 'artifacts_directory=out/here');
    expect(made.parameters['artifacts_directory']).toBe('out/here');
    const kept = await readFile(join(cli.folder, made.folder, 'artifacts/sub/b.bin'));
    expect(kept.length).toBe(256);
    const sealed = JSON.parse(
      await readFile(join(cli.folder, '.training-pipelines/packages/digits/1.1/version.json'), 'utf8'),
    ) as { sealed: { files: { path: string }[] } };
    expect(sealed.sealed.files.map((file) => file.path)).toEqual(['m', 'train.py']);
    await cli.write({
      'digits/train.py': train(
        'os.makedirs(os.environ["artifacts_directory"] + "/empty")',
        'open("m", "w").write("x")',
      ),
    });
    const { run: none } = await run();
    expect(none.results?.run_summary.outputs.artifacts_data).toBe('');
    expect(await exists(`${none.folder}/artifacts`)).toBe(false);
  });

  test('save_training_data keeps the dataset, and the alias is accepted with a warning', async () => {
    const { run: made } = await run('--env', 'save_data=TRUE');
    expect(made.parameters).toMatchObject({ save_training_data: 'true', save_data: 'TRUE' });
    expect(made.warnings.map((warning) => warning.code)).toContain('parameter-alias');
    expect(made.results?.run_summary.outputs.train_data).toBe('data_directory');
    expect(await readFile(join(cli.folder, made.folder, 'data_directory/b.txt'), 'utf8')).toBe('two');
  });

  test('a save that changes nothing is a warning', async () => {
    await cli.write({ 'digits/train.py': train('pass') });
    const { run: made } = await run();
    expect(made.state).toBe('Successful');
    expect(made.warnings.map((warning) => warning.code)).toContain('save-no-change');
  });

  test('stray entries of the output are left out by name, and lose nothing else', async () => {
    const save =
      'open("model.txt", "w").write("m")\nos.symlink("/etc/passwd", "weights.pt")\nos.mkfifo("pipe")\nos.makedirs("__pycache__", exist_ok=True)\nopen("a:b", "w").write("x")\nos.makedirs("empty")';
    await cli.write({ 'digits/train.py': train('pass', save) });
    const { run: made } = await run();
    expect(made.state).toBe('Successful');
    const sealed = versionFileSchema.parse(
      JSON.parse(await readFile(join(cli.folder, '.training-pipelines/packages/digits/1.1/version.json'), 'utf8')),
    );
    expect(sealed.sealed.files.map((file) => file.path)).toEqual(['a:b', 'empty', 'model.txt', 'train.py']);
    const warned = made.warnings
      .filter((warning) => warning.code.startsWith('output'))
      .map((warning) => warning.message)
      .join('\n');
    for (const name of ['weights.pt', 'pipe', 'a:b']) expect(warned).toContain(name);
  });

  test('the dataset is found changed: the version stays, the seal says so, the files are named', async () => {
    if (engine === 'docker')
      await cli.write({
        'digits/train.py': train('print("started", flush=True)\ntime.sleep(2)', 'open("m", "w").write("x")'),
      });
    else
      await cli.write({
        'digits/train.py': train('print("started", flush=True)\ntime.sleep(2)', 'open("m", "w").write("x")'),
      });
    const started = cli.start('run', 'digits', '--dataset', 'data/d', '--json', ...engineArgs);
    await started.until('started');
    await writeFile(join(cli.folder, 'data/d/b.txt'), 'other');
    const made = runSchema.parse(JSON.parse((await started.answer).out));
    expect(made).toMatchObject({ state: 'Successful', version: '1.1' });
    expect(made.warnings.find((warning) => warning.code === 'dataset-changed')?.message).toContain('b.txt');
    const sealed = versionFileSchema.parse(
      JSON.parse(await readFile(join(cli.folder, '.training-pipelines/packages/digits/1.1/version.json'), 'utf8')),
    );
    expect(sealed.madeFrom?.dataset.changed).toBe(true);
  });

  test('secrets reach train.py and are shown nowhere', async () => {
    await cli.write({
      'digits/train.py': train(
        'print("token is", os.environ["TOKEN"], flush=True)\nraise RuntimeError(os.environ["TOKEN"])',
      ),
    });
    const secret = 'canary-93b1f0c7';
    const own = await CommandLine.make({ DOCKER_HOST: docker.host, TOKEN: secret });
    await own.write({ 'digits/train.py': await readFile(join(cli.folder, 'digits/train.py')), 'data/d/a': 'x' });
    const { code, out, err } = await own.run(
      'run',
      'digits',
      '--dataset',
      'data/d',
      '--secret',
      'TOKEN',
      '--json',
      ...engineArgs,
    );
    expect(code).toBe(1);
    expect(runSchema.parse(JSON.parse(out)).parameters['TOKEN']).toBe('***');
    expect(out + err).not.toContain(secret);
    expect(out + err).toContain('token is ***');
    // grep ends with 1 where it found nothing.
    const grep = spawnSync('grep', ['-rl', secret, own.folder], { encoding: 'utf8' });
    expect(grep).toMatchObject({ status: 1, stdout: '' });
    await own.remove();
  });

  test('a data folder of the package’s own moves the dataset aside', async () => {
    await cli.write({
      'digits/data/own.txt': 'own',
      'digits/train.py': train(
        'print(os.path.basename(data_directory), sorted(os.listdir("data")))',
        'open("m", "w").write("x")',
      ),
    });
    const { err } = await run();
    expect(err).toContain("data_directory ['own.txt']");
  });

  test('inside a run: no arguments, empty standard input, the package first on the path, spawn works', async () => {
    const body =
      'print("ARGS", sys.argv[1:], "IN", repr(sys.stdin.read()), "CWD", os.getcwd() == sys.path[0])\nimport multiprocessing\nwith multiprocessing.get_context("spawn").Pool(2) as pool: print("POOL", pool.map(abs, [-1, -2]))\nprint("NAMES", sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("__")))';
    await cli.write({ 'digits/train.py': train(body, 'open("m", "w").write("x")') });
    const { err, run: made } = await run();
    expect(made.cause).toBeNull();
    expect(err).toContain("ARGS [] IN '' CWD True");
    expect(err).toContain('POOL [1, 2]');
    expect(err).toContain('NAMES []');
  });

  test('outputs belong to the caller and files keep their executable bit', async () => {
    await cli.write({ 'digits/train.py': train('pass', 'open("run.sh", "w").write("#!")\nos.chmod("run.sh", 0o755)') });
    await run();
    const sealed = versionFileSchema.parse(
      JSON.parse(await readFile(join(cli.folder, '.training-pipelines/packages/digits/1.1/version.json'), 'utf8')),
    );
    expect(sealed.sealed.files.find((file) => file.path === 'run.sh')?.mode).toBe('755');
  });
});
