/** A proxy between a client and an engine's socket that cuts, stalls or slows one exchange at a chosen byte. */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Trouble = 'cut' | 'stall' | 'half-open' | 'throttle';

export interface LineFault {
  /** Of the request line: `GET /containers/x/json`. */
  readonly endpoint: RegExp;
  /** Bytes from the client, or from the engine. */
  readonly direction: 'request' | 'answer';
  /** How many bytes of that direction pass before it happens; with `throttle` from the first one on. */
  readonly offset: number;
  readonly trouble: Trouble;
  /** How often it may happen; 1 by default. */
  readonly times?: number;
}

export interface FaultyLine {
  readonly host: string;
  /** What happens from now on; undefined: nothing. */
  set(fault: LineFault | undefined): void;
  /** How often the last fault has happened. */
  readonly happened: () => number;
  close(): Promise<void>;
}

const requestLine = /^(GET|POST|PUT|DELETE|HEAD) (\S+) HTTP\/1\.1\r\n/;
/** Bytes at once, and milliseconds between them, where the line is slow. */
const slowly = { bytes: 64, milliseconds: 2 };

class Line {
  fault: LineFault | undefined;
  happened = 0;
  readonly open = new Set<Socket>();

  constructor(private readonly target: string) {}

  accept(client: Socket): void {
    const engine = connect(this.target);
    void new Exchange(this, client, engine);
    for (const socket of [client, engine]) {
      this.open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.open.delete(socket));
    }
  }
}

/** One connection. */
class Exchange {
  private isMeant = false;
  private isDead = false;
  private readonly passed = { request: 0, answer: 0 };
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly line: Line,
    private readonly client: Socket,
    private readonly engine: Socket,
  ) {
    client.on('data', (data) => this.take('request', data, engine));
    engine.on('data', (data) => this.take('answer', data, client));
    client.on('end', () => void this.queue.then(() => this.isDead || engine.end()));
    engine.on('end', () => void this.queue.then(() => this.isDead || client.end()));
    client.on('close', () => engine.destroy());
    engine.on('close', () => void this.queue.then(() => this.isDead || client.destroy()));
  }

  private take(direction: 'request' | 'answer', data: Buffer, to: Socket): void {
    if (this.isDead) return;
    if (direction === 'request') this.notice(data);
    const { fault } = this.line;
    const before = this.passed[direction];
    this.passed[direction] += data.length;
    if (!this.isMeant || fault === undefined || fault.direction !== direction) {
      this.pass(() => void to.write(data));
      return;
    }
    if (fault.trouble === 'throttle') return this.slow(data, to);
    if (before + data.length <= fault.offset || this.line.happened >= (fault.times ?? 1)) {
      this.pass(() => void to.write(data));
      return;
    }
    this.line.happened += 1;
    this.isDead = true;
    const head = data.subarray(0, Math.max(0, fault.offset - before));
    if (head.length > 0) to.write(head, () => this.die(fault.trouble));
    else this.die(fault.trouble);
  }

  private notice(data: Buffer): void {
    const found = requestLine.exec(data.toString('latin1', 0, 4096));
    if (found === null) return;
    this.isMeant = this.line.fault?.endpoint.test(`${found[1]} ${found[2]}`) ?? false;
    this.passed.request = 0;
    this.passed.answer = 0;
  }

  private die(trouble: Trouble): void {
    if (trouble === 'stall') return void [this.client.pause(), this.engine.pause()];
    this.engine.destroy();
    if (trouble === 'cut') this.client.destroy();
  }

  private slow(data: Buffer, to: Socket): void {
    this.line.happened += 1;
    for (let at = 0; at < data.length; at += slowly.bytes) {
      const part = data.subarray(at, at + slowly.bytes);
      this.queue = this.queue.then(
        () =>
          new Promise((resolve) => {
            if (to.writable) to.write(part);
            setTimeout(resolve, slowly.milliseconds);
          }),
      );
    }
  }

  private pass(work: () => void): void {
    this.queue = this.queue.then(work);
  }
}

export async function faultyLine(host: string, socket: string): Promise<FaultyLine> {
  const line = new Line(host.replace(/^unix:\/\//, ''));
  const server: Server = createServer({ allowHalfOpen: true }, (client) => line.accept(client));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    set: (fault) => {
      line.fault = fault;
      if (fault !== undefined) line.happened = 0;
    },
    happened: () => line.happened,
    close: async () => {
      for (const open of line.open) open.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(socket, { force: true });
    },
  };
}
