/** Holds a zip against its seal: the zip's digest, the tree, and every file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { messageOf } from '../domain/errors';
import { comparePaths, type FileEntry } from '../domain/treeHash';
import { treeDigest, type HashOptions } from './hashTree';
import { openZip, type ZipEntry, type ZipReader } from './zipReader';

export interface SealProblem {
  /** Of the file inside the package, or of the zip. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** What of a seal is held against the bytes. */
export interface SealedContent {
  readonly zip: string;
  readonly tree: string;
  readonly files: readonly FileEntry[];
}

/** Empty where all is as sealed; the first difference first. */
export async function verifyZip(
  zip: string,
  name: string,
  seal: SealedContent,
  options: HashOptions = {},
): Promise<SealProblem[]> {
  let digest: string;
  const reading = new Reading(seal, options);
  try {
    reading.add((await stat(zip)).size);
    digest = await fileDigest(zip, reading);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return [{ path: `${name}.zip`, expected: seal.zip, found: isMissing ? absent : messageOf(error) }];
  }
  const inSeal = treeDigest(seal.files);
  const sealProblems = inSeal === seal.tree ? [] : [{ path: 'version.json', expected: seal.tree, found: inSeal }];
  // Also where the zip's digest fits: the list of files may have been changed together with its tree.
  const problems = await contentProblems(zip, name, seal, reading);
  if (problems.length > 0 || sealProblems.length > 0) return [...problems, ...sealProblems];
  return digest === seal.zip ? [] : [{ path: `${name}.zip`, expected: seal.zip, found: digest }];
}

/** How much of the zip, and then of its content, has been read. */
class Reading {
  private done = 0;
  private total: number;

  constructor(
    seal: SealedContent,
    private readonly options: HashOptions,
  ) {
    this.total = seal.files.reduce((sum, file) => sum + file.bytes, 0);
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal;
  }

  add(bytes: number): void {
    this.total += bytes;
  }

  read(bytes: number): void {
    this.options.signal?.throwIfAborted();
    this.done += bytes;
    // What is read may be more than was sealed.
    this.options.onProgress?.({ done: this.done, total: Math.max(this.total, this.done) });
  }
}

async function fileDigest(path: string, reading: Reading): Promise<string> {
  const hash = createHash('sha256');
  const { signal } = reading;
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    hash.update(part as Buffer);
    reading.read((part as Buffer).length);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function contentProblems(
  zip: string,
  name: string,
  seal: SealedContent,
  reading: Reading,
): Promise<SealProblem[]> {
  let reader: ZipReader;
  try {
    reader = await openZip(zip);
  } catch (error) {
    return [{ path: `${name}.zip`, expected: 'a zip that can be read', found: messageOf(error) }];
  }
  try {
    const sealed = new Map(seal.files.map((file) => [file.path, file]));
    const found = new Map(reader.entries.map((entry) => [entry.path, entry]));
    const paths = [...new Set([...sealed.keys(), ...found.keys()])].sort(comparePaths);
    const problems: SealProblem[] = [];
    for (const path of paths) {
      reading.signal?.throwIfAborted();
      const expected = describeSealed(sealed.get(path));
      const actual = await describeFound(reader, found.get(path), reading);
      if (expected !== actual) problems.push({ path, expected, found: actual });
    }
    return problems;
  } finally {
    await reader.close();
  }
}

const absent = 'nothing';
const smallSize = 256 * 1024;

const describeSealed = (file: FileEntry | undefined): string =>
  file === undefined ? absent : file.mode === 'dir' ? 'a folder' : `${file.mode} sha256:${file.sha256}`;

async function describeFound(reader: ZipReader, entry: ZipEntry | undefined, reading: Reading): Promise<string> {
  if (entry === undefined) return absent;
  if (entry.mode === 'dir') return 'a folder';
  try {
    const hash = createHash('sha256');
    if (entry.bytes <= smallSize) {
      hash.update(await reader.readFile(entry.path));
      reading.read(entry.bytes);
      return `${entry.mode} sha256:${hash.digest('hex')}`;
    }
    for await (const part of await reader.openRead(entry.path)) {
      hash.update(part as Buffer);
      reading.read((part as Buffer).length);
    }
    return `${entry.mode} sha256:${hash.digest('hex')}`;
  } catch (error) {
    reading.signal?.throwIfAborted();
    return messageOf(error);
  }
}
