/** Holds a zip against its seal: the zip's digest, the tree, and every file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf } from '../domain/errors';
import { comparePaths, type FileEntry } from '../domain/treeHash';
import { treeDigest } from './hashTree';
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
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SealProblem[]> {
  let digest: string;
  try {
    digest = await fileDigest(zip, options.signal);
  } catch (error) {
    return [{ path: `${name}.zip`, expected: seal.zip, found: messageOf(error) }];
  }
  const inSeal = treeDigest(seal.files);
  const sealProblems = inSeal === seal.tree ? [] : [{ path: 'version.json', expected: seal.tree, found: inSeal }];
  // Also where the zip's digest fits: the list of files may have been changed together with its tree.
  const problems = await contentProblems(zip, seal, options.signal);
  if (problems.length > 0 || sealProblems.length > 0) return [...problems, ...sealProblems];
  return digest === seal.zip ? [] : [{ path: `${name}.zip`, expected: seal.zip, found: digest }];
}

async function fileDigest(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) hash.update(part as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

async function contentProblems(zip: string, seal: SealedContent, signal?: AbortSignal): Promise<SealProblem[]> {
  let reader: ZipReader;
  try {
    reader = await openZip(zip);
  } catch (error) {
    return [{ path: '', expected: 'a zip that can be read', found: messageOf(error) }];
  }
  try {
    const sealed = new Map(seal.files.map((file) => [file.path, file]));
    const found = new Map(reader.entries.map((entry) => [entry.path, entry]));
    const paths = [...new Set([...sealed.keys(), ...found.keys()])].sort(comparePaths);
    const problems: SealProblem[] = [];
    for (const path of paths) {
      signal?.throwIfAborted();
      const expected = describeSealed(sealed.get(path));
      const actual = await describeFound(reader, found.get(path));
      if (expected !== actual) problems.push({ path, expected, found: actual });
    }
    return problems;
  } finally {
    await reader.close();
  }
}

const absent = 'nothing';

const describeSealed = (file: FileEntry | undefined): string =>
  file === undefined ? absent : file.mode === 'dir' ? 'a folder' : `${file.mode} sha256:${file.sha256}`;

async function describeFound(reader: ZipReader, entry: ZipEntry | undefined): Promise<string> {
  if (entry === undefined) return absent;
  if (entry.mode === 'dir') return 'a folder';
  try {
    const hash = createHash('sha256');
    for await (const part of await reader.openRead(entry.path)) hash.update(part as Buffer);
    return `${entry.mode} sha256:${hash.digest('hex')}`;
  } catch (error) {
    return messageOf(error);
  }
}
