/** The records of the zip format that the writer and the policy need (PKWARE APPNOTE 6.3, sections 4.3 and 4.5). */

export const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

export const methods = { stored: 0, deflated: 8 } as const;

export interface EntryHeader {
  /** UTF-8; ends with "/" for a folder. */
  readonly name: Buffer;
  readonly mode: number;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  /** Of the local header. */
  readonly offset: number;
  /** Whether the local header carries sizes of 64 bits. */
  readonly zip64: boolean;
}

const max32 = 0xffffffff;
const utf8Flag = 0x0800;
/** 1980-01-01, the first day that the format knows. */
const fixedDate = 0x0021;
const madeByUnix = 3 << 8;

export function localHeader(entry: EntryHeader): Buffer {
  const extra = entry.zip64 ? extra64([entry.size, entry.compressed]) : Buffer.alloc(0);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(signatures.local, 0);
  head.writeUInt16LE(entry.zip64 ? 45 : 20, 4);
  head.writeUInt16LE(utf8Flag, 6);
  head.writeUInt16LE(entry.method, 8);
  head.writeUInt16LE(0, 10);
  head.writeUInt16LE(fixedDate, 12);
  head.writeUInt32LE(entry.crc, 14);
  head.writeUInt32LE(entry.zip64 ? max32 : entry.compressed, 18);
  head.writeUInt32LE(entry.zip64 ? max32 : entry.size, 22);
  head.writeUInt16LE(entry.name.length, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, entry.name, extra]);
}

export function centralHeader(entry: EntryHeader): Buffer {
  const large = [entry.size, entry.compressed, entry.offset].filter((value) => value >= max32);
  const extra = large.length > 0 ? extra64(large) : Buffer.alloc(0);
  const head = Buffer.alloc(46);
  const version = entry.zip64 || large.length > 0 ? 45 : 20;
  head.writeUInt32LE(signatures.central, 0);
  head.writeUInt16LE(madeByUnix | version, 4);
  head.writeUInt16LE(version, 6);
  head.writeUInt16LE(utf8Flag, 8);
  head.writeUInt16LE(entry.method, 10);
  head.writeUInt16LE(0, 12);
  head.writeUInt16LE(fixedDate, 14);
  head.writeUInt32LE(entry.crc, 16);
  head.writeUInt32LE(Math.min(entry.compressed, max32), 20);
  head.writeUInt32LE(Math.min(entry.size, max32), 24);
  head.writeUInt16LE(entry.name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  const isFolder = entry.name.at(-1) === 0x2f;
  head.writeUInt32LE(((entry.mode << 16) | (isFolder ? 0x10 : 0)) >>> 0, 38);
  head.writeUInt32LE(Math.min(entry.offset, max32), 42);
  return Buffer.concat([head, entry.name, extra]);
}

function extra64(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return extra;
}

/** The end of the archive; with 64 bits only where it must be. */
export function endRecords(count: number, offset: number, size: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(signatures.end, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(Math.min(size, max32), 12);
  end.writeUInt32LE(Math.min(offset, max32), 16);
  if (count < 0xffff && size < max32 && offset < max32) return end;
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(signatures.end64, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(madeByUnix | 45, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(signatures.locator64, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}
