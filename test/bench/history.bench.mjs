/**
 * A history of 10,000 runs, read by programs of their own: the list on the command line, the first page of the side bar, and
 * a search, beside a program that reads and parses every `run.json`. `node test/bench/history.bench.mjs [--runs N]`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, median, option, report, runPeer, scratch } from './support/archiveBench.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist', 'cli.js');
const count = Number(option('runs', '10000'));
const rounds = 5;
const folder = scratch('history');
const runsFolder = join(folder, '.training-pipelines', 'runs');

const aRun = (id, epochs) => ({
  id,
  name: null,
  pipeline: 'digits',
  package: 'digits',
  from: '1.0',
  version: `1.${epochs}`,
  state: 'Successful',
  cause: null,
  startedAt: '2026-01-02T10:00:00.000Z',
  endedAt: '2026-01-02T10:00:06.000Z',
  phases: [{ name: 'Running', seconds: 6 }],
  problem: null,
  engine: 'docker',
  image: 'python:3.12-slim',
  gpu: { requested: 'none', got: [] },
  dataset: { path: 'data', tree: '', files: 1, bytes: 1 },
  parameters: { epochs: String(epochs) },
  warnings: [],
  folder: `.training-pipelines/runs/${id}`,
  results: null,
  intent: {},
});

try {
  for (let i = 0; i < count; i += 1) {
    const id = `20260102-${String(i).padStart(6, '0')}-000-abc123`;
    mkdirSync(join(runsFolder, id), { recursive: true });
    writeFileSync(join(runsFolder, id, 'run.json'), JSON.stringify(aRun(id, i)));
  }
  const peer = join(folder, 'peer.cjs');
  writeFileSync(
    peer,
    `const { readdirSync, readFileSync } = require('node:fs');
const all = readdirSync(process.argv[2]).map((id) => JSON.parse(readFileSync(process.argv[2] + '/' + id + '/run.json', 'utf8')));
process.stdout.write(String(all.length));`,
  );
  const page = (name, options) =>
    bundle(
      folder,
      name,
      [
        `import { openRunner } from '${join(root, 'runner/src/openRunner').replaceAll('\\', '/')}';`,
        `import { silentLog } from '${join(root, 'runner/src/domain/log').replaceAll('\\', '/')}';`,
      ],
      [
        'const [workspace, distFolder] = process.argv.slice(2);',
        'const { runner } = await openRunner({ workspace, distFolder, environment: process.env, log: silentLog });',
        `const { runs } = await runner.views.page(${JSON.stringify(options)});`,
        'process.stdout.write(String(runs.length)); process.exit(0);',
      ],
    );
  const first = page('first', { filter: {}, limit: 50, quick: true });
  const search = page('search', { filter: { text: 'epochs=4711' }, limit: 50, quick: false });
  const node = process.execPath;
  const dist = join(root, 'dist');
  const ways = {
    'runs --json': () => runPeer(node, [cli, 'runs', '--json', '--workspace', folder], folder),
    'first page of the side bar': () => runPeer(node, [first, folder, dist], folder),
    search: () => runPeer(node, [search, folder, dist], folder),
  };
  for (const [what, way] of Object.entries(ways)) {
    way();
    const pairs = Array.from({ length: rounds }, () => [way(), runPeer(node, [peer, runsFolder], folder)]);
    report(`${count} runs, ${what}`, 's', median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b)), 3);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
