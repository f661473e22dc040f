/** Runs that are killed under way, and what must hold once somebody has come back to them. */
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { labels } from '../../runner/src/engine/docker/labels';
import { runSchema, runsSchema, type Run } from '../../runner/src/domain/run';
import { versionFileSchema } from '../../runner/src/domain/version';
import { openStore } from '../../runner/src/store/openStore';
import { CommandLine, train } from './commandLine';
import { expectOk } from './engine/api.mjs';

/** Training that says a line now and then, with bytes that are no text, and leaves files. */
export const steady = (lines = 30, pause = 0.01): string =>
  train(
    `for i in range(${lines}):
    sys.stdout.buffer.write(b"line %d \\xff\\r%s\\n" % (i, b"x" * (i * 37 % 400)))
    sys.stdout.flush()
    time.sleep(${pause})
open(os.environ["artifacts_directory"] + "/curve.csv", "w").write("1,2")`,
    'open("model.bin", "wb").write(bytes(range(256)) * 100)',
  );

export const place = {
  store: (cli: CommandLine): string => join(cli.folder, '.training-pipelines'),
  version: (cli: CommandLine, version: string): string =>
    join(cli.folder, '.training-pipelines', 'packages', 'digits', version),
};

export async function makeWorkspace(host: string, trainPy = steady()): Promise<CommandLine> {
  const cli = await CommandLine.make({ DOCKER_HOST: host });
  await cli.write({ 'digits/train.py': trainPy, 'data/d/a.csv': '1,2\n' });
  return cli;
}

/** What an undisturbed run gives, and every disturbed one must give too. */
export interface Outcome {
  readonly version: string;
  readonly contentHash: string;
  readonly zip: string;
  readonly log: string;
  readonly artifacts: string;
}

export async function outcomeOf(cli: CommandLine, run: Run): Promise<Outcome> {
  const folder = join(place.store(cli), 'runs', run.id);
  const file = join(place.version(cli, run.version), 'version.json');
  const { sealed } = versionFileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const zip = await readFile(join(place.version(cli, run.version), 'digits.zip'));
  expect(sealed.zip).toBe(`sha256:${createHash('sha256').update(zip).digest('hex')}`);
  return {
    version: run.version,
    contentHash: sealed.tree,
    zip: sealed.zip,
    log: await logOf(cli, run),
    artifacts: await readFile(join(folder, 'artifacts', 'curve.csv'), 'utf8'),
  };
}

/** Numbers of the lines in order, and a digest of all bytes: short enough to be read where they differ. */
export async function logOf(cli: CommandLine, run: Run): Promise<string> {
  const text = await readFile(join(place.store(cli), 'runs', run.id, 'log.txt'), 'latin1');
  const numbers = [...text.matchAll(/^line (\d+) /gm)].map(([, number]) => number);
  return `${numbers.join(' ')} ${createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 12)}`;
}

export async function runsOf(cli: CommandLine): Promise<readonly Run[]> {
  return runsSchema.parse((await cli.json('runs')).document).runs;
}

export async function attached(cli: CommandLine, id: string): Promise<{ code: number | null; run: Run }> {
  const { code, document } = await cli.json('attach', id, '--quiet');
  return { code, run: runSchema.parse(document) };
}

/** Names of the containers that this store's runs have, those of others left out. */
export async function containersOf(host: string, cli: CommandLine): Promise<string[]> {
  const own = await installationOf(cli);
  if (own === undefined) return [];
  const filters = encodeURIComponent(JSON.stringify({ label: [`${labels.installation}=${own}`] }));
  const found = (await expectOk(host, 'GET', `/containers/json?all=1&filters=${filters}`)) as { Names: string[] }[];
  return found.map(({ Names }) => Names[0] ?? '');
}

export async function volumesOf(host: string, cli: CommandLine): Promise<string[]> {
  const own = await installationOf(cli);
  const { Volumes } = (await expectOk(host, 'GET', '/volumes')) as {
    Volumes: { Name: string; Labels: Record<string, string> | null }[] | null;
  };
  return (Volumes ?? []).filter(({ Labels }) => Labels?.[labels.installation] === own).map(({ Name }) => Name);
}

const installationOf = (cli: CommandLine): Promise<string | undefined> =>
  readFile(join(place.store(cli), 'installation'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

/**
 * What is left in the store besides documents and versions, once the next process has written to it some minutes later:
 * what was made just now may be somebody's.
 */
export async function leftInStore(cli: CommandLine): Promise<string[]> {
  const folder = place.store(cli);
  const later = openStore({ folder, workspace: cli.folder, now: () => Date.now() + 300_000 });
  await (await later.staging()).remove();
  for (const { name } of await later.versions.packages()) {
    const number = await later.versions.reserve(name, '1.0', 'nobody');
    await later.versions.release(name, number, 'nobody');
  }
  const names = await readdir(folder, { recursive: true });
  const unwanted = [/\.tmp$/, /\.damaged-/, /^staging\/./, /^runs\/[^/]+\/(work|collected)(\/|$)/];
  return names.filter((name) => unwanted.some((pattern) => pattern.test(name)));
}

/** Processes that have a file of the workspace as a word of their command or as their folder. */
export async function processesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (words.includes(folder) || cwd.startsWith(folder)) found.push(words.replaceAll('\0', ' '));
  }
  return found;
}
