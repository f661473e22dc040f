/** Progress in words: how much of how much, how fast, and how long it will take. */
import { formatBytes, formatCount, formatSeconds } from '../domain/format';
import type { Progress } from '../engine/engine';

/** The rate is that of the last few seconds: a stall shows, a hiccup does not. */
const windowSeconds = 3;

interface Sample {
  readonly at: number;
  readonly done: number;
}

export class ProgressText {
  private text = '';
  private samples: Sample[] = [];

  constructor(private readonly milliseconds: () => number) {}

  of({ text, done, total = 0, unit }: Progress): string {
    if (done === undefined) return text;
    const rate = this.rate(text, done);
    const amount = unit === 'bytes' ? formatBytes : formatCount;
    const parts = [total > 0 ? `${amount(done)} of ${amount(total)}` : amount(done)];
    if (unit === 'bytes' && rate > 0) parts.push(`${formatBytes(rate)}/s`);
    if (rate > 0 && total > done) parts.push(`${formatSeconds((total - done) / rate)} left`);
    return `${text}: ${parts.join(', ')}`;
  }

  private rate(text: string, done: number): number {
    const now = this.milliseconds() / 1000;
    const last = this.samples.at(-1);
    if (text !== this.text || (last !== undefined && done < last.done)) this.samples = [];
    this.text = text;
    this.samples.push({ at: now, done });
    while ((this.samples[1]?.at ?? now) < now - windowSeconds) this.samples.shift();
    const [first] = this.samples;
    // Below half a second a rate is noise.
    if (first === undefined || now - first.at < 0.5) return 0;
    return (done - first.done) / (now - first.at);
  }
}
