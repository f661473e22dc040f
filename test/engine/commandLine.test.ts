/** Everything else that scripts rely on, tried from outside: documents, exit codes, error codes. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorSchema } from '../../runner/src/domain/documents';
import { enginesSchema } from '../../runner/src/domain/engineFacts';
import { findingsSchema } from '../../runner/src/domain/finding';
import { runSchema, runsSchema } from '../../runner/src/domain/run';
import {
  deletedSchema,
  exportedSchema,
  importedSchema,
  publishedSchema,
  verifiedSchema,
  versionsSchema,
} from '../../runner/src/domain/version';
import { CommandLine, train } from '../support/commandLine';

const saving = train(
  'self.n = len(os.listdir(data_directory))\nprint("seen", self.n)',
  'open("model.txt", "w").write(str(self.n))',
);

describe('without a run', () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await CommandLine.make({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    await cli.write({ 'digits/train.py': saving, 'data/d/a.txt': 'one' });
  });
  afterEach(() => cli.remove());

  const refused = async (code: string, exit: number, ...args: string[]): Promise<void> => {
    const { code: found, document } = await cli.json(...args);
    expect(errorSchema.parse(document).error.code).toBe(code);
    expect(found).toBe(exit);
    const plain = await cli.run(...args);
    expect(plain).toMatchObject({ code: exit, out: '' });
    expect(plain.err).toMatch(/^error: /m);
  };
  const start = ['run', 'digits', '--dataset', 'data/d', '--engine', 'process'];

  test.each<[string, string, number, string[]]>([
    ['an unknown command', 'usage', 2, ['bogus']],
    ['an unknown option', 'usage', 2, ['runs', '--bogus']],
    ['a run without a dataset', 'usage', 2, ['run', 'digits']],
    ['a dataset that is not there', 'dataset-missing', 2, ['run', 'digits', '--dataset', 'nope']],
    ['a dataset that is a file', 'dataset-missing', 2, ['run', 'digits', '--dataset', 'data/d/a.txt']],
    ['a dataset that holds the workspace', 'dataset-refused', 2, ['run', 'digits', '--dataset', '..']],
    ['the workspace as dataset', 'dataset-refused', 2, ['run', 'digits', '--dataset', '.']],
    ['the root as dataset', 'dataset-refused', 2, ['run', 'digits', '--dataset', '/']],
    ['the system’s settings as dataset', 'dataset-refused', 2, ['run', 'digits', '--dataset', '/etc']],
    ['a package that is not there', 'package-invalid', 2, ['run', 'nope', '--dataset', 'data/d']],
    ['a version that is not there', 'version-missing', 2, [...start, '--from', '7.0']],
    ['an unknown engine', 'usage', 2, ['run', 'digits', '--dataset', 'data/d', '--engine', 'mars']],
    ['an unknown pipeline', 'usage', 2, ['run', '--pipeline', 'x']],
    ['a parameter without =', 'usage', 2, [...start, '--env', 'x']],
    ['a parameter’s name with a space', 'parameter-invalid', 2, [...start, '--env', 'a b=1']],
    ['a reserved parameter', 'parameter-invalid', 2, [...start, '--env', 'TRAINING_PIPELINES_X=1']],
    ['save_training_data that is no flag', 'parameter-invalid', 2, [...start, '--env', 'save_training_data=yes']],
    ['an empty artifacts directory', 'parameter-invalid', 2, [...start, '--env', 'artifacts_directory=']],
    ['the root as artifacts directory', 'parameter-invalid', 2, [...start, '--env', 'artifacts_directory=/']],
    ['a parent as artifacts directory', 'parameter-invalid', 2, [...start, '--env', 'artifacts_directory=..']],
    ['a way out as artifacts directory', 'parameter-invalid', 2, [...start, '--env', 'artifacts_directory=a/../../b']],
    ['a secret without a value', 'parameter-invalid', 2, [...start, '--secret', 'NOT_SET_ANYWHERE']],
    ['a memory limit that is none', 'usage', 2, [...start, '--memory', 'much']],
    ['a time limit that is none', 'usage', 2, [...start, '--timeout', 'soon']],
    ['GPUs that are none', 'usage', 2, [...start, '--gpu', 'two!']],
    ['a GPU where there is none', 'gpu-unavailable', 3, [...start, '--gpu', 'all']],
    [
      'an engine that does not answer',
      'engine-unreachable',
      3,
      ['run', 'digits', '--dataset', 'data/d', '--engine', 'docker'],
    ],
    ['a run that is not there', 'run-missing', 2, ['show', 'nope']],
    ['attach without a run', 'run-missing', 2, ['attach']],
    ['a version to show that is not there', 'version-missing', 2, ['show', 'digits@9.9']],
    ['a file that is no zip', 'archive-refused', 2, ['import', 'digits/train.py']],
    ['check of a folder without train.py', 'package-invalid', 2, ['check', 'data']],
    ['prune without a number', 'usage', 2, ['prune', '--keep', 'few']],
  ])('%s: %s, exit %i', async (_, code, exit, args) => refused(code, exit, ...args));

  test('what the contract check is sure of refuses the run, and --no-check runs it all the same', async () => {
    await cli.write({ 'digits/train.py': 'class Main:\n    def train(self, data): pass\n' });
    await refused('package-invalid', 2, ...start);
    const { document } = await cli.json(...start, '--no-check');
    expect(runSchema.parse(document).cause?.kind).toBe('contract');
    const { code, document: findings } = await cli.json('check');
    expect(code).toBe(1);
    expect(findingsSchema.parse(findings).findings.map((finding) => [finding.code, finding.file])).toEqual([
      ['save-missing', 'digits/train.py'],
    ]);
    const sarif = JSON.parse((await cli.run('check', '--format', 'sarif')).out) as { version: string };
    expect(sarif.version).toBe('2.1.0');
  });

  test('publish, export, verify, import, delete', async () => {
    const first = publishedSchema.parse((await cli.json('publish', 'digits')).document);
    expect(first).toMatchObject({
      package: 'digits',
      version: '1.0',
      created: true,
      path: '.training-pipelines/packages/digits/1.0/digits.zip',
    });
    expect(publishedSchema.parse((await cli.json('publish', 'digits')).document)).toMatchObject({
      version: '1.0',
      created: false,
    });
    const exported = exportedSchema.parse((await cli.json('export', 'digits@1.0', 'out/x.zip', '--record')).document);
    expect(exported).toMatchObject({ path: 'out/x.zip', contentHash: first.contentHash });
    await refused('file-exists', 2, 'export', 'digits@1.0', 'out/x.zip');
    expect((await cli.json('export', 'digits@1.0', 'out/x.zip', '--force')).code).toBe(0);
    expect(importedSchema.parse((await cli.json('import', 'out/x.zip')).document)).toMatchObject({
      package: 'digits',
      version: '1.0',
    });
    expect(verifiedSchema.parse((await cli.json('verify')).document)).toEqual({ ok: true, checked: 1, problems: [] });
    const zip = join(cli.folder, first.path);
    const bytes = await readFile(zip);
    await chmod(zip, 0o644);
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 0xff;
    await writeFile(zip, bytes);
    const { code, document } = await cli.json('verify', 'digits@1.0');
    expect(code).toBe(1);
    expect(verifiedSchema.parse(document).problems[0]?.version).toBe('digits@1.0');
    expect(deletedSchema.parse((await cli.json('delete', 'digits@1.0')).document).deleted).toEqual(['digits@1.0']);
    await cli.write({ 'digits/train.py': `${saving}#\n` });
    expect(publishedSchema.parse((await cli.json('publish', 'digits')).document).version).toBe('2.0');
  });

  test('two folders cannot share a name, in whatever case', async () => {
    await cli.json('publish', 'digits');
    await cli.write({ 'other/Digits/train.py': saving });
    await refused('package-name-taken', 2, 'publish', 'other/Digits');
    expect((await cli.json('publish', 'other/Digits', '--name', 'second')).code).toBe(0);
    expect(publishedSchema.parse((await cli.json('publish', 'other/Digits')).document)).toMatchObject({
      package: 'second',
      created: false,
    });
  });

  test('delete is all or nothing and spares what a kept version came from; prune keeps the newest', async () => {
    for (let i = 0; i < 3; i++) expect((await cli.json(...start)).code).toBe(0);
    await refused('version-in-use', 2, 'delete', 'digits@1.0');
    await refused('version-missing', 2, 'delete', 'digits@1.3', 'digits@9.9');
    expect((await cli.json('show', 'digits@1.3')).code).toBe(0);
    const { document } = await cli.json('prune', '--keep', '1');
    expect(deletedSchema.parse(document).deleted).toHaveLength(4);
    expect(
      versionsSchema.parse((await cli.json('versions')).document).versions.map((version) => version.version),
    ).toEqual(['1.3', '1.0']);
    expect(runsSchema.parse((await cli.json('runs')).document).runs).toHaveLength(1);
    expect((await cli.json('delete', 'digits@1.3')).code).toBe(0);
    expect(runSchema.parse((await cli.json(...start)).document).version).toBe('1.4');
  });

  test('engines tells of both, and of what is wrong with one', async () => {
    const { code, document } = await cli.json('engines');
    expect(code).toBe(0);
    const { engines } = enginesSchema.parse(document);
    expect(engines.map((engine) => [engine.name, engine.state])).toEqual([
      ['docker', 'unreachable'],
      ['process', 'ready'],
    ]);
  });

  test('where no Docker answers the local Python runs, and says so', async () => {
    const { document } = await cli.json('run', 'digits', '--dataset', 'data/d');
    const made = runSchema.parse(document);
    expect(made).toMatchObject({ engine: 'process', image: null, state: 'Successful' });
    expect(made.warnings.map((warning) => warning.code)).toEqual(
      expect.arrayContaining(['no-isolation', 'engine-fallback']),
    );
  });

  test('a pipeline of the configuration file, which may hold comments', async () => {
    await cli.write({
      '.vscode/training-pipelines.json':
        '{ // mine\n "pipelines": [{ "name": "p", "package": "digits", "dataset": "data/d", "engine": "process", "parameters": { "epochs": "3" }, }] }',
    });
    const made = runSchema.parse((await cli.json('run', '--pipeline', 'p', '--env', 'epochs=4')).document);
    expect(made).toMatchObject({ pipeline: 'p', parameters: { epochs: '4' } });
  });

  test('the workspace is found upwards, and paths given are relative to the current folder', async () => {
    await mkdir(join(cli.folder, '.vscode'));
    await writeFile(join(cli.folder, '.vscode/training-pipelines.json'), '{}');
    const { document } = await cli.json('publish', join(cli.folder, 'digits'), '--workspace', cli.folder);
    expect(publishedSchema.parse(document).path).toBe('.training-pipelines/packages/digits/1.0/digits.zip');
  });

  test('a link in a package that leads out is refused before anything is written', async () => {
    await symlink('/etc/passwd', join(cli.folder, 'digits/l'));
    await refused('package-invalid', 2, 'publish', 'digits');
    await refused('package-invalid', 2, ...start);
  });

  test('help teaches, and every command has an example', async () => {
    const { code, out } = await cli.run('--help');
    expect(code).toBe(0);
    const names = [...out.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? '');
    expect(names).toEqual(
      expect.arrayContaining([
        'check',
        'publish',
        'run',
        'runs',
        'versions',
        'show',
        'logs',
        'stop',
        'attach',
        'export',
        'import',
        'verify',
        'delete',
        'prune',
        'engines',
      ]),
    );
    for (const name of ['run', 'logs', 'prune']) expect((await cli.run(name, '--help')).out).toContain('Example:');
    for (const shell of ['bash', 'zsh', 'fish', 'powershell'])
      expect((await cli.run('completion', shell)).out).toContain('training-pipelines');
  });
});
