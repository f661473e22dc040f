/**
 * Our hash of a dataset (10,000 small files and 1 GB of large ones) beside `sha256sum` over `xargs -P2`, then again unchanged, in one run
 * on one machine: only the ratios count. `node test/bench/hash.bench.mjs [--megabytes N] [--files N] [--rounds N] [--json FILE]`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  best,
  bundle,
  median,
  option,
  peakOf,
  report,
  runPeer,
  scratch,
  settle,
  writeRandom,
} from './support/archiveBench.mjs';

const megabytes = Number(option('megabytes', '1000'));
const files = Number(option('files', '10000'));
const rounds = Number(option('rounds', '5'));
const folder = scratch('hash');

try {
  const data = join(folder, 'data');
  for (let index = 0; index < files; index++) writeRandom(join(data, `images/${index % 100}/${index}.jpg`), 4_000);
  for (let index = 0; index < 4; index++) writeRandom(join(data, `large${index}.bin`), (megabytes / 4) * 1_000_000);
  const ours = bundle(
    folder,
    'ourHash',
    [`import { hashDataset } from './runner/src/archive/dataset';`],
    [
      `const [folder, cacheFile] = process.argv.slice(2);`,
      `const { tree } = await hashDataset(folder, cacheFile === undefined ? {} : { cacheFile });`,
      `if (!tree.startsWith('sha256:')) process.exitCode = 1;`,
    ],
  );
  const peer = ['sh', ['-c', 'find data -type f -print0 | xargs -0 -P2 -n64 sha256sum > /dev/null'], folder];
  const cache = join(folder, 'cache');
  // Digests of files that changed in the last two seconds are not remembered.
  await settle(2_100);
  peakOf(process.execPath, [ours, data, cache]);
  const times = { first: [], again: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    times.first.push(peakOf(process.execPath, [ours, data]).seconds);
    times.peer.push(runPeer(...peer));
    times.again.push(peakOf(process.execPath, [ours, data, cache]).seconds);
  }
  const what = `${files} small files and ${megabytes} MB`;
  report(`hash of ${what}, best of ${rounds}`, 'seconds', best(times.first), best(times.peer), 0.6);
  report(`hash of ${what}, median of ${rounds}`, 'seconds', median(times.first), median(times.peer), 0.6);
  report(`the same unchanged, best of ${rounds}`, 'seconds', best(times.again), best(times.peer), 0.1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
