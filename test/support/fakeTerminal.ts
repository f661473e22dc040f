/** A terminal that remembers what it was told. */
import { Writable } from 'node:stream';
import { Terminal, type TerminalOptions } from '../../runner/src/cli/terminal';

class Screen extends Writable {
  text = '';
  constructor(readonly isTTY: boolean) {
    super({ decodeStrings: false });
  }
  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    this.text += typeof chunk === 'string' ? chunk : chunk.toString('utf8');
    done();
  }
}

export interface FakeTerminal {
  readonly terminal: Terminal;
  readonly out: () => string;
  readonly err: () => string;
  /** Moves the clock on. */
  readonly pass: (milliseconds: number) => void;
}

export function fakeTerminal(options: Partial<TerminalOptions> & { readonly isTTY?: boolean } = {}): FakeTerminal {
  const { isTTY = false, ...rest } = options;
  const out = new Screen(isTTY);
  const err = new Screen(isTTY);
  let now = 0;
  const shown = { json: false, quiet: false, colours: false, live: false, ...rest };
  return {
    terminal: new Terminal({ out, err }, shown, () => now),
    out: () => out.text,
    err: () => err.text,
    pass: (milliseconds) => (now += milliseconds),
  };
}
