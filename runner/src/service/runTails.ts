/** The last of what runs print, kept while somebody asks: one line, the newest value of each metric, the step. */
import type { RunTail } from '../protocol';
import type { RunLogLine, Runner } from '../runner';
import { parseMetric } from '../domain/metrics';

/** Nobody asked for so long: the log is not read on. */
const idleMilliseconds = 15_000;

const nothing: RunTail = { line: '', metrics: [], heardAt: 0, makes: '' };

interface Followed {
  readonly controller: AbortController;
  tail: RunTail;
  askedAt: number;
}

export class RunTails {
  private readonly followed = new Map<string, Followed>();

  constructor(private readonly runner: Runner) {}

  /** The tail as far as it is read; the first answer comes once what there is now has been read. */
  async tail(id: string): Promise<RunTail> {
    this.forgetIdle();
    const tail = await this.printed(id);
    return { ...tail, makes: await this.runner.reserved(id) };
  }

  private async printed(id: string): Promise<RunTail> {
    const known = this.followed.get(id);
    if (known !== undefined) {
      known.askedAt = performance.now();
      return known.tail;
    }
    const controller = new AbortController();
    const fresh: Followed = { controller, tail: nothing, askedAt: performance.now() };
    this.followed.set(id, fresh);
    for await (const line of this.runner.logLines(id, { follow: false })) fresh.tail = withLine(fresh.tail, line);
    void this.follow(id, fresh);
    return fresh.tail;
  }

  dispose(): void {
    for (const { controller } of this.followed.values()) controller.abort();
    this.followed.clear();
  }

  private async follow(id: string, followed: Followed): Promise<void> {
    const { signal } = followed.controller;
    try {
      let tail = nothing;
      for await (const line of this.runner.logLines(id, { follow: true, signal })) {
        tail = withLine(tail, line);
        // What is read again from the start is older than what is shown.
        if (tail.heardAt >= followed.tail.heardAt) followed.tail = tail;
      }
    } catch {
      // The run was deleted, or the reading ended with the connection.
    }
  }

  private forgetIdle(): void {
    const now = performance.now();
    for (const [id, { controller, askedAt }] of this.followed) {
      if (now - askedAt < idleMilliseconds) continue;
      controller.abort();
      this.followed.delete(id);
    }
  }
}

/** Metrics keep the order in which they were printed first. */
export function withLine(tail: RunTail, line: RunLogLine): RunTail {
  const heardAt = Date.parse(line.time);
  const metric = line.stream === 'stdout' ? parseMetric(line.text) : undefined;
  if (metric === undefined) return line.text.trim() === '' ? tail : { ...tail, line: line.text, heardAt };
  const known = tail.metrics.some((one) => one.metric === metric.metric);
  const metrics = known
    ? tail.metrics.map((one) => (one.metric === metric.metric ? metric : one))
    : [...tail.metrics, metric];
  return { ...tail, metrics, heardAt };
}
