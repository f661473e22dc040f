/** Pulls an image, with progress by its layers. */
import type { Readable } from 'node:stream';
import * as z from 'zod';
import type { ExpectedError } from '../../domain/errors';
import type { PrepareEvents } from './images';
import { DockerRefusal, type DockerClient } from './dockerClient';

const lineSchema = z.object({
  id: z.string().nullish(),
  status: z.string().nullish(),
  stream: z.string().nullish(),
  error: z.string().nullish(),
  progressDetail: z.object({ current: z.number().nullish(), total: z.number().nullish() }).nullish(),
});
export type EngineLine = z.infer<typeof lineSchema>;

export async function pullImage(
  client: DockerClient,
  name: string,
  events: PrepareEvents,
  signal?: AbortSignal,
): Promise<void> {
  const [image, tag] = splitName(name);
  // The engine says nothing until a registry answers, or until its own patience ends.
  const { headers, problem } = await client.registries.forPull(name);
  const patient = { signal, timeoutMilliseconds: 300_000, idleMilliseconds: 300_000, headers };
  const query = { _query: { fromImage: image, tag }, _body: {} };
  const body = await client.stream('POST', '/images/create', query, patient).catch(becauseOf(problem));
  const layers = new Map<string, { current: number; total: number }>();
  for await (const line of engineLines(body)) {
    refuse(line, problem);
    const { current, total } = line.progressDetail ?? {};
    if (line.id === null || line.id === undefined || current === null || current === undefined) continue;
    layers.set(line.id, { current, total: total ?? 0 });
    const sums = [...layers.values()];
    const done = sums.reduce((sum, layer) => sum + layer.current, 0);
    events.onProgress({
      text: `pulling ${name}`,
      done,
      total: sums.reduce((sum, layer) => sum + layer.total, 0),
      unit: 'bytes',
    });
  }
}

function refuse({ error }: EngineLine, problem: ExpectedError | undefined): void {
  if (error !== null && error !== undefined) throw problem ?? new DockerRefusal(500, error);
}

/** A refusal may well come from credentials that could not be had. */
export const becauseOf =
  (problem: ExpectedError | undefined) =>
  (error: unknown): never => {
    throw problem !== undefined && error instanceof DockerRefusal ? problem : error;
  };

/** "python:3.12-slim" → image and tag; a digest goes as the tag. */
function splitName(name: string): [string, string] {
  const at = name.indexOf('@');
  if (at !== -1) return [name.slice(0, at), name.slice(at + 1)];
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, 'latest'];
}

const longestLine = 1024 * 1024;

/** The JSON lines of long calls; a line that is none is passed over. */
export async function* engineLines(body: Readable): AsyncGenerator<EngineLine> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const part of body) {
    rest += decoder.decode(part as Buffer, { stream: true });
    const lines = rest.split('\n');
    rest = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) {
      const parsed = parse(line);
      if (parsed !== undefined) yield parsed;
    }
  }
  const last = parse(rest);
  if (last !== undefined) yield last;
}

function parse(text: string): EngineLine | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
