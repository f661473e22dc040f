/**
 * The policy for zips from outside: over the central directory and every local header, before anything is extracted.
 * Whatever two readers could understand differently is refused.
 */
import type { FileHandle } from 'node:fs/promises';
import type { ExpectedError } from '../domain/errors';
import { refused } from './archiveRefusal';
import { printable } from '../domain/printable';
import { methods, signatures } from './zipFormat';
import { checkNames, decodeName, hasOtherName, unicodePathField } from './zipNames';

export interface PolicyEntry {
  /** With `/`; without the slash at the end. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly mode: number;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
  readonly flags: number;
  /** The name is beyond ASCII and not marked as UTF-8: Info-ZIP on Linux and macOS writes it so. */
  readonly isUnmarked: boolean;
}

export interface PolicyLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly anyName: boolean;
}

const utf8Flag = 0x0800;
const endLength = 22;
const max16 = 0xffff;
const max32 = 0xffffffff;
const largestDirectory = 256 * 1024 * 1024;

interface Directory {
  readonly start: number;
  readonly size: number;
  readonly count: number;
  /** Where the records of the end begin. */
  readonly end: number;
}

export async function readPolicyEntries(file: FileHandle, limits: PolicyLimits): Promise<PolicyEntry[]> {
  const { size } = await file.stat();
  const directory = await findDirectory(file, size);
  if (directory.count > limits.maxEntries) {
    const hint = 'Nothing was imported. Where you trust it, --max-entries COUNT lets in more.';
    throw refused(`The archive holds ${directory.count} entries, more than ${limits.maxEntries}.`, hint);
  }
  if (directory.size > largestDirectory) throw refused('The directory of the archive is larger than 256 MiB.');
  const bytes = await readAt(file, directory.start, directory.size);
  const entries = parseDirectory(bytes, directory.count);
  checkNames(entries, limits.anyName);
  checkSizes(entries, size, limits);
  await checkLocals(file, entries, directory.start);
  return entries;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw refused('The archive is cut off.');
  return buffer;
}

async function findDirectory(file: FileHandle, size: number): Promise<Directory> {
  if (size < endLength) throw refused('The file is no zip archive: it is too short.');
  const end = await readAt(file, size - endLength, endLength);
  if (end.readUInt32LE(0) !== signatures.end) throw await noEnd(file, size);
  if (end.readUInt16LE(20) !== 0) throw refused('The archive has bytes behind its end.');
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) throw refused('The archive is one part of several.');
  const count = end.readUInt16LE(10);
  if (end.readUInt16LE(8) !== count) throw refused('The archive counts its entries in two ways.');
  const short = { count, size: end.readUInt32LE(12), start: end.readUInt32LE(16), end: size - endLength };
  const directory = await largeDirectory(file, short);
  if (directory.start + directory.size !== directory.end) {
    throw refused('The archive has bytes before its first entry, or between its directory and its end.');
  }
  if ((await firstSignature(file, directory)) !== signatures.local && directory.count > 0) {
    throw refused('The archive has bytes before its first entry.');
  }
  return directory;
}

async function firstSignature(file: FileHandle, directory: Directory): Promise<number> {
  return directory.start < 4 ? 0 : (await readAt(file, 0, 4)).readUInt32LE(0);
}

/** A second end record further in front means a comment or a second archive. */
async function noEnd(file: FileHandle, size: number): Promise<ExpectedError> {
  const length = Math.min(size, max16 + endLength);
  const tail = await readAt(file, size - length, length);
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(signatures.end);
  return tail.includes(signature)
    ? refused('The archive has bytes behind its end (a comment, or more than one archive).')
    : refused('The file is no zip archive: it has no end record.');
}

async function largeDirectory(file: FileHandle, short: Directory): Promise<Directory> {
  const locatorAt = short.end - 20;
  const locator = locatorAt < 0 ? undefined : await readAt(file, locatorAt, 20);
  if (locator?.readUInt32LE(0) !== signatures.locator64) return withoutLarge(short);
  const at = Number(locator.readBigUInt64LE(8));
  if (at + 56 !== locatorAt) throw refused('The 64-bit end record of the archive is not where it should be.');
  const end = await readAt(file, at, 56);
  if (end.readUInt32LE(0) !== signatures.end64) throw refused('The 64-bit end record of the archive is damaged.');
  const large = {
    count: Number(end.readBigUInt64LE(32)),
    size: Number(end.readBigUInt64LE(40)),
    start: Number(end.readBigUInt64LE(48)),
    end: at,
  };
  const pairs = [
    agree(short.count, large.count, max16),
    agree(short.size, large.size, max32),
    agree(short.start, large.start, max32),
  ];
  if (pairs.includes(false)) throw refused('The two end records of the archive disagree.');
  return large;
}

function withoutLarge(short: Directory): Directory {
  const needsLarge = short.count === max16 || short.size === max32 || short.start === max32;
  if (needsLarge && short.start + short.size !== short.end)
    throw refused('The archive needs a 64-bit end record and has none.');
  return short;
}

