/** Versions on disk: `packages/<package>/<version>/<package>.zip` and `version.json`, numbers and the name's owner beside them. */
import { join } from 'node:path';
import { ExpectedError } from '../domain/errors';
import type { Run } from '../domain/run';
import { versionFileName, versionFileSchema, type VersionFile } from '../domain/version';
import type { Disk } from './disk';
import { isMissing } from './diskErrors';
import { createExclusive, isThere, listFolder, makeFolder, parseJson, readIfThere, sizeOf } from './fileOperations';
import type { LeaseFolder } from './leaseFolder';
import { PackageRecords } from './packageRecords';
import { rebuildVersion, sealOfZip } from './rebuildVersion';
import type { Lease, PackageRecord, SealAsIs, StagedVersion, Staging, VersionStore } from './store';
import { clearTemporaries } from './temporaries';
import { numbersFolder, VersionNumbers } from './versionNumbers';

export interface VersionFilesOptions {
  /** Absolute path of `packages/`. */
  readonly folder: string;
  readonly disk: Disk;
  readonly now: () => number;
  readonly leases: LeaseFolder;
  readonly prepare: () => Promise<void>;
  readonly staging: () => Promise<Staging>;
  readonly runState: (id: string) => Promise<'unfinished' | 'ended' | 'missing'>;
  /** The run that made a version. */
  readonly findRun: (name: string, version: string) => Promise<Run | undefined>;
}

const lockWaitMilliseconds = 60_000;
/** Not the name of a package: those begin with a letter or a digit. */
const namesLock = '.names';
const packageLock = 'lock';
const lostSeal = /^version\.json\.(damaged|missing)-/;

export class VersionFiles implements VersionStore {
  private readonly records: PackageRecords;
  private readonly given: VersionNumbers;

  constructor(private readonly options: VersionFilesOptions) {
    const { folder, disk, now, prepare, runState } = options;
    const folderOf = (name: string): string => this.folderOf(name);
    const lockNames = (): Promise<Lease> => this.lock(join(folder, namesLock), 'packages');
    this.records = new PackageRecords({ folder, disk, now, prepare, lock: lockNames });
    const published = (name: string): Promise<readonly string[]> => this.numbers(name);
    const lock = (name: string): Promise<Lease> => this.lockPackage(name);
    this.given = new VersionNumbers({ disk, now, folderOf, published, runState, lock });
  }

  packages(): Promise<readonly PackageRecord[]> {
    return this.records.all();
  }

  package(name: string): Promise<PackageRecord | undefined> {
    return this.records.find(name);
  }

  packageOfFolder(folder: string): Promise<PackageRecord | undefined> {
    return this.records.ofFolder(folder);
  }

  claim(name: string, folder: string | null): Promise<PackageRecord> {
    return this.records.claim(name, folder);
  }

  numbers(name: string): Promise<readonly string[]> {
    return this.records.numbers(name);
  }

  async read(name: string, version: string): Promise<VersionFile | undefined> {
    const path = this.filePath(name, version);
    const text = await readIfThere(this.options.disk, path);
    const parsed = versionFileSchema.safeParse(parseJson(text));
    // Where it lies says whose it is.
    if (parsed.success) return { ...parsed.data, package: name, version };
    if (text === undefined && !(await this.numbers(name)).includes(version)) return undefined;
    return this.rebuild(name, version, path, text !== undefined);
  }

  /** Undefined also where it is damaged: nothing is rebuilt. */
  async readAsIs(name: string, version: string): Promise<VersionFile | undefined> {
    const text = await readIfThere(this.options.disk, this.filePath(name, version));
    return versionFileSchema.safeParse(parseJson(text)).data;
  }

  async sealAsIs(name: string, version: string): Promise<SealAsIs> {
    const text = await readIfThere(this.options.disk, this.filePath(name, version));
    if (text === undefined) return { file: undefined, problem: 'nothing' };
    const file = versionFileSchema.safeParse(parseJson(text)).data;
    if (file === undefined) return { file, problem: 'a file that is no seal' };
    if (file.package !== name || file.version !== version) {
      return { file, problem: `the seal of ${file.package} ${file.version}` };
    }
    const beside = await listFolder(this.options.disk, join(this.folderOf(name), version));
    const wasLost = beside.some((entry) => lostSeal.test(entry.name));
    return { file, problem: wasLost ? 'a seal that was made anew from the zip' : undefined };
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
    await this.options.prepare();
    await makeFolder(this.options.disk, this.folderOf(name));
    const lock = await this.lockPackage(name);
    try {
      for (;;) {
        const same = await this.findIdentical(name, staged.tree);
        if (same !== undefined) return { version: same, created: false };
        const version = await this.given.nextMajor(name);
        const sealed = { zip: staged.zipDigest, tree: staged.tree, files: [...staged.files] };
        const base = { schema: 1, package: name, version, from: '', run: '' } as const;
        if (await this.putInPlace(name, { ...base, createdAt, sealed, madeFrom: null }, staged.zip)) {
          return { version, created: true };
        }
      }
    } finally {
      await lock.release();
    }
  }

