/**
 * A record of `log.idx`, little-endian: sequence u48, time u48 (ms), length u32, stream u8 (0 stdout, 1 stderr, 2 event,
 * 3 note), 3 bytes zero, offset u48 in `log.txt`, end u48 of `events.jsonl`, CRC-32 u32 of the rest, hint 60 bytes padded
 * with zeros. A piece of an event or without bytes has the length 0.
 */
import { crc32 } from 'node:zlib';

export const recordLength = 96;
const crcOffset = 32;
const hintOffset = 36;
const hintLength = recordLength - hintOffset;

export const streamNumbers = { stdout: 0, stderr: 1, event: 2, note: 3 } as const;

export interface IndexRecord {
  readonly sequence: number;
  readonly time: number;
  readonly length: number;
  readonly stream: number;
  readonly offset: number;
  readonly eventsEnd: number;
  readonly hint: string;
}

export function encodeRecord(record: IndexRecord): Buffer {
  const buffer = Buffer.alloc(recordLength);
  buffer.writeUIntLE(record.sequence, 0, 6);
  buffer.writeUIntLE(Math.max(0, Math.floor(record.time)), 6, 6);
  buffer.writeUInt32LE(record.length, 12);
  buffer.writeUInt8(record.stream, 16);
  buffer.writeUIntLE(record.offset, 20, 6);
  buffer.writeUIntLE(record.eventsEnd, 26, 6);
  // A hint only saves reading again: without it an engine finds the place by the sequence.
  if (Buffer.byteLength(record.hint) <= hintLength) buffer.write(record.hint, hintOffset, 'utf8');
  buffer.writeUInt32LE(checksum(buffer, 0), crcOffset);
  return buffer;
}

/** Undefined where the bytes are not what was written once. */
export function decodeRecord(buffer: Buffer, at: number): IndexRecord | undefined {
  if (at + recordLength > buffer.length || buffer.readUInt32LE(at + crcOffset) !== checksum(buffer, at))
    return undefined;
  return {
    sequence: buffer.readUIntLE(at, 6),
    time: buffer.readUIntLE(at + 6, 6),
    length: buffer.readUInt32LE(at + 12),
    stream: buffer.readUInt8(at + 16),
    offset: buffer.readUIntLE(at + 20, 6),
    eventsEnd: buffer.readUIntLE(at + 26, 6),
    hint: buffer.toString('utf8', at + hintOffset, at + recordLength).replace(/\0+$/, ''),
  };
}

/** Starts from a number of its own, so that zeros are no record. */
function checksum(buffer: Buffer, at: number): number {
  const first = crc32(buffer.subarray(at, at + crcOffset), 0x7472_6169);
  return crc32(buffer.subarray(at + hintOffset, at + recordLength), first);
}
