/** Input that is odd but real: each is refused by its code, or taken as the user meant it. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, cp, mkdir, open, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, type TestContext } from 'vitest';
import { errorSchema } from '../../runner/src/domain/documents';
import { runSchema, type Run } from '../../runner/src/domain/run';
import {
  exportedSchema,
  importedSchema,
  publishedSchema,
  verifiedSchema,
  versionsSchema,
} from '../../runner/src/domain/version';
import type { Progress } from '../../runner/src/engine/engine';
import { openRunner } from '../../runner/src/openRunner';
import type { Runner } from '../../runner/src/runner';
import { CommandLine, train } from '../support/commandLine';
import { file, ok, withTrain, zip } from '../support/zipBytes';

const saving = train('pass', 'open("model.txt", "w").write("x")');
const start = ['run', 'digits', '--dataset', 'data/d', '--engine', 'process'];

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.make({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  await cli.write({ 'digits/train.py': saving, 'data/d/a.txt': 'one' });
});
afterEach(() => cli.remove());

const refused = async (code: string, ...args: string[]): Promise<string> => {
  const { document, code: exit } = await cli.json(...args);
  const { error } = errorSchema.parse(document);
  expect([error.code, exit]).toEqual([code, 2]);
  return `${error.message} ${error.hint}`;
};
const run = async (...args: string[]): Promise<Run> => runSchema.parse((await cli.json(...start, ...args)).document);
const nameOf = async (...args: string[]): Promise<string> =>
  publishedSchema.parse((await cli.json('publish', ...args)).document).package;

const execute = promisify(execFile);
const dist = fileURLToPath(new URL('../../dist', import.meta.url));
async function openedRunner(workspace: string): Promise<Runner> {
  const say = (): void => undefined;
  const log = { trace: say, debug: say, info: say, warn: say, error: say };
  return (await openRunner({ workspace, environment: process.env, distFolder: dist, log })).runner;
}

describe('the store', () => {
  test('cannot be a file, nor lie below one', async () => {
    await refused('usage', 'runs', '--store', 'digits/train.py');
    await refused('usage', 'publish', 'digits', '--store', 'digits/train.py/store');
    expect((await cli.json('runs', '--store', 'not/yet/there')).document).toEqual({ runs: [] });
  });
});

describe('the artifacts directory', () => {
  const refuse = (value: string, ...more: string[]): Promise<string> =>
    refused('parameter-invalid', ...start, '--env', `artifacts_directory=${value}`, ...more);

  test('cannot lie below a file of the package, have a name that is too long, or hold ".."', async () => {
    await refuse('train.py/out');
    await refuse('a'.repeat(256));
    expect(await refuse('a/../b')).not.toContain('leaves');
  });

  test('cannot be a folder of the version that the run starts from, wherever that came from', async () => {
    await cli.write({ 'digits/Out/x.txt': '1' });
    await cli.json('publish', 'digits');
    await rm(join(cli.folder, 'digits/Out'), { recursive: true });
    await refuse('out', '--from', '1.0');
  });

  test('can be a folder beside the package that is not published', async () => {
    await cli.write({ 'digits/out/x.txt': '1', 'digits/.pipelineignore': 'out\n' });
    const made = await run('--env', 'artifacts_directory=out');
    expect(made.state).toBe('Successful');
  });

  test('may be called data: the dataset is then mounted beside it', async () => {
    const body =
      'print(os.path.basename(data_directory))\nopen(os.path.join(os.environ["artifacts_directory"], "m"), "w")';
    await cli.write({ 'digits/train.py': train(body) });
    const made = await run('--env', 'artifacts_directory=data/mine');
    expect(made).toMatchObject({
      state: 'Successful',
      results: { run_summary: { outputs: { artifacts_data: 'artifacts' } } },
    });
    expect((await cli.run('logs', made.id)).out).toBe('data_directory\n');
  });
});

describe('the configuration file', () => {
  const pipelines = [
    { name: 'good', package: 'digits', dataset: 'data/d', engine: 'process' },
    { name: 'number', package: 'digits', dataset: 'data/d', parameters: { epochs: 3 } },
    { name: 'long', package: 'digits', dataset: 'data/d', parameters: { text: 'x'.repeat(200_000) } },
  ];

  test('with a mistake in one pipeline keeps nothing else from running', async () => {
    await cli.write({ '.vscode/training-pipelines.json': `\uFEFF${JSON.stringify({ pipelines })}` });
    expect((await cli.json('run', '--pipeline', 'good')).code).toBe(0);
    expect((await cli.json(...start)).code).toBe(0);
    expect(await refused('usage', 'run', '--pipeline', 'number')).toContain('pipelines.1.parameters.epochs');
  });

  test('can ask for a value that no environment variable can hold, which is refused', async () => {
    await cli.write({ '.vscode/training-pipelines.json': JSON.stringify({ pipelines }) });
    expect(await refused('parameter-invalid', 'run', '--pipeline', 'long')).toContain('128 KiB');
  });

  test('can ask for more parameters than a process can be given, which is no fault of the code', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, 'x'.repeat(100_000)]));
    const many = { name: 'many', package: 'digits', dataset: 'data/d', engine: 'process', parameters };
    await cli.write({ '.vscode/training-pipelines.json': JSON.stringify({ pipelines: [many] }) });
    const { code, document } = await cli.json('run', '--pipeline', 'many');
    expect(code).toBe(3);
    const { cause } = runSchema.parse(document);
    expect(cause?.kind).toBe('engine');
    expect(cause?.hint).toContain('too long');
  });
});

describe('a folder with several names', () => {
  test('goes by the one that it took last', async () => {
    expect(await nameOf('digits')).toBe('digits');
    expect(await nameOf('digits', '--name', 'ziffern')).toBe('ziffern');
    expect(await nameOf('digits')).toBe('ziffern');
    expect((await run()).package).toBe('ziffern');
    expect(await nameOf('digits', '--name', 'digits')).toBe('digits');
    expect(await nameOf('digits')).toBe('digits');
    const { versions } = versionsSchema.parse((await cli.json('versions')).document);
    expect(versions.map(({ package: name, version }) => `${name}@${version}`)).toEqual([
      'digits@1.0',
      'ziffern@1.1',
      'ziffern@1.0',
    ]);
  });
});

test('a run of a folder whose name will not do says how to give it one: --name of run is that of the run', async () => {
  await cli.write({ 'my digits/train.py': saving });
  const args = ['run', 'my digits', '--dataset', 'data/d', '--engine', 'process'];
  expect(await refused('package-invalid', ...args, '--name', 'digits')).toContain('publish --name');
  expect(await nameOf('my digits', '--name', 'mine')).toBe('mine');
  expect((await cli.json(...args)).code).toBe(0);
});

describe('files', () => {
  test('an export to a path that ends with a slash goes into that folder', async () => {
    await cli.json('publish', 'digits');
    const { document } = await cli.json('export', 'digits@1.0', 'new/folder/');
    expect(exportedSchema.parse(document).path).toBe('new/folder/digits-1.0.zip');
    expect((await stat(join(cli.folder, 'new/folder'))).isDirectory()).toBe(true);
  });

  test('an export to where nothing can be written says why', async () => {
    await cli.json('publish', 'digits');
    expect(await refused('usage', 'export', 'digits@1.0', 'digits/train.py/x.zip')).toContain(
      'a part of the path is a file',
    );
    await rm(join(cli.folder, '.training-pipelines/packages/digits/1.0/digits.zip'));
    const { code, document } = await cli.json('export', 'digits@1.0', 'x.zip');
    expect([errorSchema.parse(document).error.code, code]).toEqual(['store-damaged', 3]);
  });

  test('an import of a folder says what takes in folders', async () => {
    expect(await refused('archive-refused', 'import', 'digits')).toContain('publish');
  });

  test('a dataset of links names the first and counts the others; absolute links are told of', async () => {
    for (let i = 0; i < 30; i++) await symlink('/etc/hostname', join(cli.folder, `data/d/l${i}`));
    const links = async (dataset: string): Promise<string[]> => {
      const made = runSchema.parse(
        (await cli.json('run', 'digits', '--dataset', dataset, '--engine', 'process')).document,
      );
      return made.warnings.filter(({ code }) => code === 'dataset-link').map(({ message }) => message);
    };
    const said = await links('data/d');
    expect(said).toHaveLength(21);
    expect(said.at(-1)).toContain('10 more entries');
    await mkdir(join(cli.folder, 'data/e'));
    await cli.write({ 'data/e/a.txt': '1' });
    await symlink(join(cli.folder, 'data/e/a.txt'), join(cli.folder, 'data/e/b.txt'));
    expect(await links('data/e')).toEqual([expect.stringContaining('absolute path')]);
  });
});

test('output that cannot be written is told in a sentence, with an exit code that is not training’s', async () => {
  const full = await open('/dev/full', 'w');
  const args = [join(dist, 'cli.js'), 'runs', '--json', '--workspace', cli.folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', full.fd, 'pipe'] });
  const told: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => told.push(text));
  const [code] = (await once(child, 'close')) as [number];
  await full.close();
  expect([code, told.join('')]).toEqual([
    3,
    expect.stringMatching(/^error: The output can't be written: ENOSPC[^\n]*\n$/),
  ]);
});

describe('files that the user may not read', () => {
  /** Root may read everything, so there the program runs as somebody else, from a copy that they can reach. */
  const asSomebody = async (context: TestContext, ...args: string[]): Promise<[number, unknown]> => {
    const isRoot = process.getuid?.() === 0;
    const somebody = isRoot ? { uid: 65534, gid: 65534 } : {};
    const program = isRoot ? join(cli.folder, 'dist') : dist;
    if (isRoot) {
      await cp(dist, program, { recursive: true });
      await chmod(cli.folder, 0o777);
    }
    const env = { PATH: process.env.PATH, DOCKER_HOST: 'unix:///nonexistent/docker.sock', HOME: cli.folder };
    const options = { cwd: cli.folder, env, ...somebody };
    const canRun = await execute(process.execPath, ['--version'], options).then(
      () => true,
      () => false,
    );
    context.skip(!canRun, 'another user cannot run the Node.js of this machine');
    return execute(process.execPath, [join(program, 'cli.js'), ...args, '--json'], options).then(
      ({ stdout }) => [0, JSON.parse(stdout)],
      (error: { code: number; stdout: string }) => [error.code, JSON.parse(error.stdout)],
    );
  };

  test('a dataset is refused where it is such a folder, and named where it holds such a file', async (context) => {
    await chmod(join(cli.folder, 'data/d/a.txt'), 0);
    const [code, document] = await asSomebody(context, ...start);
    const { cause } = runSchema.parse(document);
    expect(code).toBe(3);
    expect(cause).toMatchObject({
      kind: 'engine',
      message: expect.stringContaining('data/d/a.txt: you have no permission') as string,
    });
    await chmod(join(cli.folder, 'data/d'), 0);
    const [second, refusal] = await asSomebody(context, ...start);
    expect([second, errorSchema.parse(refusal).error.code]).toEqual([2, 'dataset-refused']);
    await chmod(join(cli.folder, 'data/d'), 0o755);
  });

  test('a train.py is no train.py without problems', async (context) => {
    await chmod(join(cli.folder, 'digits/train.py'), 0);
    const [code, refusal] = await asSomebody(context, 'check', 'digits');
    expect([code, errorSchema.parse(refusal).error.code]).toEqual([2, 'package-invalid']);
  });
});

