/** A version whose `version.json` is damaged or gone, told from its zip and from the run that made it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { treeDigest } from '../archive/hashTree';
import { openEntries, openZip } from '../archive/zipReader';
import type { Run } from '../domain/run';
import type { FileEntry } from '../domain/treeHash';
import type { MadeFrom, Seal, VersionFile } from '../domain/version';

/** Fails where the zip is not whole. */
export async function sealOfZip(zip: string): Promise<Seal> {
  const checksums = await checksumsOf(zip);
  const reader = await openZip(zip);
  try {
    const files: FileEntry[] = [];
    for (const { path, mode } of reader.entries) {
      if (mode === 'dir') {
        files.push({ path, mode, bytes: 0, sha256: '' });
        continue;
      }
      const hash = createHash('sha256');
      let bytes = 0;
      let checksum = 0;
      for await (const part of await reader.openRead(path)) {
        hash.update(part as Buffer);
        bytes += (part as Buffer).length;
        checksum = crc32(part as Buffer, checksum);
      }
      if (checksum !== checksums.get(path)) throw new Error(`${path} in ${zip} is damaged`);
      files.push({ path, mode, bytes, sha256: hash.digest('hex') });
    }
    return { zip: await digestOf(zip), tree: treeDigest(files), files };
  } finally {
    await reader.close();
  }
}

/** Below the root folder, as the reader has them. */
async function checksumsOf(zip: string): Promise<Map<string, number>> {
  const { archive, entries } = await openEntries(zip);
  archive.close();
  return new Map(entries.map((entry) => [entry.fileName.slice(entry.fileName.indexOf('/') + 1), entry.crc32]));
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

export interface VersionRemains {
  readonly package: string;
  readonly version: string;
  readonly seal: Seal;
  /** When the zip was written. */
  readonly writtenAt: Date;
  /** The run that made it; undefined where it was published, or nothing is known of its run. */
  readonly run: Run | undefined;
  /** The tree of the version that the run started from. */
  readonly sourceTree: string | undefined;
}

/** What nobody wrote down elsewhere is left empty. */
export function rebuildVersion({ seal, run, writtenAt, sourceTree, ...names }: VersionRemains): VersionFile {
  return {
    schema: 1,
    package: names.package,
    version: names.version,
    from: run?.from ?? '',
    run: run?.id ?? '',
    createdAt: run?.endedAt ?? writtenAt.toISOString(),
    sealed: seal,
    madeFrom: run === undefined || sourceTree === undefined ? null : madeFromOf(run, sourceTree),
  };
}

function madeFromOf(run: Run, tree: string): MadeFrom | null {
  const { dataset } = run;
  if (dataset.tree === '') return null;
  return {
    source: { version: run.from, tree },
    dataset: {
      name: dataset.path.split('/').findLast((part) => part !== '') ?? dataset.path,
      tree: dataset.tree,
      files: dataset.files,
      bytes: dataset.bytes,
      changed: run.warnings.some((warning) => warning.code === 'dataset-changed'),
    },
    image: null,
    python: '',
    distributions: [],
    parameters: run.parameters,
    gpu: run.gpu.got,
    engine: run.engine,
    network: '',
    harness: '',
    resources: { platform: '', cpus: null, memory: null },
  };
}
