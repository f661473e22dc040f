/** A cache of ended runs, so that a list of thousands needs one file; it can be deleted at any time. */
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { hasEnded, runSchema, type Run } from '../domain/run';
import type { Disk } from './disk';
import { makeFolder, parseJson, readIfThere, replaceFile } from './fileOperations';
import { runFile } from './runRecord';
import type { RunRecord } from './store';

const schemaNumber = 2;
const entrySchema = z.object({
  stamp: z.string(),
  // Checked for the first entry only: thousands would take longer than reading the files does.
  run: z.custom<Run>((value) => typeof value === 'object' && value !== null),
});
const cacheSchema = z.object({ schema: z.literal(schemaNumber), entries: z.record(z.string(), entrySchema) });
type Entries = z.infer<typeof cacheSchema>['entries'];

const cacheFile = 'runs.json';
const parallelReads = 32;
/** Entries that may be missing in the file before it is written again, for each thousand that it has. */
const missingPerThousand = 5;

export class RunIndex {
  private memory: Entries | undefined;
  private unsaved = 0;

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly cacheFolder: string,
    private readonly read: (id: string) => Promise<RunRecord | undefined>,
  ) {}

  /** Runs in the order of the ids. An ended run is taken from the cache while its file has the same length, time and number. */
  async list(ids: readonly string[]): Promise<Run[]> {
    const { runs, fresh } = await this.collect(ids, (this.memory ??= await this.load()));
    this.memory = fresh;
    await this.save(fresh);
    return runs;
  }

  /** A few of many, for which the file of all is not worth reading. */
  async some(ids: readonly string[]): Promise<Run[]> {
    const { runs, fresh } = await this.collect(ids, this.memory ?? {});
    if (this.memory !== undefined) Object.assign(this.memory, fresh);
    return runs;
  }

  private async collect(ids: readonly string[], known: Entries): Promise<{ runs: Run[]; fresh: Entries }> {
    const fresh: Entries = {};
    const runs: (Run | undefined)[] = Array.from({ length: ids.length });
    const stats = await this.disk.statAll(ids.map((id) => join(this.folder, id, runFile)));
    const unknown: number[] = [];
    for (const [i, id] of ids.entries()) {
      const cached = known[id];
      if (cached === undefined || cached.stamp !== stampOf(stats[i])) {
        unknown.push(i);
        continue;
      }
      fresh[id] = cached;
      runs[i] = cached.run;
    }
    await inParallel(unknown, async (i) => {
      const id = ids[i] ?? '';
      const run = (await this.read(id))?.run;
      const stamp = stampOf(stats[i]);
      runs[i] = run;
      if (run === undefined || !hasEnded(run.state) || stamp === undefined) return;
      fresh[id] = { stamp, run };
      this.unsaved += 1;
    });
    return { runs: runs.filter((run) => run !== undefined), fresh };
  }

  private async load(): Promise<Entries> {
    const text = await readIfThere(this.disk, join(this.cacheFolder, cacheFile)).catch(() => undefined);
    const parsed = cacheSchema.safeParse(parseJson(text));
    if (!parsed.success) return {};
    const [first] = Object.values(parsed.data.entries);
    return first === undefined || runSchema.safeParse(first.run).success ? parsed.data.entries : {};
  }

  private async save(entries: Entries): Promise<void> {
    const size = Object.keys(entries).length;
    if (this.unsaved * 1000 <= size * missingPerThousand) return;
    const text = JSON.stringify({ schema: schemaNumber, entries });
    try {
      await makeFolder(this.disk, this.cacheFolder);
      await replaceFile(this.disk, join(this.cacheFolder, cacheFile), text, 'none');
      this.unsaved = 0;
    } catch {
      // Only a cache: the next list tries again.
    }
  }
}

const stampOf = (stats: Stats | undefined): string | undefined =>
  stats === undefined ? undefined : `${stats.size}-${stats.mtimeMs}-${stats.ino}`;

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelReads, items.length) }, worker));
}
