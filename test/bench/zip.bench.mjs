/**
 * Our zip of a 1 GB folder, half of it incompressible, beside Info-ZIP's `zip -q -r`, in one run on one machine: only the ratio counts.
 * `node test/bench/zip.bench.mjs [--megabytes N] [--rounds N] [--json FILE]`.
 */
import { join } from 'node:path';
import { rmSync, statSync } from 'node:fs';
import {
  best,
  bundle,
  median,
  option,
  peakOf,
  report,
  runPeer,
  scratch,
  writeRandom,
  writeText,
} from './support/archiveBench.mjs';

const megabytes = Number(option('megabytes', '1000'));
const rounds = Number(option('rounds', '3'));
const folder = scratch('zip');

try {
  const source = join(folder, 'digits');
  writeText(join(source, 'train.py'), 2_000);
  const part = Math.floor(megabytes / 8);
  for (let index = 0; index < 3; index++) {
    writeRandom(join(source, `weights/layer${index}.bin`), part * 1_000_000);
    writeText(join(source, `tables/part${index}.csv`), part * 1_000_000);
  }
  // The rest are small files, again half and half.
  const small = Math.floor((part * 1_000_000) / 100_000);
  for (let index = 0; index < small; index++) {
    writeRandom(join(source, `images/${index % 20}/${index}.jpg`), 100_000);
    writeText(join(source, `labels/${index % 20}/${index}.json`), 100_000);
  }
  const ours = bundle(
    folder,
    'ourZip',
    [
      `import { scanPackage } from './runner/src/archive/scanPackage';`,
      `import { writeZip } from './runner/src/archive/writeZip';`,
    ],
    [
      `const [folder, target] = process.argv.slice(2);`,
      `const { entries } = await scanPackage(folder);`,
      `await writeZip({ entries, root: 'digits', target });`,
    ],
  );
  const zip = (target) => ['zip', ['-q', '-r', target, 'digits'], folder];
  const times = { ours: [], peer: [] };
  let memory = 0;
  for (let round = 0; round < rounds; round++) {
    const [our, peer] = [join(folder, 'our.zip'), join(folder, 'peer.zip')];
    const run = peakOf(process.execPath, [ours, source, our]);
    memory = Math.max(memory, run.megabytes);
    times.ours.push(run.seconds);
    times.peer.push(runPeer(...zip(peer)));
    if (round === rounds - 1) {
      report('size of the zip', 'bytes', statSync(our).size, statSync(peer).size, 1.02);
    }
    rmSync(our);
    rmSync(peer);
  }
  report(`zip of ${megabytes} MB, best of ${rounds}`, 'seconds', best(times.ours), best(times.peer), 0.6);
  report(`zip of ${megabytes} MB, median of ${rounds}`, 'seconds', median(times.ours), median(times.peer), 0.6);
  report('peak memory against 200 MB', 'MB', memory, 200, 1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
