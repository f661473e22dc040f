/** Versions on disk: `packages/<package>/<version>/<package>.zip` and `version.json`, numbers and the name's owner beside them. */
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ExpectedError } from '../domain/errors';
import { packageKey } from '../domain/packageName';
import { versionFileName, versionFileSchema, type VersionFile } from '../domain/version';
import { compareVersions, isVersionNumber, nextMajor, nextMinor } from '../domain/versionNumber';
import {
  createExclusive,
  expectedDiskError,
  isMissing,
  listNames,
  readIfThere,
  replaceFile,
  sizeOf,
  type Disk,
} from './disk';
import type { LeaseFolder } from './leaseFolder';
import type { Lease, PackageRecord, StagedVersion, VersionStore } from './store';

const recordSchema = z.object({ name: z.string(), folder: z.string().nullable() });
const numberSchema = z.object({ kind: z.enum(['reserved', 'published', 'deleted']), run: z.string().optional() });
type NumberFile = z.infer<typeof numberSchema>;

export interface VersionFilesOptions {
  /** Absolute path of `packages/`. */
  readonly folder: string;
  readonly disk: Disk;
  readonly leases: LeaseFolder;
  /** A fresh folder for staging. */
  readonly staging: () => Promise<{ readonly path: string; remove(): Promise<void> }>;
  /** Whether a run may still use a number that is reserved for it. */
  readonly isUnfinished: (runId: string) => Promise<boolean>;
}

const lockWaitMilliseconds = 60_000;
const recordFile = 'package.json';
const numbersFolder = 'numbers';

export class VersionFiles implements VersionStore {
  constructor(private readonly options: VersionFilesOptions) {}

  async packages(): Promise<readonly PackageRecord[]> {
    const folders = (await listNames(this.disk, this.options.folder)).filter((entry) => entry.isDirectory());
    const records = await Promise.all(folders.map((entry) => this.record(entry.name)));
    return records.filter((record) => record !== undefined);
  }

  async package(name: string): Promise<PackageRecord | undefined> {
    const exact = await this.record(name);
    if (exact !== undefined) return exact;
    const key = packageKey(name);
    return (await this.packages()).find((record) => packageKey(record.name) === key);
  }

  async packageOfFolder(folder: string): Promise<PackageRecord | undefined> {
    return (await this.packages()).find((record) => record.folder === folder);
  }

  async claim(name: string, folder: string | null): Promise<PackageRecord> {
    const known = await this.package(name);
    if (known === undefined) return this.claimNew(name, folder);
    if (folder === null || known.folder === folder) return known;
    if (known.folder === null) {
      const taken = { name: known.name, folder };
      await replaceFile(this.disk, join(this.folderOf(known.name), recordFile), JSON.stringify(taken));
      return taken;
    }
    const message = `The package name ${known.name} belongs to the folder ${known.folder}.`;
    throw new ExpectedError(
      'package-name-taken',
      message,
      `Give ${folder} another name with --name, or in the configuration file.`,
    );
  }

  /** Two folders that claim a name at once: the record is made exclusively, and whoever comes second looks again. */
  private async claimNew(name: string, folder: string | null): Promise<PackageRecord> {
    const place = this.folderOf(name);
    await this.makeFolder(join(place, numbersFolder));
    const record = { name, folder };
    if (await createExclusive(this.disk, join(place, recordFile), JSON.stringify(record))) return record;
    return this.claim(name, folder);
  }

  async numbers(name: string): Promise<readonly string[]> {
    const entries = await listNames(this.disk, this.folderOf(name));
    const found = entries.filter((entry) => entry.isDirectory() && isVersionNumber(entry.name));
    return found.map((entry) => entry.name).sort((a, b) => compareVersions(b, a));
  }