test('-h is --help', async () => {
  expect(await cli.run('run', '-h')).toEqual(await cli.run('run', '--help'));
});

describe('import', () => {
  test('shows what the contract check finds, and takes the package in all the same', async () => {
    await cli.write({
      'broken.zip': zip([{ name: 'digits/train.py', data: 'class Main:\n    def train(self, d: pass\n' }]),
    });
    const imported = importedSchema.parse((await cli.json('import', 'broken.zip')).document);
    expect(imported).toMatchObject({ package: 'digits', version: '1.0' });
    expect(imported.warnings.map(({ code, message }) => `${code} ${message.split(':')[0]}`)).toEqual([
      'syntax train.py',
    ]);
  });

  test('says what to do about a name, a size and a count', async () => {
    await cli.write({
      'device.zip': withTrain(file('digits/CON')),
      'plain.zip': withTrain(),
      'My Digits.zip': zip([file('train.py')]),
    });
    expect(await refused('archive-refused', 'import', 'device.zip')).toContain('--any-name');
    expect(await refused('archive-refused', 'import', 'My Digits.zip')).toContain('Rename the archive');
    expect(await refused('archive-refused', 'import', 'device.zip', '--max-entries', '1')).toContain(
      '--max-entries COUNT',
    );
    expect(await refused('archive-refused', 'import', 'plain.zip', '--max-bytes', '1')).toContain('--max-bytes SIZE');
  });

  test('and verify say how much they have read', async () => {
    await cli.write({ 'digits.zip': zip([ok, file('digits/big.bin', { data: randomBytes(3_000_000) })]) });
    const runner = await openedRunner(cli.folder);
    const steps: Progress[] = [];
    await runner.import(join(cli.folder, 'digits.zip'), {}, (step) => steps.push(step));
    expect(steps.filter(({ text }) => text === 'unpacking').at(-1)).toMatchObject({ unit: 'bytes', total: 3_000_017 });
    steps.length = 0;
    await runner.verify('digits@1.0', (step) => steps.push(step));
    const last = steps.at(-1);
    expect(last).toMatchObject({ text: 'verifying digits@1.0', unit: 'bytes' });
    expect(last?.done).toBe(last?.total);
  });
});

