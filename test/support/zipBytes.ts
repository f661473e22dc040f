/** Zips made byte by byte, so that each can have one thing wrong. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface Part {
  readonly name: string | Buffer;
  readonly data?: string | Buffer;
  readonly deflate?: boolean;
  readonly mode?: number;
  readonly madeBy?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly extra?: Buffer;
  readonly descriptor?: boolean;
  /** Changes to the local header only. */
  readonly local?: {
    readonly name?: string;
    readonly crc?: number;
    readonly size?: number;
    readonly compressed?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly extra?: Buffer;
  };
  /** Changes to the directory only. */
  readonly central?: {
    readonly crc?: number;
    readonly size?: number;
    readonly compressed?: number;
    readonly offset?: number;
    readonly disk?: number;
    readonly flags?: number;
  };
  /** Bytes between the data and the next entry. */
  readonly behind?: Buffer;
  /** Bytes after the compressed data that count as compressed data. */
  readonly tail?: Buffer;
}

export interface Wrap {
  readonly before?: Buffer;
  readonly behind?: Buffer;
  readonly comment?: string;
  readonly count?: number;
  readonly beforeDirectory?: Buffer;
  readonly disk?: number;
  readonly change?: (zip: Buffer) => Buffer;
}

export const ok: Part = { name: 'digits/train.py', data: 'class Main: pass\n' };

export function zip(parts: readonly Part[], wrap: Wrap = {}): Buffer {
  const chunks: Buffer[] = [wrap.before ?? Buffer.alloc(0)];
  let offset = chunks[0]?.length ?? 0;
  const directory: Buffer[] = [];
  for (const part of parts) {
    const { local, central } = entry(part, offset);
    chunks.push(local);
    offset += local.length;
    directory.push(central);
  }
  const gap = wrap.beforeDirectory ?? Buffer.alloc(0);
  const all = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(wrap.disk ?? 0, 4);
  end.writeUInt16LE(wrap.count ?? parts.length, 8);
  end.writeUInt16LE(wrap.count ?? parts.length, 10);
  end.writeUInt32LE(all.length, 12);
  end.writeUInt32LE(offset + gap.length, 16);
  const comment = Buffer.from(wrap.comment ?? '');
  end.writeUInt16LE(comment.length, 20);
  const whole = Buffer.concat([...chunks, gap, all, end, comment, wrap.behind ?? Buffer.alloc(0)]);
  return wrap.change === undefined ? whole : wrap.change(whole);
}

function entry(part: Part, offset: number): { local: Buffer; central: Buffer } {
  const name = Buffer.from(part.name);
  const data = Buffer.from(part.data ?? '');
  const packed = Buffer.concat([part.deflate === true ? deflateRawSync(data) : data, part.tail ?? Buffer.alloc(0)]);
  const method = part.method ?? (part.deflate === true ? 8 : 0);
  const flags = (part.flags ?? 0x0800) | (part.descriptor === true ? 8 : 0);
  const crc = crc32(data);
  const extra = part.extra ?? Buffer.alloc(0);
  const local = Buffer.alloc(30);
  const localName = Buffer.from(part.local?.name ?? name);
  const localExtra = part.local?.extra ?? extra;
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(part.local?.flags ?? flags, 6);
  local.writeUInt16LE(part.local?.method ?? method, 8);
  local.writeUInt32LE(part.local?.crc ?? (part.descriptor === true ? 0 : crc), 14);
  local.writeUInt32LE(part.local?.compressed ?? (part.descriptor === true ? 0 : packed.length), 18);
  local.writeUInt32LE(part.local?.size ?? (part.descriptor === true ? 0 : data.length), 22);
  local.writeUInt16LE(localName.length, 26);
  local.writeUInt16LE(localExtra.length, 28);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(((part.madeBy ?? 3) << 8) | 20, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(part.central?.flags ?? flags, 8);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(part.central?.crc ?? crc, 16);
  central.writeUInt32LE(part.central?.compressed ?? packed.length, 20);
  central.writeUInt32LE(part.central?.size ?? data.length, 24);
  central.writeUInt16LE(name.length, 28);
  central.writeUInt16LE(extra.length, 30);
  central.writeUInt16LE(part.central?.disk ?? 0, 34);
  const isFolder = name.at(-1) === 0x2f;
  central.writeUInt32LE(((part.mode ?? (isFolder ? 0o40755 : 0o100644)) << 16) >>> 0, 38);
  central.writeUInt32LE(part.central?.offset ?? offset, 42);
  const descriptor = Buffer.alloc(part.descriptor === true ? 16 : 0);
  if (part.descriptor === true) {
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(crc, 4);
    descriptor.writeUInt32LE(packed.length, 8);
    descriptor.writeUInt32LE(data.length, 12);
  }
  return {
    local: Buffer.concat([local, localName, localExtra, packed, descriptor, part.behind ?? Buffer.alloc(0)]),
    central: Buffer.concat([central, name, extra]),
  };
}

export const field = (id: number, data: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
};
/** As Info-ZIP writes it: a version, the checksum of the name in the header, the name as UTF-8. */
export function secondName(name: string, crc = crc32(name)): Buffer {
  const head = Buffer.alloc(5, 1);
  head.writeUInt32LE(crc, 1);
  return field(0x7075, Buffer.concat([head, Buffer.from(name)]));
}
export const file = (name: string | Buffer, rest: Partial<Part> = {}): Part => ({ name, data: 'x', ...rest });
export const withTrain = (...parts: Part[]): Buffer => zip([ok, ...parts]);

/** Name of the kind, the archive, and what the refusal must name. */
