/** The long form of the fuzz: prints its seed, its pace, and how memory grew. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '../../server/src/python/parser';
import { fuzzEdits } from './serverFuzz';

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seed = option('seed', Date.now() % 1_000_000);
const edits = option('edits', 200_000);
const every = option('every', 1);
const examples = ['digits', 'digits_torch', 'wine_modules'];

async function main(): Promise<void> {
  const texts = examples.map((name) => readFileSync(join(process.cwd(), 'examples', name, 'train.py'), 'utf8'));
  const parser = await Parser.load(process.cwd());
  console.log(`seed ${seed}, ${edits} edits`);
  let base = 0;
  const start = performance.now();
  fuzzEdits({
    parser,
    seed,
    edits,
    every,
    texts,
    onProgress: (edit) => {
      if ((edit + 1) % Math.ceil(edits / 20) !== 0) return;
      globalThis.gc?.();
      const used = process.memoryUsage();
      const megabytes = (used.heapUsed + used.external) / 1e6;
      if (base === 0) base = megabytes;
      const pace = (edit + 1) / ((performance.now() - start) / 1_000);
      console.log(
        `${edit + 1} edits, ${pace.toFixed(0)} a second, ${megabytes.toFixed(1)} MB (${(megabytes - base).toFixed(1)} more), ${(used.rss / 1e6).toFixed(0)} MB resident`,
      );
    },
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