test('--json is one document, whatever --format says', async () => {
  for (const format of ['text', 'json']) {
    const { document } = await cli.json('check', 'digits', '--format', format);
    expect(document).toEqual({ findings: [] });
  }
  expect((await cli.json('check', 'digits', '--format', 'sarif')).document).toHaveProperty('version', '2.1.0');
});

test('a train.py that .pipelineignore leaves out is not said to be missing', async () => {
  await cli.write({ 'digits/.pipelineignore': '*.py\n' });
  expect(await refused('package-invalid', 'publish', 'digits')).toContain('left out by .pipelineignore');
});

test('in a sub-folder of a package that package is meant', async () => {
  await cli.write({ 'words/train.py': saving, 'words/deep/er/x.txt': '', '.vscode/training-pipelines.json': '{}' });
  const inside = (folder: string) =>
    execute(process.execPath, [join(dist, 'cli.js'), 'publish', '--json'], { cwd: join(cli.folder, folder) });
  expect(publishedSchema.parse(JSON.parse((await inside('words/deep/er')).stdout)).package).toBe('words');
  await expect(inside('data/d')).rejects.toMatchObject({ code: 2 });
});

describe('verify', () => {
  const seal = '.training-pipelines/packages/digits/1.0/version.json';
  const verify = async (): Promise<[number | null, string[]]> => {
    const { code, document } = await cli.json('verify');
    const { problems } = verifiedSchema.parse(document);
    return [code, problems.map(({ version, path, found }) => `${version} ${path}: ${found}`)];
  };

  test.each<[string, string | undefined, string]>([
    ['is gone', undefined, 'nothing'],
    ['is no seal', '{"schema": 1', 'a file that is no seal'],
  ])('names a seal that %s, also after other commands made it anew', async (_, text, found) => {
    await cli.json('publish', 'digits');
    if (text === undefined) await rm(join(cli.folder, seal));
    else await cli.write({ [seal]: text });
    expect(await verify()).toEqual([1, [`digits@1.0 version.json: ${found}`]]);
    expect((await cli.json('show', 'digits@1.0')).code).toBe(0);
    expect(await verify()).toEqual([1, ['digits@1.0 version.json: a seal that was made anew from the zip']]);
  });

  test('names a seal of another version, which nobody is shown', async () => {
    await cli.json('publish', 'digits');
    const text = await readFile(join(cli.folder, seal), 'utf8');
    await cli.write({ [seal]: text.replace('"version": "1.0"', '"version": "7.7"') });
    expect(await verify()).toEqual([1, ['digits@1.0 version.json: the seal of digits 7.7']]);
    expect((await cli.json('show', 'digits@1.0')).document).toMatchObject({ version: '1.0' });
  });

  test('names a zip that is gone', async () => {
    await cli.json('publish', 'digits');
    await rm(join(cli.folder, '.training-pipelines/packages/digits/1.0/digits.zip'));
    expect(await verify()).toEqual([1, ['digits@1.0 digits.zip: nothing']]);
  });
});
