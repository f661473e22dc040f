/**
 * Small outputs that the harness sent along with the log (`harness/outputs.py`), kept until they are collected: fetching
 * them from the container takes longer than all the rest of a short run's end. What is not here is fetched.
 */
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import type { TarSource } from '../../archive/tarPack';
import type { LogChunk } from '../engine';

const most = { bytes: 1024 * 1024, parts: 64, runs: 32 } as const;
const marker = Buffer.from('{"event":"outputs"');
const partSchema = z.object({ part: z.int().min(1), parts: z.int().min(1).max(most.parts), data: z.base64() });
const entrySchema = z.object({ path: z.string(), mode: z.int().min(0).max(0o7777), data: z.base64().nullable() });

export class OutputsInLog {
  private readonly runs = new Map<string, string[]>();

  /** True where the chunk carries outputs: then it is none of the log's. */
  take(runId: string, { stream, bytes }: LogChunk): boolean {
    if (stream !== 'event' || !Buffer.from(bytes.buffer, bytes.byteOffset, marker.length).equals(marker)) return false;
    const found = partSchema.safeParse(parse(Buffer.from(bytes).toString('utf8')));
    if (found.success) this.keep(runId, found.data);
    return true;
  }

  private keep(runId: string, { part, parts, data }: z.infer<typeof partSchema>): void {
    const known = this.runs.get(runId);
    const kept = known?.length === parts ? known : Array.from({ length: parts }, () => '');
    kept[part - 1] = data;
    this.runs.delete(runId);
    this.runs.set(runId, kept);
    const [oldest] = this.runs.keys();
    if (this.runs.size > most.runs && oldest !== undefined) this.runs.delete(oldest);
  }

  /** The outputs below `root`, once; undefined where they are not all here. */
  collect(runId: string, root: string): TarSource[] | undefined {
    const parts = this.runs.get(runId);
    this.runs.delete(runId);
    if (parts === undefined || parts.includes('')) return undefined;
    try {
      const text = inflateSync(Buffer.from(parts.join(''), 'base64'), { maxOutputLength: most.bytes });
      const entries = z.array(entrySchema).parse(JSON.parse(text.toString('utf8')));
      return entries.map((entry) => source(root, entry));
    } catch {
      return undefined;
    }
  }

  forget(runId: string): void {
    this.runs.delete(runId);
  }
}

function source(root: string, { path, mode, data }: z.infer<typeof entrySchema>): TarSource {
  const full = path === '' ? root : `${root}/${path}`;
  if (data === null) return { kind: 'folder', path: full, mode };
  return { kind: 'file', path: full, mode, content: Buffer.from(data, 'base64') };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
