/**
 * Which numbers of a package are given: `packages/<package>/numbers/<M.m>`. A number is taken by making its file, which
 * only one can; it is taken away only under the package's lock, so that nobody takes away what another has just got.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { compareVersions, isVersionNumber, majorOf, nextMajor, nextMinor } from '../domain/versionNumber';
import type { Disk } from './disk';
import { isMissing } from './diskErrors';
import { createExclusive, listFolder, makeFolder, parseJson, readIfThere, replaceFile } from './fileOperations';
import type { Lease } from './store';

const entrySchema = z.object({ kind: z.enum(['reserved', 'published', 'deleted']), run: z.string().optional() });
type Entry = z.infer<typeof entrySchema>;

export const numbersFolder = 'numbers';
/** A run that is not there may be one that is just being made. */
const freshMilliseconds = 10_000;

export interface VersionNumbersOptions {
  readonly disk: Disk;
  readonly now: () => number;
  /** Absolute path of a package's folder. */
  readonly folderOf: (name: string) => string;
  /** Versions that exist. */
  readonly published: (name: string) => Promise<readonly string[]>;
  /** Whether a run may still use a number that is reserved for it. */
  readonly runState: (id: string) => Promise<'unfinished' | 'ended' | 'missing'>;
  readonly lock: (name: string) => Promise<Lease>;
}

export class VersionNumbers {
  constructor(private readonly options: VersionNumbersOptions) {}

  /** Under the package's lock. */
  async nextMajor(name: string): Promise<string> {
    const files = await this.files(name);
    return nextMajor([...(await this.options.published(name)), ...files]);
  }

  /** Every number that is not given again: of versions, of deleted ones, and of runs that go on. Highest first. */
  async taken(name: string): Promise<string[]> {
    const published = await this.options.published(name);
    const files = (await this.files(name)).filter((number) => !published.includes(number));
    const states = await Promise.all(files.map((number) => this.stateOf(name, number)));
    const counting = files.filter((_, i) => states[i] === 'counts');
    return [...published, ...counting].sort((a, b) => compareVersions(b, a));
  }

  async reserve(name: string, from: string, runId: string): Promise<string> {
    await makeFolder(this.options.disk, this.folder(name));
    for (;;) {
      const published = await this.options.published(name);
      const files = (await this.files(name)).filter((number) => !published.includes(number));
      const own = await this.reservedBy(name, files, runId);
      if (own !== undefined) return own;
      const highest = await this.highestTaken(name, majorOf(from), files);
      const version = nextMinor(from, highest === undefined ? published : [...published, highest]);
      const entry: Entry = { kind: 'reserved', run: runId };
      if (await createExclusive(this.options.disk, this.path(name, version), JSON.stringify(entry), 'none')) {
        // The name is what keeps the number; content that a power cut took keeps it too.
        await this.options.disk.syncFolder(this.folder(name));
        return version;
      }
    }
  }

  async release(name: string, version: string, runId: string): Promise<void> {
    if (!(await this.isReservedFor(name, version, runId))) return;
    const lock = await this.options.lock(name);
    try {
      if (await this.isReservedFor(name, version, runId)) await this.takeAway(name, version);
    } finally {
      await lock.release();
    }
  }

  async markDeleted(name: string, version: string): Promise<void> {
    await makeFolder(this.options.disk, this.folder(name));
    await replaceFile(this.options.disk, this.path(name, version), JSON.stringify({ kind: 'deleted' } satisfies Entry));
  }

  /** The version's own folder says the same, so this may fail. */
  async markPublished(name: string, version: string): Promise<void> {
    const entry: Entry = { kind: 'published' };
    await makeFolder(this.options.disk, this.folder(name))
      .then(() => replaceFile(this.options.disk, this.path(name, version), JSON.stringify(entry), 'none'))
      .catch(() => undefined);
  }

  /** The highest number of a major that counts; reservations of runs that are over are taken away on the way there. */
  private async highestTaken(name: string, major: number, files: readonly string[]): Promise<string | undefined> {
    const candidates = files.filter((number) => majorOf(number) === major).sort((a, b) => compareVersions(b, a));
    for (const number of candidates) {
      const state = await this.stateOf(name, number);
      if (state === 'counts') return number;
      if (state === 'stale' && !(await this.takeAwayStale(name, number))) return number;
    }
    return undefined;
  }

  /** False where it is not stale any more. */
  private async takeAwayStale(name: string, number: string): Promise<boolean> {
    const lock = await this.options.lock(name);
    try {
      const state = await this.stateOf(name, number);
      if (state === 'stale') await this.takeAway(name, number);
      return state !== 'counts';
    } finally {
      await lock.release();
    }
  }

  private async stateOf(name: string, number: string): Promise<'counts' | 'stale' | 'gone'> {
    const entry = await this.read(name, number);
    if (entry === undefined) return 'gone';
    if (entry.kind !== 'reserved' || entry.run === undefined) return 'counts';
    const run = await this.options.runState(entry.run);
    if (run === 'unfinished' || (run === 'missing' && (await this.isFresh(name, number)))) return 'counts';
    return (await this.options.published(name)).includes(number) ? 'counts' : 'stale';
  }

  private async isFresh(name: string, number: string): Promise<boolean> {
    const found = await this.options.disk.stat(this.path(name, number)).catch(() => undefined);
    return found === undefined || Math.abs(this.options.now() - found.mtimeMs) < freshMilliseconds;
  }

  private async reservedBy(name: string, files: readonly string[], runId: string): Promise<string | undefined> {
    for (const number of files) if (await this.isReservedFor(name, number, runId)) return number;
    return undefined;
  }

  private async isReservedFor(name: string, number: string, runId: string): Promise<boolean> {
    const entry = await this.read(name, number);
    return entry?.kind === 'reserved' && entry.run === runId;
  }

  private async takeAway(name: string, number: string): Promise<void> {
    await this.options.disk.unlink(this.path(name, number)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }

  /** A file that cannot be read keeps its number from being given. */
  private async read(name: string, number: string): Promise<Entry | undefined> {
    const text = await readIfThere(this.options.disk, this.path(name, number));
    if (text === undefined) return undefined;
    return entrySchema.safeParse(parseJson(text)).data ?? { kind: 'published' };
  }

  private async files(name: string): Promise<string[]> {
    const names = (await listFolder(this.options.disk, this.folder(name))).map((entry) => entry.name);
    return names.filter(isVersionNumber);
  }

  private folder(name: string): string {
    return join(this.options.folderOf(name), numbersFolder);
  }

  private path(name: string, number: string): string {
    return join(this.folder(name), number);
  }
}
