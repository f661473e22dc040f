/** Where the command line writes: documents and logs to stdout, progress and errors to stderr, with or without colours. */
import { formatBytes, formatSeconds } from '../domain/format';
import type { Progress } from '../engine/engine';

export interface Streams {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

export interface TerminalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colours: boolean;
}

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
const codes: Readonly<Record<Colour, number>> = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 };

export class Terminal {
  private liveLength = 0;
  private lastProgress = '';
  private readonly rates = new Map<string, { at: number; done: number; rate: number }>();

  constructor(
    private readonly streams: Streams,
    readonly options: TerminalOptions,
  ) {}

  get columns(): number {
    const fromEnvironment = Number(process.env['COLUMNS']);
    return this.streams.out.columns ?? (fromEnvironment > 0 ? fromEnvironment : 100);
  }

  paint(colour: Colour, text: string): string {
    return this.options.colours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
  }

  /** The one document of `--json`. */
  document(value: unknown): void {
    this.clearLive();
    this.streams.out.write(`${JSON.stringify(value, null, this.streams.out.isTTY === true ? 2 : undefined)}\n`);
  }

  /** Text for people; nothing with `--json`. */
  print(text: string): void {
    if (this.options.json) return;
    this.clearLive();
    this.streams.out.write(`${text}\n`);
  }

  /** Bytes of a run's log: to stdout, or to stderr where stdout holds a document. */
  raw(bytes: Uint8Array, stream: 'stdout' | 'stderr'): void {
    this.clearLive();
    const target = this.options.json || stream === 'stderr' ? this.streams.err : this.streams.out;
    target.write(bytes);
  }

  /** Exactly these bytes on stdout. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => void this.streams.out.write(bytes, () => resolve()));
  }

  /** A remark on the way; nothing with `--quiet`. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.clearLive();
    this.streams.err.write(`${text}\n`);
  }

  error(text: string): void {
    this.clearLive();
    this.streams.err.write(`${text}\n`);
  }

  /** On a terminal one line that is drawn again and again; elsewhere one line for each new thing. */
  progress(progress: Progress): void {
    if (this.options.quiet) return;
    if (this.streams.err.isTTY !== true) {
      if (progress.text !== this.lastProgress) this.streams.err.write(`${progress.text}\n`);
      this.lastProgress = progress.text;
      return;
    }
    const text = `${progress.text}${this.amount(progress)}`.slice(0, Math.max(20, this.columns - 1));
    this.streams.err.write(`\r${text}${' '.repeat(Math.max(0, this.liveLength - text.length))}`);
    this.liveLength = text.length;
  }

  clearLive(): void {
    if (this.liveLength === 0) return;
    this.streams.err.write(`\r${' '.repeat(this.liveLength)}\r`);
    this.liveLength = 0;
  }

  /** How much of how much, how fast, and how long it will take. */
  private amount({ text, done, total, unit }: Progress): string {
    if (done === undefined) return '';
    const all = total ?? 0;
    if (unit !== 'bytes') return all > 0 ? `: ${done} of ${all}` : `: ${done}`;
    const rate = this.rate(text, done);
    const share = all > 0 ? `${formatBytes(done)} of ${formatBytes(all)}` : formatBytes(done);
    const speed = rate > 0 ? `, ${formatBytes(rate)}/s` : '';
    const left = rate > 0 && all > done ? `, ${formatSeconds((all - done) / rate)} left` : '';
    return `: ${share}${speed}${left}`;
  }

  private rate(text: string, done: number): number {
    const now = performance.now() / 1000;
    const known = this.rates.get(text);
    if (known === undefined || done < known.done) {
      this.rates.set(text, { at: now, done, rate: 0 });
      return 0;
    }
    if (now - known.at < 0.5) return known.rate;
    const rate = (done - known.done) / (now - known.at);
    this.rates.set(text, { at: now, done, rate });
    return rate;
  }
}
