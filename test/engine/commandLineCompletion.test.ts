/** What shells offer for an argument: the scripts of `completion`, run by the shells themselves. */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { runSchema } from '../../runner/src/domain/run';
import { CommandLine, train } from '../support/commandLine';

const execute = promisify(execFile);
const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let cli: CommandLine;
let id: string;
beforeEach(async () => {
  cli = await CommandLine.make({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  await cli.write({
    'digits/train.py': train('pass', 'open("model.txt", "w").write("x")'),
    'data/d/a.txt': 'one',
    'bin/training-pipelines': `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`,
  });
  await chmod(join(cli.folder, 'bin/training-pipelines'), 0o755);
  const { document } = await cli.json('run', 'digits', '--dataset', 'data/d', '--engine', 'process');
  id = runSchema.parse(document).id;
});
afterEach(() => cli.remove());

async function inShell(shell: string, script: string, ...words: string[]): Promise<string[]> {
  const env = { ...process.env, PATH: [join(cli.folder, 'bin'), process.env.PATH].join(delimiter) };
  const args = shell === 'bash' ? ['-c', script, shell, ...words] : ['-c', script, ...words];
  const { stdout } = await execute(shell, args, { cwd: cli.folder, env });
  return stdout.split('\n').filter((line) => line !== '');
}

async function needs(context: TestContext, shell: string): Promise<void> {
  const isThere = await execute(shell, ['-c', 'true']).then(
    () => true,
    () => false,
  );
  context.skip(!isThere, `there is no ${shell} on this machine`);
}

test('bash is offered runs, versions and packages, of the store that the line names', async (context) => {
  await needs(context, 'bash');
  await cli.write({ 'completion.bash': (await cli.run('completion', 'bash')).out });
  const script =
    'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _training_pipelines; printf "%s\\n" "${COMPREPLY[@]}"';
  const offered = (...words: string[]): Promise<string[]> => inShell('bash', script, 'training-pipelines', ...words);
  expect(await offered('logs', id.slice(0, 4))).toEqual([id]);
  expect(await offered('stop', '')).toEqual([]);
  expect(await offered('delete', '')).toEqual(['digits@1.1', 'digits@1.0', id]);
  expect(await offered('verify', 'digits@1.1')).toEqual(['digits@1.1']);
  expect(await offered('run', 'd')).toEqual(['digits', 'digits', 'data']);
  expect(await offered('--store', 'elsewhere', 'logs', '')).toEqual([]);
  expect(await offered('runs', '')).toEqual([]);
});

test('fish is offered them with what they are', async (context) => {
  await needs(context, 'fish');
  await cli.write({ 'completion.fish': (await cli.run('completion', 'fish')).out });
  const script = 'source completion.fish; complete -C "training-pipelines $argv"';
  expect(await inShell('fish', script, 'logs ')).toEqual([`${id}\tdigits 1.0 → 1.1, Successful`]);
  expect(await inShell('fish', script, 'export digits@')).toEqual([
    'digits@1.0\tpublished',
    'digits@1.1\ttrained from 1.0',
  ]);
});
