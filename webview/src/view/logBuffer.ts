/** Lines of a log as they come: the newest 100,000, and the numbers that all of them told. */
import { parseMetric } from '../../../runner/src/domain/metrics';
import type { LogLine } from '../protocol';

/** Lines of the log by their number in the file; the oldest are forgotten. */
export interface LogBuffer {
  readonly first: number;
  readonly lines: readonly LogLine[];
}

export const emptyBuffer: LogBuffer = { first: 0, lines: [] };
const keptLines = 100_000;

export function appendLines(buffer: LogBuffer, from: number, lines: readonly LogLine[]): LogBuffer {
  const isNext = from >= buffer.first && from <= buffer.first + buffer.lines.length;
  if (!isNext) return { first: from, lines };
  const all = [...buffer.lines.slice(0, from - buffer.first), ...lines];
  const over = Math.max(0, all.length - keptLines);
  return { first: buffer.first + over, lines: over === 0 ? all : all.slice(over) };
}

export interface MetricSeries {
  readonly name: string;
  readonly points: { readonly x: number; readonly y: number; readonly line: number; readonly time: number }[];
}

const keptPoints = 100_000;

/** Metrics of all lines, also of those that the buffer has forgotten. In the order first printed. */
export class MetricStore {
  private readonly byName = new Map<string, MetricSeries>();
  /** What a run says it will do in all, where it says so: `"steps": 60`. */
  steps: number | null = null;

  append(from: number, lines: readonly LogLine[]): void {
    this.forget(from);
    lines.forEach((line, i) => {
      const metric = line.stream === 'stdout' ? parseMetric(line.text) : undefined;
      if (metric === undefined) return;
      const known = this.byName.get(metric.metric) ?? { name: metric.metric, points: [] };
      const x = metric.step ?? (known.points.at(-1)?.x ?? -1) + 1;
      if (known.points.length < keptPoints)
        known.points.push({ x, y: metric.value, line: from + i, time: Date.parse(line.time) });
      if (metric.steps !== null) this.steps = metric.steps;
      this.byName.set(metric.metric, known);
    });
  }

  get series(): readonly MetricSeries[] {
    return [...this.byName.values()];
  }

  /** Lines that are told again replace what they said before. */
  private forget(from: number): void {
    for (const [name, { points }] of this.byName) {
      while ((points.at(-1)?.line ?? -1) >= from) points.pop();
      if (points.length === 0) this.byName.delete(name);
    }
  }
}