  async read(name: string, version: string): Promise<VersionFile | undefined> {
    const path = join(this.folderOf(name), version, versionFileName);
    const text = await readIfThere(this.disk, path);
    if (text === undefined) {
      if (!(await this.numbers(name)).includes(version)) return undefined;
      throw damaged(path, 'it is missing');
    }
    const parsed = versionFileSchema.safeParse(parseJson(text.toString('utf8')));
    if (!parsed.success) throw damaged(path, 'it is not readable');
    return parsed.data;
  }

  zipPath(name: string, version: string): string {
    return join(this.folderOf(name), version, `${name}.zip`);
  }

  async findIdentical(name: string, tree: string): Promise<string | undefined> {
    for (const version of await this.numbers(name)) {
      const file = await this.read(name, version).catch(() => undefined);
      if (file?.sealed.tree === tree) return version;
    }
    return undefined;
  }

  async publish(
    name: string,
    staged: StagedVersion,
    createdAt: string,
  ): Promise<{ version: string; created: boolean }> {
    const lock = await this.lock(name);
    try {
      const same = await this.findIdentical(name, staged.tree);
      if (same !== undefined) return { version: same, created: false };
      const version = nextMajor(await this.taken(name));
      const file: VersionFile = {
        schema: 1,
        package: name,
        version,
        from: '',
        run: '',
        createdAt,
        sealed: { zip: staged.zipDigest, tree: staged.tree, files: [...staged.files] },
        madeFrom: null,
      };
      await this.putInPlace(name, file, staged.zip);
      return { version, created: true };
    } finally {
      await lock.release();
    }
  }

  async reserve(name: string, from: string, runId: string): Promise<string> {
    await this.makeFolder(join(this.folderOf(name), numbersFolder));
    for (;;) {
      const own = await this.reservedBy(name, runId);
      if (own !== undefined) return own;
      const version = nextMinor(from, await this.taken(name));
      const entry: NumberFile = { kind: 'reserved', run: runId };
      if (await createExclusive(this.disk, this.numberPath(name, version), JSON.stringify(entry), false))
        return version;
    }
  }

  async release(name: string, version: string, runId: string): Promise<void> {
    const entry = await this.numberFile(name, version);
    if (entry?.kind !== 'reserved' || entry.run !== runId) return;
    await this.disk.unlink(this.numberPath(name, version)).catch((error: unknown) => {
      if (!isMissing(error)) throw expectedDiskError(error, this.numberPath(name, version));
    });
  }

  async commit(name: string, file: VersionFile, zip: string): Promise<void> {
    const there = (await this.numbers(name)).includes(file.version) ? await this.read(name, file.version) : undefined;
    if (there === undefined) return this.putInPlace(name, file, zip);
    if (there.run !== file.run)
      throw damaged(join(this.folderOf(name), file.version), 'another run has made this version');
  }

  async delete(name: string, version: string): Promise<number> {
    const place = join(this.folderOf(name), version);
    const bytes = await sizeOf(this.disk, place);
    const staging = await this.options.staging();
    try {
      const entry: NumberFile = { kind: 'deleted' };
      await replaceFile(this.disk, this.numberPath(name, version), JSON.stringify(entry));
      await this.disk.rename(place, join(staging.path, version));
      await this.disk.syncFolder(this.folderOf(name));
    } catch (error) {
      throw expectedDiskError(error, place);
    } finally {
      await staging.remove();
    }
    return bytes;
  }

  /** The whole folder of a version appears at once: it is filled in staging and renamed. */
  private async putInPlace(name: string, file: VersionFile, zip: string): Promise<void> {
    const place = join(this.folderOf(name), file.version);
    const staging = await this.options.staging();
    const folder = join(staging.path, 'version');
    try {
      await this.disk.mkdir(folder);
      await this.disk.rename(zip, join(folder, `${name}.zip`));
      await this.disk.writeNew(join(folder, versionFileName), `${JSON.stringify(file, null, 2)}\n`, true);
      await this.disk.syncFolder(folder);
      await this.makeFolder(join(this.folderOf(name), numbersFolder));
      await this.disk.rename(folder, place);
      await this.disk.syncFolder(this.folderOf(name));
      await this.markPublished(name, file.version);
    } catch (error) {
      throw expectedDiskError(error, basename(zip));
    } finally {
      await staging.remove();
    }
  }

