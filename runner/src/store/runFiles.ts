/** Runs on disk: `runs/<id>/run.json`, `_results.json`, `log.txt`, and what else belongs to a run. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { resultsFileName, type Results } from '../domain/results';
import { cause, hasEnded, runSchema, type Run } from '../domain/run';
import {
  expectedDiskError,
  isMissing,
  listNames,
  readIfThere,
  replaceFile,
  sizeOf,
  createExclusive,
  type Disk,
} from './disk';
import type { LeaseFolder } from './leaseFolder';
import { openRunLog, readPieces } from './runLog';
import { RunIndex } from './runIndex';
import type { Lease, LogPiece, RunLog, RunRecord, RunStore } from './store';
import { parseJson } from './versionFiles';

const runFile = 'run.json';
const stopFile = 'stop.json';
const idPattern = /^\d{8}-\d{6}-\d{3}-[0-9a-z]{6}$/;
const recordSchema = runSchema.extend({ intent: z.unknown() });

export interface RunFilesOptions {
  /** Absolute path of `runs/`. */
  readonly folder: string;
  /** The run's folder as documents show it. */
  readonly shown: (id: string) => string;
  readonly cacheFolder: string;
  readonly disk: Disk;
  readonly leases: LeaseFolder;
  readonly now: () => number;
  readonly staging: () => Promise<{ readonly path: string; remove(): Promise<void> }>;
}

export class RunFiles implements RunStore {
  private readonly index: RunIndex;

  constructor(private readonly options: RunFilesOptions) {
    this.index = new RunIndex(options.disk, options.folder, join(options.cacheFolder, 'runs.json'), (id) =>
      this.read(id),
    );
  }

  newId(now: Date): string {
    const digits = now.toISOString().replaceAll(/\D/g, '');
    const random = randomBytes(8).readBigUInt64LE().toString(36).padStart(6, '0').slice(-6);
    return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${digits.slice(14, 17)}-${random}`;
  }

  folder(id: string): string {
    return join(this.options.folder, id);
  }

  async create(record: RunRecord): Promise<void> {
    const folder = this.folder(record.run.id);
    try {
      await this.disk.mkdir(folder);
      await this.disk.writeNew(join(folder, 'log.txt'), '', false);
      await this.write(record);
      await this.disk.syncFolder(this.options.folder);
    } catch (error) {
      throw expectedDiskError(error, folder);
    }
  }

  async write({ run, intent }: RunRecord, { durable = true }: { readonly durable?: boolean } = {}): Promise<void> {
    await replaceFile(
      this.disk,
      join(this.folder(run.id), runFile),
      `${JSON.stringify({ ...run, intent }, null, 2)}\n`,
      durable,
    );
  }

  async read(id: string): Promise<RunRecord | undefined> {
    if (!idPattern.test(id)) return undefined;
    const path = join(this.folder(id), runFile);
    const text = await readIfThere(this.disk, path);
    const parsed = text === undefined ? undefined : recordSchema.safeParse(parseJson(text.toString('utf8')));
    if (parsed?.success === true) {
      const { intent, ...run } = parsed.data;
      return { run, intent };
    }
    return this.rebuild(id, text !== undefined);
  }

  async ids(): Promise<readonly string[]> {
    const entries = await listNames(this.disk, this.options.folder);
    const found = entries.filter((entry) => entry.isDirectory() && idPattern.test(entry.name));
    return found.map((entry) => entry.name).sort((a, b) => (a < b ? 1 : -1));
  }

  async list(): Promise<readonly Run[]> {
    return this.index.list(await this.ids());
  }

  async writeResults(id: string, results: Results): Promise<void> {
    await replaceFile(this.disk, join(this.folder(id), resultsFileName), `${JSON.stringify(results, null, 2)}\n`);
  }

  async delete(id: string): Promise<number> {
    const bytes = await sizeOf(this.disk, this.folder(id));
    const staging = await this.options.staging();
    try {
      await this.disk.rename(this.folder(id), join(staging.path, id));
      await this.disk.syncFolder(this.options.folder);
    } catch (error) {
      if (!isMissing(error)) throw expectedDiskError(error, this.folder(id));
    } finally {
      await staging.remove();
    }
    return bytes;
  }

  lease(id: string): Promise<Lease | undefined> {
    return this.options.leases.acquire(join(this.folder(id), 'lease'));
  }

  isLeased(id: string): Promise<boolean> {
    return this.options.leases.isHeld(join(this.folder(id), 'lease'));
  }

  async requestStop(id: string, now: boolean): Promise<void> {
    const path = join(this.folder(id), stopFile);
    if (now) return replaceFile(this.disk, path, JSON.stringify({ now }));
    await createExclusive(this.disk, path, JSON.stringify({ now }));
  }

  async stopRequest(id: string): Promise<{ readonly now: boolean } | undefined> {
    const text = await readIfThere(this.disk, join(this.folder(id), stopFile));
    if (text === undefined) return undefined;
    const value = parseJson(text.toString('utf8')) as { now?: unknown } | undefined;
    return { now: value?.now === true };
  }

  openLog(id: string): Promise<RunLog> {
    return openRunLog(this.folder(id));
  }

  async *readLog(id: string, offset: number): AsyncIterable<Uint8Array> {
    try {
      for await (const part of createReadStream(join(this.folder(id), 'log.txt'), { start: offset }))
        yield part as Buffer;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  readLogIndex(id: string, offset: number): AsyncIterable<LogPiece> {
    return readPieces(this.folder(id), offset);
  }

  /** The folder is there and its `run.json` is not, or cannot be read: it is set aside, and what is known is shown as lost. */
  private async rebuild(id: string, damaged: boolean): Promise<RunRecord | undefined> {
    const folder = this.folder(id);
    const there = (await listNames(this.disk, this.options.folder)).some(
      (entry) => entry.name === id && entry.isDirectory(),
    );
    if (!there) return undefined;
    const path = join(folder, runFile);
    if (damaged) await this.disk.rename(path, `${path}.damaged-${this.options.now()}`).catch(() => undefined);
    const run = lostRun(id, this.options.shown(id));
    if (damaged) await this.write({ run, intent: null }).catch(() => undefined);
    return { run, intent: null };
  }

  private get disk(): Disk {
    return this.options.disk;
  }
}

function lostRun(id: string, folder: string): Run {
  const [, year, month, day, hour, minute, second, fraction] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})/.exec(id) ?? [];
  const startedAt = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}Z`;
  return {
    id,
    name: null,
    pipeline: 'unknown',
    package: 'unknown',
    from: '',
    version: '',
    state: 'Failed',
    cause: cause('lost', 'The record of this run (run.json) is damaged or gone.', {
      hint: 'What is left of it is in its folder; the damaged file was set aside there.',
    }),
    startedAt,
    endedAt: startedAt,
    phases: [],
    problem: null,
    engine: 'unknown',
    image: null,
    gpu: { requested: 'none', got: [] },
    dataset: { path: '', tree: '', files: 0, bytes: 0 },
    parameters: {},
    warnings: [],
    folder,
    results: null,
  };
}

export const isFinished = (record: RunRecord | undefined): boolean =>
  record === undefined || hasEnded(record.run.state);
