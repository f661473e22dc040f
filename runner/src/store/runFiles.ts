/** Runs on disk: `runs/<id>/run.json`, `_results.json`, `log.txt`, and what else belongs to a run. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { resultsFileName, type Results } from '../domain/results';
import type { Marks } from '../domain/marks';
import { hasEnded, type Run } from '../domain/run';
import type { VersionFile } from '../domain/version';
import type { Disk } from './disk';
import { isMissing } from './diskErrors';
import { createExclusive, listFolder, parseJson, readIfThere, replaceFile, sizeOf } from './fileOperations';
import type { LeaseFolder } from './leaseFolder';
import { indexFile, logFile, openRunLog, readBytes, readPieces } from './runLog';
import { RunIndex } from './runIndex';
import { RunMarks } from './runMarks';
import { recordText, runFile, RunRecords } from './runRecord';
import type { Lease, LogPiece, RunLog, RunRecord, RunStore, Staging } from './store';
import { clearTemporaries } from './temporaries';

const stopFile = 'stop.json';
const leaseFolder = 'lease';
const holdersOwn = /^(run\.json|run\.json\.previous|_results\.json)\.\d+\./;
const idPattern = /^\d{8}-\d{6}-\d{3}-[0-9a-z]{6}$/;
const idLetters = '0123456789abcdefghjkmnpqrstvwxyz';

export interface RunFilesOptions {
  /** Absolute path of `runs/`. */
  readonly folder: string;
  /** The run's folder as documents show it. */
  readonly shown: (id: string) => string;
  readonly cacheFolder: string;
  readonly disk: Disk;
  readonly leases: LeaseFolder;
  readonly now: () => number;
  readonly staging: () => Promise<Staging>;
  /** The version that a run made. */
  readonly findMade: (id: string) => Promise<VersionFile | undefined>;
}

export class RunFiles implements RunStore {
  private readonly index: RunIndex;
  private readonly records: RunRecords;
  private readonly marking: RunMarks;

  constructor(private readonly options: RunFilesOptions) {
    const { disk, folder, cacheFolder, shown, now, findMade } = options;
    this.records = new RunRecords({ disk, folder: (id) => this.folder(id), shown, now, findMade });
    this.index = new RunIndex(disk, folder, cacheFolder, (id) => this.read(id));
    this.marking = new RunMarks(disk, (id) => this.folder(id));
  }

  newId(now: Date): string {
    const digits = now.toISOString().replaceAll(/\D/g, '');
    const random = [...randomBytes(6)].map((byte) => idLetters[byte % idLetters.length]).join('');
    return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${digits.slice(14, 17)}-${random}`;
  }

  folder(id: string): string {
    return join(this.options.folder, id);
  }

  /** The whole folder appears at once: it is filled in staging and renamed. */
  async create(record: RunRecord): Promise<void> {
    const { disk } = this.options;
    const staging = await this.options.staging();
    const folder = join(staging.path, record.run.id);
    try {
      await disk.mkdir(folder);
      await disk.writeNew(join(folder, logFile), '', false);
      await disk.writeNew(join(folder, indexFile), '', false);
      await disk.writeNew(join(folder, runFile), recordText(record), true);
      await disk.syncFolder(folder);
      await disk.rename(folder, this.folder(record.run.id));
      await disk.syncFolder(this.options.folder);
    } finally {
      await staging.remove();
    }
  }

  write(record: RunRecord, { durable = true }: { readonly durable?: boolean } = {}): Promise<void> {
    return this.records.write(record, durable);
  }

  async read(id: string): Promise<RunRecord | undefined> {
    return idPattern.test(id) ? this.records.read(id) : undefined;
  }

  async ids(): Promise<readonly string[]> {
    const entries = await listFolder(this.options.disk, this.options.folder);
    const found = entries.filter((entry) => entry.isDirectory() && idPattern.test(entry.name));
    return found.map((entry) => entry.name).sort((a, b) => (a < b ? 1 : -1));
  }

  async list(): Promise<readonly Run[]> {
    return this.index.list(await this.ids());
  }

  listSome(ids: readonly string[]): Promise<readonly Run[]> {
    return this.index.some(ids);
  }

  marks(ids: readonly string[]): Promise<ReadonlyMap<string, Marks>> {
    return this.marking.of(ids);
  }

  writeMarks(id: string, marks: Marks): Promise<void> {
    return this.marking.write(id, marks);
  }

  async writeResults(id: string, results: Results): Promise<void> {
    const path = join(this.folder(id), resultsFileName);
    await replaceFile(this.options.disk, path, `${JSON.stringify(results, null, 2)}\n`);
  }

  async delete(id: string): Promise<number> {
    const { disk } = this.options;
    const bytes = await sizeOf(disk, this.folder(id));
    const staging = await this.options.staging();
    try {
      await disk.rename(this.folder(id), join(staging.path, id));
      // Its files go only once no power cut can bring the run back.
      await disk.syncFolder(staging.path);
      await disk.syncFolder(this.options.folder);
    } catch (error) {
      if (!isMissing(error)) throw error;
    } finally {
      await staging.remove();
    }
    return bytes;
  }

  async lease(id: string): Promise<Lease | undefined> {
    const { disk, leases, now } = this.options;
    const lease = await leases.acquire(join(this.folder(id), leaseFolder));
    // Only the holder writes these, so what is there was begun by one that died.
    if (lease !== undefined) await clearTemporaries(disk, this.folder(id), now(), (name) => holdersOwn.test(name));
    return lease;
  }

  isLeased(id: string): Promise<boolean> {
    return this.options.leases.isHeld(join(this.folder(id), leaseFolder));
  }

  async requestStop(id: string, now: boolean): Promise<void> {
    const path = join(this.folder(id), stopFile);
    const text = JSON.stringify({ now });
    if (now) await replaceFile(this.options.disk, path, text);
    else await createExclusive(this.options.disk, path, text);
  }

  async stopRequest(id: string): Promise<{ readonly now: boolean } | undefined> {
    const text = await readIfThere(this.options.disk, join(this.folder(id), stopFile));
    if (text === undefined) return undefined;
    // A marker that cannot be read is one all the same.
    const value = parseJson(text) as { readonly now?: unknown } | null | undefined;
    return { now: value?.now === true };
  }

  openLog(id: string): Promise<RunLog> {
    return openRunLog(this.options.disk, this.folder(id), this.options.now());
  }

  readLog(id: string, offset: number): AsyncIterable<Uint8Array> {
    return readBytes(this.options.disk, this.folder(id), offset);
  }

  readLogIndex(id: string, offset: number): AsyncIterable<LogPiece> {
    return readPieces(this.options.disk, this.folder(id), offset);
  }
}

export const isFinished = (record: RunRecord | undefined): boolean =>
  record === undefined || hasEnded(record.run.state);