  /** A hint only, for the folder of the version says the same: a number that was published is not given again. */
  private async markPublished(name: string, version: string): Promise<void> {
    const entry: NumberFile = { kind: 'published' };
    await replaceFile(this.disk, this.numberPath(name, version), JSON.stringify(entry), false);
  }

  /** Numbers that were ever published or are reserved by a run that may still use them. */
  private async taken(name: string): Promise<string[]> {
    const taken = new Set(await this.numbers(name));
    for (const entry of await listNames(this.disk, join(this.folderOf(name), numbersFolder))) {
      if (isVersionNumber(entry.name) && !taken.has(entry.name) && (await this.counts(name, entry.name)))
        taken.add(entry.name);
    }
    return [...taken];
  }

  private async counts(name: string, version: string): Promise<boolean> {
    const entry = await this.numberFile(name, version);
    if (entry?.kind !== 'reserved') return true;
    if (entry.run !== undefined && (await this.options.isUnfinished(entry.run))) return true;
    // Its run ended or is gone without having used the number.
    if ((await this.numbers(name)).includes(version)) return true;
    await this.disk.unlink(this.numberPath(name, version)).catch(() => undefined);
    return false;
  }

  private async reservedBy(name: string, runId: string): Promise<string | undefined> {
    for (const { name: version } of await listNames(this.disk, join(this.folderOf(name), numbersFolder))) {
      if (!isVersionNumber(version)) continue;
      const entry = await this.numberFile(name, version);
      if (entry?.kind === 'reserved' && entry.run === runId) return version;
    }
    return undefined;
  }

  private async numberFile(name: string, version: string): Promise<NumberFile | undefined> {
    const text = await readIfThere(this.disk, this.numberPath(name, version));
    if (text === undefined) return undefined;
    const parsed = numberSchema.safeParse(parseJson(text.toString('utf8')));
    return parsed.success ? parsed.data : { kind: 'published' };
  }

  private async lock(name: string): Promise<Lease> {
    const folder = join(this.folderOf(name), 'lock');
    const until = performance.now() + lockWaitMilliseconds;
    for (let wait = 5; ; wait = Math.min(wait * 1.5, 250)) {
      const lease = await this.options.leases.acquire(folder);
      if (lease !== undefined) return lease;
      if (performance.now() > until) {
        throw new ExpectedError(
          'version-in-use',
          `Another process is publishing ${name} for over a minute.`,
          'Wait for it, then try again.',
        );
      }
      await delay(wait * (0.5 + Math.random()));
    }
  }

  private async record(folderName: string): Promise<PackageRecord | undefined> {
    const text = await readIfThere(this.disk, join(this.options.folder, folderName, recordFile));
    const parsed = text === undefined ? undefined : recordSchema.safeParse(parseJson(text.toString('utf8')));
    if (parsed?.success === true) return parsed.data;
    // The record is gone or damaged: the versions are still the truth of the name.
    return (await this.numbers(folderName)).length === 0 ? undefined : { name: folderName, folder: null };
  }

  private async makeFolder(path: string): Promise<void> {
    try {
      await this.disk.mkdir(path);
    } catch (error) {
      throw expectedDiskError(error, path);
    }
  }

  private folderOf(name: string): string {
    return join(this.options.folder, name);
  }

  private numberPath(name: string, version: string): string {
    return join(this.folderOf(name), numbersFolder, version);
  }

  private get disk(): Disk {
    return this.options.disk;
  }
}

const damaged = (path: string, why: string): ExpectedError =>
  new ExpectedError('store-damaged', `${path} is damaged: ${why}.`, '`verify` tells what is still whole.');

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