const agree = (short: number, large: number, most: number): boolean => short === most || short === large;

function parseDirectory(bytes: Buffer, count: number): PolicyEntry[] {
  const entries: PolicyEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== signatures.central)
      throw refused('The directory of the archive is damaged.');
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const next = at + 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw refused('The directory of the archive is damaged.');
    const name = bytes.subarray(at + 46, at + 46 + nameLength);
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    entries.push(entryOf(bytes, at, name, extra));
    at = next;
  }
  if (entries.length !== count)
    throw refused(`The archive says it holds ${count} entries and lists ${entries.length}.`);
  return entries;
}

function entryOf(bytes: Buffer, at: number, nameBytes: Buffer, extra: Buffer): PolicyEntry {
  const isMarked = (bytes.readUInt16LE(at + 8) & utf8Flag) !== 0;
  const madeBy = bytes.readUInt8(at + 5);
  const fields = parseExtra(extra, printable(nameBytes.toString('utf8')));
  const isUnixMade = unixSystems.includes(madeBy);
  const { name, isUnmarked } = decodeName(nameBytes, isMarked || isUnixMade || fields.has(unicodePathField), isMarked);
  const shown = printable(name);
  if (hasOtherName(fields, nameBytes)) throw refused(`${shown} has a second name in an extra field.`);
  const sizes = largeSizes(
    { size: bytes.readUInt32LE(at + 24), compressed: bytes.readUInt32LE(at + 20), offset: bytes.readUInt32LE(at + 42) },
    fields.get(1),
    shown,
  );
  if (bytes.readUInt16LE(at + 34) !== 0) throw refused(`${shown} lies on another disk of the archive.`);
  const isFolder = name.endsWith('/');
  const mode = isUnixMade ? bytes.readUInt32LE(at + 38) >>> 16 : 0;
  const entry: PolicyEntry = {
    path: isFolder ? name.slice(0, -1) : name,
    isFolder,
    mode,
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    flags: bytes.readUInt16LE(at + 8),
    isUnmarked,
    ...sizes,
  };
  checkKind(entry, shown);
  return entry;
}

