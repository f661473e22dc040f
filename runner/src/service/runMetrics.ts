/** The metrics and the resource use of a run, from its log and its events. */
import * as z from 'zod';
import { parseMetric } from '../domain/metrics';
import type { MetricPoint, RunMetrics, UsagePoint } from '../protocol';
import type { Runner } from '../runner';

const usageSchema = z.object({
  event: z.literal('usage'),
  time: z.number(),
  cpu: z.number().nullish(),
  memory: z.number().nullish(),
  gpu: z.array(z.object({ utilization: z.number().nullish(), memory: z.number().nullish() })).nullish(),
});

export async function readRunMetrics(runner: Runner, id: string): Promise<RunMetrics> {
  const metrics: MetricPoint[] = [];
  for await (const line of runner.logLines(id, { follow: false })) {
    const found = line.stream === 'stdout' ? parseMetric(line.text) : undefined;
    if (found !== undefined) metrics.push({ ...found, time: Date.parse(line.time) });
  }
  return { metrics, usage: await readUsage(runner, id, 0) };
}

/** Samples from an index on. */
export async function readUsage(runner: Runner, id: string, from: number): Promise<UsagePoint[]> {
  const usage: UsagePoint[] = [];
  let number = 0;
  for await (const event of runner.runEvents(id)) {
    const parsed = usageSchema.safeParse(event);
    if (!parsed.success) continue;
    number += 1;
    if (number > from) usage.push(usagePoint(parsed.data));
  }
  return usage;
}

const usagePoint = (event: z.infer<typeof usageSchema>): UsagePoint => ({
  time: event.time,
  cpu: event.cpu ?? null,
  memory: event.memory ?? null,
  gpu: (event.gpu ?? []).map(({ utilization, memory }) => ({
    utilization: utilization ?? null,
    memory: memory ?? null,
  })),
});
