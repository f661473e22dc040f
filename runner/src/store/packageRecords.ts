/** What the store remembers of package names: `packages/<package>/package.json`. */
import { join } from 'node:path';
import * as z from 'zod';
import { ExpectedError } from '../domain/errors';
import { packageKey } from '../domain/packageName';
import { compareVersions, isVersionNumber } from '../domain/versionNumber';
import type { Disk } from './disk';
import { isThere, listFolder, makeFolder, parseJson, readIfThere, replaceFile } from './fileOperations';
import type { Lease, PackageRecord } from './store';

const recordSchema = z.object({
  name: z.string(),
  folder: z.string().nullable(),
  /** When the folder took the name, in milliseconds since the epoch: of several names, the latest is the folder's. */
  since: z.number().optional(),
});
type Stored = PackageRecord & { readonly since: number };
const recordFile = 'package.json';

export interface PackageRecordsOptions {
  /** Absolute path of `packages/`. */
  readonly folder: string;
  readonly disk: Disk;
  readonly now: () => number;
  readonly prepare: () => Promise<void>;
  /** One change of names at a time, over all processes. */
  readonly lock: () => Promise<Lease>;
}

export class PackageRecords {
  constructor(private readonly options: PackageRecordsOptions) {}

  async all(): Promise<PackageRecord[]> {
    return (await this.stored()).map(plain);
  }

  /** The name that the folder took last. */
  async ofFolder(folder: string): Promise<PackageRecord | undefined> {
    const own = (await this.stored()).filter((record) => record.folder === folder);
    const latest = own.reduce<Stored | undefined>((a, b) => (a !== undefined && a.since >= b.since ? a : b), undefined);
    return latest && plain(latest);
  }

  private async stored(): Promise<Stored[]> {
    const folders = (await listFolder(this.disk, this.options.folder)).filter((entry) => entry.isDirectory());
    const records = await Promise.all(folders.map((entry) => this.record(entry.name)));
    return records.filter((record) => record !== undefined);
  }

  async find(name: string): Promise<PackageRecord | undefined> {
    const exact = await this.record(name);
    if (exact?.name === name) return plain(exact);
    const key = packageKey(name);
    return (await this.all()).find((record) => packageKey(record.name) === key);
  }

  async claim(name: string, folder: string | null): Promise<PackageRecord> {
    const known = await this.find(name);
    if (known !== undefined && !(await this.isNews(known, folder))) return ownedBy(known, folder);
    await this.options.prepare();
    const lock = await this.options.lock();
    try {
      const now = await this.find(name);
      if (now !== undefined && !(await this.isNews(now, folder))) return ownedBy(now, folder);
      return await this.write({ name: now?.name ?? name, folder });
    } finally {
      await lock.release();
    }
  }

  /** Whether the folder takes over a name that nobody's folder has, or goes back to one that it had before. */
  private async isNews(known: PackageRecord, folder: string | null): Promise<boolean> {
    if (folder === null) return false;
    if (known.folder === null) return true;
    return known.folder === folder && (await this.ofFolder(folder))?.name !== known.name;
  }

  /** Numbers that exist, highest first. */
  async numbers(name: string): Promise<string[]> {
    const entries = await listFolder(this.disk, join(this.options.folder, name));
    const found = entries.filter((entry) => entry.isDirectory() && isVersionNumber(entry.name));
    return found.map((entry) => entry.name).sort((a, b) => compareVersions(b, a));
  }

  private async write(record: PackageRecord): Promise<PackageRecord> {
    const place = join(this.options.folder, record.name);
    const path = join(place, recordFile);
    await makeFolder(this.disk, place);
    const text = await readIfThere(this.disk, path);
    if (text !== undefined && !recordSchema.safeParse(parseJson(text)).success) {
      await this.disk.rename(path, `${path}.damaged-${this.options.now()}`);
    }
    await replaceFile(this.disk, path, JSON.stringify({ ...record, since: this.options.now() }));
    // The folder may have been made by a process that died before it was durable.
    await this.disk.syncFolder(this.options.folder);
    return record;
  }

  /** The folder's name is the package's. Where the record is gone or damaged, the versions still tell that it is one. */
  private async record(name: string): Promise<Stored | undefined> {
    const place = join(this.options.folder, name);
    const text = await readIfThere(this.disk, join(place, recordFile));
    const parsed = recordSchema.safeParse(parseJson(text));
    if (parsed.success) {
      const { folder, since = 0 } = parsed.data;
      return { name: await this.spelt(name, parsed.data.name), folder, since };
    }
    return (await this.numbers(name)).length === 0 ? undefined : { name, folder: null, since: 0 };
  }

  /** A file system without regard to case answers to any spelling; the record has the one that counts. */
  private async spelt(asked: string, recorded: string): Promise<string> {
    if (asked === recorded || packageKey(asked) !== packageKey(recorded)) return asked;
    return (await isThere(this.disk, join(this.options.folder, recorded, recordFile))) ? recorded : asked;
  }

  private get disk(): Disk {
    return this.options.disk;
  }
}

const plain = ({ name, folder }: PackageRecord): PackageRecord => ({ name, folder });

function ownedBy(known: PackageRecord, folder: string | null): PackageRecord {
  if (folder === null || known.folder === folder) return known;
  const message = `The package name ${known.name} belongs to the folder ${known.folder}.`;
  const hint = `Give ${folder} another name with \`publish --name\`, or in the configuration file.`;
  throw new ExpectedError('package-name-taken', message, hint);
}
