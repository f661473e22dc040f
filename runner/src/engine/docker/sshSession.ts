/** One connection to the far engine over the stdin and stdout of an ssh process, as Docker's own command line does it. */
import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { spawnSsh, type SshProgram } from './sshProgram';

const longestText = 16 * 1024;

/** A duplex over a process; it has what Node's http wants of a socket. Ends with the process, and ends the process. */
export class SshSession extends Duplex {
  private readonly child: ChildProcess;
  private text = '';

  constructor(program: SshProgram, words: readonly string[]) {
    super({ allowHalfOpen: false });
    this.child = spawnSsh(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.child;
    stdout?.on('data', (part: Buffer) => this.push(part) || stdout.pause());
    stdout?.on('end', () => this.push(null));
    stderr?.on('data', (part: Buffer) => {
      if (this.text.length < longestText) this.text += part.toString('utf8');
    });
    // The process may end before it has read all: its end tells why.
    stdin?.on('error', () => undefined);
    this.child.on('error', (error: NodeJS.ErrnoException) => {
      this.text = error.code === 'ENOENT' ? `${program.command} is not installed` : error.message;
      this.destroy(error);
    });
    this.child.on('close', () => this.destroy());
  }

  /** What ssh and the far side said on stderr until now. */
  get said(): string {
    return this.text;
  }

  override _read(): void {
    this.child.stdout?.resume();
  }

  override _write(part: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const { stdin } = this.child;
    if (stdin === null || stdin.destroyed) done(cut());
    else stdin.write(part, (error) => done(error === null || error === undefined ? null : cut()));
  }

  override _final(done: () => void): void {
    this.child.stdin?.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.child.stdin?.destroy();
    this.child.stdout?.destroy();
    this.child.kill('SIGTERM');
    done(error);
  }

  ref(): this {
    return this.each((one) => one?.ref?.());
  }

  unref(): this {
    return this.each((one) => one?.unref?.());
  }

  /** Node's http asks its sockets for these; a pipe has neither. */
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }

  private idle: NodeJS.Timeout | undefined;

  /** Tells `timeout` as a socket does: after so long without a byte in either direction. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    clearInterval(this.idle);
    if (callback !== undefined) this.once('timeout', callback);
    if (milliseconds === 0) return this;
    let last = this.passed();
    let since = Date.now();
    const look = (): void => {
      const now = this.passed();
      if (now !== last) [last, since] = [now, Date.now()];
      else if (Date.now() - since >= milliseconds) {
        clearInterval(this.idle);
        this.emit('timeout');
      }
    };
    this.idle = setInterval(look, Math.max(50, milliseconds / 4)).unref();
    this.once('close', () => clearInterval(this.idle));
    return this;
  }

  private passed(): number {
    const { stdin, stdout } = this.child as unknown as Record<
      'stdin' | 'stdout',
      { bytesRead: number; bytesWritten: number } | null
    >;
    return (stdin?.bytesWritten ?? 0) + (stdout?.bytesRead ?? 0);
  }

  private each(call: (one: { ref?(): void; unref?(): void } | null) => void): this {
    for (const one of [this.child, this.child.stdin, this.child.stdout, this.child.stderr])
      call(one as unknown as { ref?(): void; unref?(): void } | null);
    return this;
  }
}

const cut = (): Error => Object.assign(new Error('the connection was cut'), { code: 'EPIPE' });
