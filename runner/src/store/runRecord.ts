/** `run.json` on disk, and `run.json.previous`: how it was one durable step before. */
import { join } from 'node:path';
import * as z from 'zod';
import { resultsFileName, resultsSchema, type Results } from '../domain/results';
import { runSchema } from '../domain/run';
import type { VersionFile } from '../domain/version';
import type { Disk } from './disk';
import { isMissing } from './diskErrors';
import { createExclusive, isThere, parseJson, readIfThere, replaceFile, temporaryName } from './fileOperations';
import { rebuildRun } from './rebuildRun';
import type { RunRecord } from './store';

export const runFile = 'run.json';
const previousFile = 'run.json.previous';
const recordSchema = runSchema.extend({ intent: z.unknown() });

export interface RunRecordsOptions {
  readonly disk: Disk;
  /** Absolute path of a run's folder. */
  readonly folder: (id: string) => string;
  /** The run's folder as documents show it. */
  readonly shown: (id: string) => string;
  readonly now: () => number;
  /** The version that a run made. */
  readonly findMade: (id: string) => Promise<VersionFile | undefined>;
}

export class RunRecords {
  constructor(private readonly options: RunRecordsOptions) {}

  async write(record: RunRecord, durable: boolean): Promise<void> {
    const { id } = record.run;
    const path = join(this.options.folder(id), runFile);
    await this.keepPrevious(id, path);
    await replaceFile(this.options.disk, path, recordText(record), durable ? 'all' : 'content');
  }

  async read(id: string): Promise<RunRecord | undefined> {
    const path = join(this.options.folder(id), runFile);
    const text = await readIfThere(this.options.disk, path);
    return parseRecord(text) ?? this.rebuild(id, path, text !== undefined);
  }

  /** The record so far gets a second name, at the cost of no fsync. */
  private async keepPrevious(id: string, path: string): Promise<void> {
    const { disk, folder } = this.options;
    const previous = join(folder(id), previousFile);
    const temporary = temporaryName(previous);
    try {
      await disk.link(path, temporary);
      await disk.rename(temporary, previous);
    } catch {
      // What is there stays, or there is none.
    } finally {
      // Where both names are of one file already, as after a kill, the rename does nothing and leaves both.
      await disk.unlink(temporary).catch(() => undefined);
    }
  }

  /** The damaged file is set aside; what is known is written in its place, unless somebody else has written meanwhile. */
  private async rebuild(id: string, path: string, damaged: boolean): Promise<RunRecord | undefined> {
    const { disk, folder, shown } = this.options;
    if (!(await isThere(disk, folder(id)))) return undefined;
    if (damaged) {
      const whole = await this.setAside(path);
      if (whole !== undefined) return whole;
    }
    const previous = parseRecord(await readIfThere(disk, join(folder(id), previousFile)));
    const results = await this.readResults(id);
    const made = previous === undefined ? await this.options.findMade(id).catch(() => undefined) : undefined;
    const record = rebuildRun({ id, shown: shown(id), previous, results, made });
    if (await createExclusive(disk, path, recordText(record)).catch(() => true)) return record;
    return parseRecord(await readIfThere(disk, path)) ?? record;
  }

  /** The record, where the file that was set aside turns out to be a whole one that was written just now. */
  private async setAside(path: string): Promise<RunRecord | undefined> {
    const { disk, now } = this.options;
    const aside = `${path}.damaged-${now()}`;
    try {
      await disk.rename(path, aside);
    } catch (error) {
      if (!isMissing(error)) return undefined;
      return parseRecord(await readIfThere(disk, path));
    }
    const record = parseRecord(await readIfThere(disk, aside));
    if (record === undefined) return undefined;
    await disk.link(aside, path).catch(() => undefined);
    await disk.unlink(aside).catch(() => undefined);
    return record;
  }

  private async readResults(id: string): Promise<Results | undefined> {
    const text = await readIfThere(this.options.disk, join(this.options.folder(id), resultsFileName));
    return resultsSchema.safeParse(parseJson(text)).data;
  }
}

export const recordText = ({ run, intent }: RunRecord): string => `${JSON.stringify({ ...run, intent }, null, 2)}\n`;

function parseRecord(text: string | undefined): RunRecord | undefined {
  const parsed = recordSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { intent, ...run } = parsed.data;
  return { run, intent };
}
