/** A cache of ended runs, so that a list of thousands needs one file; it can be deleted at any time. */
import { join } from 'node:path';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hasEnded, runSchema, type Run } from '../domain/run';
import { readIfThere, replaceFile, type Disk } from './disk';
import type { RunRecord } from './store';
import { parseJson } from './versionFiles';

const schemaNumber = 1;
const cacheSchema = z.object({
  schema: z.literal(schemaNumber),
  entries: z.record(
    z.string(),
    z.object({ stamp: z.string(), run: z.custom<Run>((value) => typeof value === 'object') }),
  ),
});
type Entries = z.infer<typeof cacheSchema>['entries'];

const parallelReads = 64;

export class RunIndex {
  private memory: Entries | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly cacheFile: string,
    private readonly read: (id: string) => Promise<RunRecord | undefined>,
  ) {}

  /** Runs in the order of the ids. An ended run is taken from the cache while its file has the same length and time. */
  async list(ids: readonly string[]): Promise<Run[]> {
    const known = (this.memory ??= await this.load());
    const fresh: Entries = {};
    let changed = Object.keys(known).length !== ids.length;
    const runs: (Run | undefined)[] = Array.from({ length: ids.length });
    await inParallel(ids, async (id, i) => {
      const stamp = await this.stamp(id);
      const cached = known[id];
      if (cached !== undefined && stamp !== '' && cached.stamp === stamp) {
        fresh[id] = cached;
        runs[i] = cached.run;
        return;
      }
      const run = (await this.read(id))?.run;
      runs[i] = run;
      if (run === undefined || !hasEnded(run.state) || stamp === '') return;
      fresh[id] = { stamp, run };
      changed = true;
    });
    this.memory = fresh;
    if (changed) await this.save(fresh);
    return runs.filter((run) => run !== undefined);
  }

  private async stamp(id: string): Promise<string> {
    try {
      const { size, mtimeMs, ino } = await this.disk.stat(join(this.folder, id, 'run.json'));
      return `${size}-${mtimeMs}-${ino}`;
    } catch {
      return '';
    }
  }

  private async load(): Promise<Entries> {
    const text = await readIfThere(this.disk, this.cacheFile).catch(() => undefined);
    const parsed = cacheSchema.safeParse(text === undefined ? undefined : parseJson(text.toString('utf8')));
    if (!parsed.success) return {};
    const [first] = Object.values(parsed.data.entries);
    return first === undefined || runSchema.safeParse(first.run).success ? parsed.data.entries : {};
  }

  private async save(entries: Entries): Promise<void> {
    const text = JSON.stringify({ schema: schemaNumber, entries });
    await this.disk
      .mkdir(dirname(this.cacheFile))
      .then(() => replaceFile(this.disk, this.cacheFile, text, false))
      .catch(() => undefined);
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelReads, items.length) }, worker));
}
