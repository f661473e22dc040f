/** Datasets that lie on the engine's own machine. */
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashDataset } from '../../runner/src/archive/dataset';
import { errorSchema } from '../../runner/src/domain/documents';
import { runSchema } from '../../runner/src/domain/run';
import { CommandLine, train } from '../support/commandLine';
import { startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { makeFiles } from '../support/localRun';

let engine: TestEngine;
let cli: CommandLine;
let there: string;
beforeAll(async () => {
  engine = await startEngine();
  there = await mkdtemp(join(tmpdir(), 'on-engine-'));
  await chmod(there, 0o755);
  await makeFiles(join(there, 'd'), { 'a.csv': '1,2\n', 'sub/ünï \n.txt': '', 'sub/tool': '#!' });
  await chmod(join(there, 'd/sub/tool'), 0o755);
  await symlink('a.csv', join(there, 'd/link'));
  await symlink('/etc', join(there, 'to-etc'));
  cli = await CommandLine.make({ DOCKER_HOST: engine.host });
  await cli.write({
    'digits/train.py': train('print(sorted(os.listdir(data_directory)))', 'open("m.txt", "w").write("m")'),
    '.vscode/training-pipelines.json': JSON.stringify({
      packages: {},
      pipelines: [{ name: 'far', package: 'digits', dataset: `engine:${there}/d`, engine: 'docker' }],
    }),
  });
}, 600_000);
afterAll(async () => {
  await cli.remove();
  await engine.stop();
  await rm(there, { recursive: true, force: true });
});

const run = (dataset: string, name = 'docker') =>
  cli.json('run', 'digits', '--dataset', dataset, '--engine', name, '--image', testImage);

test('are mounted where they are, and have the tree hash that they would have here', async () => {
  const { code, document } = await run(`engine:${there}/d`);
  const made = runSchema.parse(document);
  const { tree, files, bytes } = await hashDataset(join(there, 'd'));
  expect([code, made.dataset]).toEqual([0, { path: `engine:${there}/d`, tree, files, bytes }]);
  expect(made.results?.parameters.inputs.train_data).toBe(`engine:${there}/d`);
  expect((await cli.run('logs', made.id)).out).toBe("['a.csv', 'link', 'sub']\n");
});

test.each([
  ['a path that is not absolute', 'engine:data', 'docker', 'usage'],
  ['the root', 'engine:/', 'docker', 'dataset-refused'],
  ['a sensitive place', 'engine:/etc/ssh', 'docker', 'dataset-refused'],
  ['a way around to one', 'engine:/var/../etc', 'docker', 'dataset-refused'],
  ['keys in a home', 'engine:/home/me/.ssh', 'docker', 'dataset-refused'],
  ['an engine that is this machine', 'engine:/data', 'process', 'usage'],
])('refuse %s before there is a run', async (_, dataset, name, wanted) => {
  const { code, document } = await run(dataset, name);
  expect([code, errorSchema.parse(document).error.code]).toEqual([2, wanted]);
});

test('that are links to sensitive places, or not there, end the run before training', async () => {
  const linked = runSchema.parse((await run(`engine:${there}/to-etc`)).document);
  expect(linked).toMatchObject({
    state: 'Failed',
    cause: { kind: 'engine', message: expect.stringContaining('/etc') },
  });
  const missing = runSchema.parse((await run(`engine:${there}/none`)).document);
  expect(missing.cause?.message).toContain("can't be read on docker: there is no such folder");
});

test('are not mounted because a workspace says so', async () => {
  const { code, document } = await cli.json('run', '--pipeline', 'far', '--image', testImage);
  expect([code, errorSchema.parse(document).error.code]).toEqual([2, 'dataset-refused']);
});