function parseExtra(extra: Buffer, shown: string): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at < extra.length;) {
    const length = at + 4 <= extra.length ? extra.readUInt16LE(at + 2) : extra.length;
    const id = at + 4 <= extra.length ? extra.readUInt16LE(at) : -1;
    if (id === -1 || at + 4 + length > extra.length) throw refused(`${shown} has a damaged extra field.`);
    if (fields.has(id) && id === 1) throw refused(`${shown} has two 64-bit size fields.`);
    fields.set(id, extra.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

function largeSizes<T extends Record<string, number>>(sizes: T, field: Buffer | undefined, shown: string): T {
  let at = 0;
  const read = (value: number): number => {
    if (value !== max32) return value;
    if (field === undefined || at + 8 > field.length) throw refused(`${shown} needs 64-bit sizes and has none.`);
    const large = field.readBigUInt64LE(at);
    at += 8;
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw refused(`${shown} has an impossible size.`);
    return Number(large);
  };
  return Object.fromEntries(Object.entries(sizes).map(([name, value]) => [name, read(value)])) as T;
}

/** Unix and macOS: names are bytes there, and UTF-8 on every system of today. */
const unixSystems: readonly number[] = [3, 19];
const fileTypes = { none: 0, file: 0o100000, folder: 0o040000, link: 0o120000 } as const;
const encryptedFlags = 0x0001 | 0x0040 | 0x2000;

function checkKind(entry: PolicyEntry, shown: string): void {
  const problem = packingProblem(entry) ?? typeProblem(entry);
  if (problem !== undefined) throw refused(`${shown} ${problem}.`);
}

function packingProblem(entry: PolicyEntry): string | undefined {
  if ((entry.flags & encryptedFlags) !== 0) return 'is encrypted';
  if ((entry.flags & 0x0020) !== 0) return 'holds patched data';
  if (entry.method === methods.stored) return entry.compressed === entry.size ? undefined : 'lies about its size';
  return entry.method === methods.deflated ? undefined : `is packed by an unknown method (${entry.method})`;
}

function typeProblem(entry: PolicyEntry): string | undefined {
  const type = entry.mode & 0o170000;
  if (type === fileTypes.link) return 'is a link';
  const wanted = entry.isFolder ? fileTypes.folder : fileTypes.file;
  if (type !== fileTypes.none && type !== wanted) {
    return entry.isFolder ? 'is no folder, though its name says so' : 'is no file (a device, a pipe or a folder)';
  }
  return entry.isFolder && entry.size !== 0 ? 'is a folder with content' : undefined;
}

const bombRatio = 100;
const bombBytes = 4 * 1024 ** 3;

function checkSizes(entries: readonly PolicyEntry[], archiveBytes: number, limits: PolicyLimits): void {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total > limits.maxBytes) {
    const hint = 'Nothing was imported. Where you trust it, --max-bytes SIZE lets in more.';
    throw refused(`The archive unpacks to ${total} bytes, more than ${limits.maxBytes}.`, hint);
  }
  if (total > bombBytes && total > archiveBytes * bombRatio) {
    const hint = 'Nothing was imported. Where you trust it, unpack it and publish the folder.';
    throw refused(`The archive unpacks to ${total} bytes, more than ${bombRatio} times its own size.`, hint);
  }
}

/** Every local header says what the directory says, and no two entries share bytes. */
async function checkLocals(file: FileHandle, entries: readonly PolicyEntry[], end: number): Promise<void> {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  let free = 0;
  for (const [i, entry] of sorted.entries()) {
    const shown = printable(entry.path);
    if (entry.offset < free) throw refused(`${shown} overlaps another entry.`);
    if (entry.offset > free) throw refused(`There are hidden bytes before ${shown}.`);
    const next = sorted[i + 1]?.offset ?? end;
    free = await checkLocal(file, entry, shown, next);
  }
  if (free !== end) throw refused('There are hidden bytes between the last entry and the directory.');
}

/** Answers where the entry ends. */
async function checkLocal(file: FileHandle, entry: PolicyEntry, shown: string, next: number): Promise<number> {
  if (entry.offset + 30 > next) throw refused(`${shown} overlaps another entry.`);
  const head = await readAt(file, entry.offset, 30);
  if (head.readUInt32LE(0) !== signatures.local) throw refused(`${shown} has no local header.`);
  const nameLength = head.readUInt16LE(26);
  const extraLength = head.readUInt16LE(28);
  const dataAt = entry.offset + 30 + nameLength + extraLength;
  if (dataAt + entry.compressed > next) throw refused(`${shown} overlaps another entry.`);
  const rest = await readAt(file, entry.offset + 30, nameLength + extraLength);
  const name = `${entry.path}${entry.isFolder ? '/' : ''}`;
  if (rest.toString('utf8', 0, nameLength) !== name) throw refused(`${shown} has another name in its local header.`);
  const fields = parseExtra(rest.subarray(nameLength), shown);
  if (hasOtherName(fields, rest.subarray(0, nameLength)))
    throw refused(`${shown} has a second name in an extra field.`);
  checkLocalFields(head, entry, shown, fields.get(1));
  return descriptorEnd(file, entry, dataAt + entry.compressed, next, shown);
}

const descriptorFlag = 0x0008;

function checkLocalFields(head: Buffer, entry: PolicyEntry, shown: string, large: Buffer | undefined): void {
  const flags = head.readUInt16LE(6);
  const known = descriptorFlag | utf8Flag | encryptedFlags;
  if ((flags & known) !== (entry.flags & known) || head.readUInt16LE(8) !== entry.method) {
    throw refused(`${shown}: the local header and the directory disagree.`);
  }
  const sizes = largeSizes({ size: head.readUInt32LE(22), compressed: head.readUInt32LE(18) }, large, shown);
  const crc = head.readUInt32LE(14);
  const same = crc === entry.crc && sizes.size === entry.size && sizes.compressed === entry.compressed;
  const later = (flags & descriptorFlag) !== 0 && crc === 0 && sizes.size === 0 && sizes.compressed === 0;
  if (!same && !later) throw refused(`${shown}: the local header and the directory disagree.`);
}

const descriptorSignature = 0x08074b50;

/** Behind the data of an entry with flag 3 its sizes follow, in one of four forms. */
async function descriptorEnd(
  file: FileHandle,
  entry: PolicyEntry,
  dataEnd: number,
  next: number,
  shown: string,
): Promise<number> {
  if ((entry.flags & descriptorFlag) === 0) return dataEnd;
  const length = next - dataEnd;
  if (![12, 16, 20, 24].includes(length)) throw refused(`There are hidden bytes behind ${shown}.`);
  const bytes = await readAt(file, dataEnd, length);
  const signed = length === 16 || length === 24;
  if (signed && bytes.readUInt32LE(0) !== descriptorSignature) throw refused(`There are hidden bytes behind ${shown}.`);
  const found = readDescriptor(signed ? bytes.subarray(4) : bytes);
  if (found.crc !== entry.crc || found.compressed !== entry.compressed || found.size !== entry.size) {
    throw refused(`${shown}: the sizes behind its data and the directory disagree.`);
  }
  return next;
}

function readDescriptor(bytes: Buffer): Pick<PolicyEntry, 'crc' | 'compressed' | 'size'> {
  const crc = bytes.readUInt32LE(0);
  if (bytes.length === 8 + 4) return { crc, compressed: bytes.readUInt32LE(4), size: bytes.readUInt32LE(8) };
  return { crc, compressed: Number(bytes.readBigUInt64LE(4)), size: Number(bytes.readBigUInt64LE(12)) };
}
