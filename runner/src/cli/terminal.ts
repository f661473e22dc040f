/** Where the command line writes: documents and logs to stdout, progress and errors to stderr, with or without colours. */
import { printable, printableText } from '../domain/printable';
import type { Progress } from '../engine/engine';
import { ProgressText } from './progressText';

export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export interface Streams {
  readonly out: Stream;
  readonly err: Stream;
}

export interface TerminalOptions {
  readonly json: boolean;
  /** No progress, no remarks, and of a run only its outcome. */
  readonly quiet: boolean;
  readonly colours: boolean;
  /** False where a line can't be drawn again (no terminal, or a dumb one). */
  readonly live: boolean;
  /** As the environment's COLUMNS says, which wins. */
  readonly columns?: number | undefined;
}

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
const codes: Readonly<Record<Colour, number>> = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 };
const endOfPaint = '\u001b[0m';
const painted = /(\u001b\[(?:0|1|2|31|32|33)m)/;
const redrawMilliseconds = 80;
const newLine = 10;

export class Terminal {
  private isLive = false;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private lastProgress = '';
  /** Streams whose last line is not ended: a progress bar of the run, say. */
  private readonly open = new Set<Stream>();
  private readonly amounts: ProgressText;
  private readonly closed = new AbortController();

  constructor(
    private readonly streams: Streams,
    readonly options: TerminalOptions,
    private readonly milliseconds: () => number,
  ) {
    this.amounts = new ProgressText(milliseconds);
  }

  /** Aborted once nobody reads stdout any more. */
  get outClosed(): AbortSignal {
    return this.closed.signal;
  }

  noticeClosed(): void {
    this.closed.abort();
  }

  /** Width for tables; without a terminal nothing is cut. */
  get columns(): number {
    const { out } = this.streams;
    return this.options.columns ?? (out.isTTY === true ? (out.columns ?? 80) : Number.POSITIVE_INFINITY);
  }

  paint(colour: Colour, text: string): string {
    return this.options.colours ? `\u001b[${codes[colour]}m${text}${endOfPaint}` : text;
  }

  /** What training code, archives and file names put into a text has no say over the terminal; our own colours do. */
  private shown(text: string): string {
    if (!this.options.colours) return printableText(text);
    const parts = text.split(painted);
    return parts.map((part, i) => (i % 2 === 1 ? part : printableText(part))).join('');
  }

  /** The one document of `--json`. */
  document(value: unknown): void {
    const indent = this.streams.out.isTTY === true ? 2 : undefined;
    this.line(this.streams.out, JSON.stringify(value, null, indent));
  }

  /** Text for people; nothing with `--json`. */
  print(text: string): void {
    if (!this.options.json) this.line(this.streams.out, this.shown(text));
  }

  /** A remark on the way; nothing with `--quiet`. */
  note(text: string): void {
    if (!this.options.quiet) this.line(this.streams.err, this.shown(text));
  }

  error(text: string): void {
    this.line(this.streams.err, this.shown(text));
  }

  /** Bytes of a run's log as they come: to stdout, or to stderr where stdout holds a document. */
  log(bytes: Uint8Array, stream: 'stdout' | 'stderr'): void {
    if (this.options.quiet || bytes.length === 0) return;
    this.clearLive();
    const target = this.options.json || stream === 'stderr' ? this.streams.err : this.streams.out;
    target.write(bytes);
    if (bytes[bytes.length - 1] === newLine) this.open.delete(target);
    else this.open.add(target);
  }

  /** Exactly these bytes on stdout. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => void this.streams.out.write(bytes, () => resolve()));
  }

  /** On a terminal one line that is drawn again and again; elsewhere one line for each new thing. */
  progress(progress: Progress): void {
    if (this.options.quiet) return;
    const named = { ...progress, text: printable(progress.text) };
    if (!this.options.live) return this.progressLine(named.text);
    const text = this.amounts.of(named);
    const now = this.milliseconds();
    if (now - this.drawnAt < redrawMilliseconds && progress.text === this.lastProgress) return;
    this.drawnAt = now;
    this.lastProgress = progress.text;
    this.endOpenLine(this.streams.err);
    const width = Math.max(20, (this.options.columns ?? this.streams.err.columns ?? 80) - 1);
    this.streams.err.write(`\r${cut(text, width)}\u001b[K`);
    this.isLive = true;
  }

  private progressLine(text: string): void {
    if (text === this.lastProgress) return;
    this.lastProgress = text;
    this.line(this.streams.err, text);
  }

  clearLive(): void {
    if (!this.isLive) return;
    this.streams.err.write('\r\u001b[K');
    this.isLive = false;
    this.lastProgress = '';
  }

  private line(target: Stream, text: string): void {
    this.clearLive();
    this.endOpenLine(target);
    target.write(`${text}\n`);
  }

  /** On a terminal both streams share the cursor. */
  private endOpenLine(target: Stream): void {
    const other = target === this.streams.out ? this.streams.err : this.streams.out;
    const isShared = target.isTTY === true && other.isTTY === true;
    if (!this.open.has(target) && !(isShared && this.open.has(other))) return;
    target.write('\n');
    this.open.delete(target);
    if (isShared) this.open.delete(other);
  }
}

/** The beginning of a text that is too long, with an ellipsis. */
export function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length > columns ? `${characters.slice(0, columns - 1).join('')}…` : text;
}