  taken(name: string): Promise<readonly string[]> {
    return this.given.taken(name);
  }

  reserve(name: string, from: string, runId: string): Promise<string> {
    return this.given.reserve(name, from, runId);
  }

  release(name: string, version: string, runId: string): Promise<void> {
    return this.given.release(name, version, runId);
  }

  async commit(name: string, file: VersionFile, zip: string): Promise<void> {
    if (!(await this.isPublished(name, file.version)) && (await this.putInPlace(name, file, zip))) return;
    const there = await this.read(name, file.version);
    if (there?.run === file.run) return this.confirm(name, file.version);
    throw damaged(join(this.folderOf(name), file.version), 'another run has made this version');
  }

  async delete(name: string, version: string): Promise<number> {
    const { disk } = this.options;
    const place = join(this.folderOf(name), version);
    if (!(await isThere(disk, place))) return 0;
    const bytes = await sizeOf(disk, place);
    const staging = await this.options.staging();
    try {
      await this.given.markDeleted(name, version);
      await disk.rename(place, join(staging.path, version));
      // Its files go only once no power cut can bring the version back.
      await disk.syncFolder(staging.path);
      await disk.syncFolder(this.folderOf(name));
    } catch (error) {
      if (!isMissing(error)) throw error;
    } finally {
      await staging.remove();
    }
    return bytes;
  }

  /** The whole folder of a version appears at once: it is filled in staging and renamed. False where one is there. */
  private async putInPlace(name: string, file: VersionFile, zip: string): Promise<boolean> {
    const { disk } = this.options;
    const staging = await this.options.staging();
    const folder = join(staging.path, 'version');
    const target = join(folder, `${name}.zip`);
    try {
      await disk.mkdir(folder);
      await disk.writeNew(join(folder, versionFileName), `${JSON.stringify(file, null, 2)}\n`, true);
      await disk.rename(zip, target);
      try {
        await disk.syncFolder(folder);
        if (!(await this.appear(name, file.version, folder))) return false;
      } finally {
        // Where it did not get into place, the caller has it back.
        if (await isThere(disk, target).catch(() => true)) await disk.rename(target, zip).catch(() => undefined);
      }
    } finally {
      await staging.remove();
    }
    await this.confirm(name, file.version);
    return true;
  }

  private async appear(name: string, version: string, folder: string): Promise<boolean> {
    try {
      await this.options.disk.rename(folder, join(this.folderOf(name), version));
      return true;
    } catch (error) {
      // What the system says of a folder that is there differs from one to the next.
      if (await this.isPublished(name, version)) return false;
      throw error;
    }
  }

  /** Whoever put it there may have died before it was durable. */
  private async confirm(name: string, version: string): Promise<void> {
    await this.options.disk.syncFolder(this.folderOf(name));
    await this.given.markPublished(name, version);
  }

  private async isPublished(name: string, version: string): Promise<boolean> {
    return (await this.numbers(name)).includes(version);
  }

  /** The damaged file is set aside; the seal is made anew from the zip where that is whole. */
  private async rebuild(name: string, version: string, path: string, isDamaged: boolean): Promise<VersionFile> {
    const { disk, now } = this.options;
    const zip = this.zipPath(name, version);
    const why = isDamaged ? 'it is not readable' : 'it is missing';
    try {
      const seal = await sealOfZip(zip);
      const run = await this.options.findRun(name, version);
      const source = run === undefined ? undefined : await this.read(name, run.from);
      const writtenAt = (await disk.stat(zip)).mtime;
      const sourceTree = source?.sealed.tree;
      const file = rebuildVersion({ package: name, version, seal, writtenAt, run, sourceTree });
      // Whatever is beside it tells `verify` that this is not the first seal.
      if (isDamaged) await disk.rename(path, `${path}.damaged-${now()}`);
      else await createExclusive(disk, `${path}.missing-${now()}`, '');
      await createExclusive(disk, path, `${JSON.stringify(file, null, 2)}\n`);
      return file;
    } catch (error) {
      throw damaged(path, why, error);
    }
  }

  private filePath(name: string, version: string): string {
    return join(this.folderOf(name), version, versionFileName);
  }

  private async lockPackage(name: string): Promise<Lease> {
    const { disk, now } = this.options;
    const lease = await this.lock(join(this.folderOf(name), packageLock), name);
    for (const folder of [this.folderOf(name), join(this.folderOf(name), numbersFolder)]) {
      await clearTemporaries(disk, folder, now());
    }
    return lease;
  }

  private async lock(folder: string, name: string): Promise<Lease> {
    const lease = await this.options.leases.wait(folder, lockWaitMilliseconds);
    if (lease !== undefined) return lease;
    const message = `Another process has been at work on ${name} for over a minute.`;
    throw new ExpectedError('version-in-use', message, 'Wait for it, then try again.');
  }

  private folderOf(name: string): string {
    return join(this.options.folder, name);
  }
}

const damaged = (path: string, why: string, error?: unknown): ExpectedError =>
  new ExpectedError('store-damaged', `${path} is damaged: ${why}.`, '`verify` tells what is still whole.', {
    cause: error,
  });
