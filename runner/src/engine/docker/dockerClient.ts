/**
 * The only file that talks to dockerode. Every call has a deadline, every answer is bounded and parsed, and every failure
 * becomes an ExpectedError or a refusal by the engine.
 */
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import * as z from 'zod';
import { ExpectedError, messageOf } from '../../domain/errors';
import { agentFor } from './dial';
import { isLocal, showEndpoint, type Endpoint } from './endpoint';
import { noRegistries, type Registries } from './registries';
import { exchange, readBody, TooLongError } from './transport';

const callMilliseconds = 20_000;
const largestAnswer = 32 * 1024 * 1024;
const largestRefusal = 256 * 1024;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMilliseconds?: number;
  readonly headers?: Headers;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Until the answer begins. */
  readonly timeoutMilliseconds?: number;
  /** Without a byte; 0 for never, where the engine may well be silent for long. */
  readonly idleMilliseconds?: number;
  readonly headers?: Headers;
}

/** Values are never logged: some are credentials. */
export type Headers = Readonly<Record<string, string>>;

/** What the engine answered; 404 and the like are looked at by the caller. */
export class DockerRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Parameters = Readonly<Record<string, unknown>>;

interface Dial {
  readonly path: string;
  readonly method: string;
  readonly statusCodes: object;
  readonly options?: unknown;
  readonly file?: Readable;
  readonly abortSignal: AbortSignal;
  readonly headers: Record<string, string>;
}

type Callback = (error: unknown, answer?: IncomingMessage) => void;

interface Modem {
  dial(options: Dial, callback: Callback): void;
  buildRequest(options: RequestOptions, context: Dial, data: string | Readable | undefined, callback: Callback): void;
}

/** Streams in both directions stall for a while on slow disks, never for this long. */
const idleMilliseconds = 120_000;

export class DockerClient {
  private readonly modem: Modem;
  private readonly idle = new WeakMap<AbortSignal, number>();

  constructor(
    readonly engine: string,
    readonly endpoint: Endpoint,
    agent: Agent = agentFor(engine, endpoint),
    /** Tests shorten all deadlines by it. */
    private readonly deadlineScale = 1,
    /** The user's credentials for registries, asked for when an image is pulled. */
    readonly registries: Registries = noRegistries,
  ) {
    // Where it is none of a socket, the agent connects elsewhere.
    const socketPath = 'path' in endpoint ? endpoint.path : '/nonexistent';
    // `host` and `protocol` are named so that DOCKER_HOST of the environment does not win over the socket.
    const docker = new Docker({
      socketPath,
      host: undefined,
      protocol: 'http',
      agent,
    } as Docker.DockerOptions);
    this.modem = docker.modem as unknown as Modem;
    this.modem.buildRequest = (request, { abortSignal }, data, callback) => {
      void answerTo(callback, () => exchange({ request, data, idleMilliseconds: this.idle.get(abortSignal) ?? 0 }));
    };
  }

  async get<T>(
    path: string,
    schema: z.ZodType<T>,
    options: CallOptions & { readonly query?: Parameters } = {},
  ): Promise<T> {
    return this.call('GET', path, schema, options.query, options);
  }

  async post<T>(
    path: string,
    schema: z.ZodType<T>,
    request: { readonly query?: Parameters; readonly body?: Parameters } = {},
    options: CallOptions = {},
  ): Promise<T> {
    return this.call('POST', path, schema, { _query: request.query ?? {}, _body: request.body ?? {} }, options);
  }

  async delete(path: string, query: Parameters, options: CallOptions = {}): Promise<void> {
    await this.call('DELETE', path, z.unknown(), query, options);
  }

  /** What the engine says of itself in the head of its shortest answer; names in lower case. */
  async ping(signal?: AbortSignal): Promise<IncomingMessage['headers']> {
    const body = await this.open(
      'GET',
      '/_ping',
      {},
      {
        signal,
        timeoutMilliseconds: callMilliseconds,
        idleMilliseconds: callMilliseconds,
      },
    );
    await readBody(body, largestRefusal);
    return body.headers;
  }

  /** Sends a tar; resolves when the engine has taken it. No deadline but for standing still: it may be large. */
  async putTar(path: string, query: Parameters, tar: Readable, signal?: AbortSignal): Promise<void> {
    const body = await this.open('PUT', path, query, { signal, timeoutMilliseconds: 0, idleMilliseconds }, tar);
    await readBody(body, largestRefusal);
  }

  /** The answer's body as a stream. */
  async stream(
    method: 'GET' | 'POST',
    path: string,
    query: Parameters,
    options: StreamOptions = {},
    file?: Readable,
  ): Promise<Readable> {
    return this.open(method, path, query, { idleMilliseconds, ...options }, file);
  }

  private async call<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    parameters: Parameters | undefined,
    options: CallOptions,
  ): Promise<T> {
    const milliseconds = (options.timeoutMilliseconds ?? callMilliseconds) * this.deadlineScale;
    const deadline = AbortSignal.timeout(milliseconds);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    try {
      const answer = await this.dial(method, path, parameters ?? {}, { signal, headers: options.headers });
      return schema.parse(parse(await readBody(answer, largestAnswer)));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (deadline.aborted) throw this.unreachable(`no answer within ${milliseconds / 1000} s`);
      if (error instanceof z.ZodError) throw this.unreachable('its answer is not what a Docker engine says', error);
      throw this.mapError(error);
    }
  }

  private async open(
    method: string,
    path: string,
    query: Parameters,
    { signal, timeoutMilliseconds = 30_000, idleMilliseconds: idle = 0, headers }: StreamOptions,
    file?: Readable,
  ): Promise<IncomingMessage> {
    const deadline = new AbortController();
    const milliseconds = timeoutMilliseconds * this.deadlineScale;
    const timer = milliseconds > 0 ? setTimeout(() => deadline.abort(), milliseconds).unref() : undefined;
    const both = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
    this.idle.set(both, idle * this.deadlineScale);
    try {
      const body = await this.dial(method, path, query, { signal: both, headers }, file);
      // An error after the last reader has gone must not end the process.
      body.on('error', () => undefined);
      return body;
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.signal.aborted) throw this.unreachable(`no answer within ${milliseconds / 1000} s`);
      throw this.mapError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rejects with a refusal where the engine answers anything but success. */
  private async dial(
    method: string,
    path: string,
    parameters: Parameters,
    { signal, headers = {} }: { readonly signal: AbortSignal; readonly headers?: Headers | undefined },
    file?: Readable,
  ): Promise<IncomingMessage> {
    this.refuseUnsupported();
    signal.throwIfAborted();
    const dial: Dial = {
      path: `${path}?`,
      method,
      options: parameters,
      statusCodes: {},
      abortSignal: signal,
      headers: { ...headers },
      ...(file === undefined ? {} : { file }),
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      this.modem.dial(dial, (error, body) => (body === undefined ? reject(error) : resolve(body)));
    });
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return answer;
    const text = refusalText(await readBody(answer, largestRefusal), status);
    throw new DockerRefusal(nameIsTaken.test(text) ? 409 : status, text);
  }

  private refuseUnsupported(): void {
    const { endpoint } = this;
    if (endpoint.kind !== 'unsupported') return;
    const { why, text, hint = 'Use a local engine, or --engine process.' } = endpoint;
    throw new ExpectedError('engine-unsupported', `${why}: ${text}.`, hint);
  }

  /** Any failure on the way as an error with words; what is none of the connection stays as it is. */
  mapError(error: unknown): unknown {
    if (error instanceof ExpectedError || error instanceof DockerRefusal) return error;
    if (error instanceof TooLongError) return this.unreachable(error.message, error);
    if (isOfFiles(error)) return error;
    const { code } = error as { code?: unknown };
    if (code === 'EACCES' || code === 'EPERM') {
      const message = `${this.engine} doesn't answer: no permission on its socket (${showEndpoint(this.endpoint)}).`;
      const hint = 'Let your user reach Docker (group docker), or use --engine process.';
      return new ExpectedError('engine-permission', message, hint, { cause: error });
    }
    return typeof code === 'string' ? this.unreachable(reasons[code] ?? messageOf(error), error) : error;
  }

  /** Where whoever asked would wait no longer. */
  late(): ExpectedError {
    return this.unreachable('no answer in time');
  }

  /** Where what it says is cut short, or none of what an engine says. */
  unreachable(why: string, error?: unknown): ExpectedError {
    const message = `${this.engine} doesn't answer at ${showEndpoint(this.endpoint)}: ${why}.`;
    const hint = isLocal(this.endpoint)
      ? 'Start Docker and try again, or use --engine process.'
      : 'Check that it is up and can be reached from here, or use another engine.';
    return new ExpectedError('engine-unreachable', message, hint, { cause: error });
  }
}

/** docker-modem speaks in callbacks. */
async function answerTo(callback: Callback, work: () => Promise<IncomingMessage>): Promise<void> {
  let answer: IncomingMessage;
  try {
    answer = await work();
  } catch (error) {
    callback(error);
    return;
  }
  callback(null, answer);
}

/** A failure of our own disk, as while outputs are written, says nothing of the engine. */
function isOfFiles(error: unknown): boolean {
  const { code, syscall = '', path } = error as NodeJS.ErrnoException;
  return diskCodes.has(code ?? '') || (path !== undefined && !/^(connect|spawn)/.test(syscall));
}

const diskCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS']);

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
};

function parse(body: Buffer): unknown {
  const text = body.toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Podman answers 500 where Docker answers 409; the name of a container is our lock. */
const nameIsTaken = /name .* is already in use/i;

const refusalSchema = z.object({ message: z.string() });

function refusalText(body: Buffer, status: number): string {
  const value = refusalSchema.safeParse(parse(body));
  const text = value.success ? value.data.message : body.toString('utf8').slice(0, 500);
  return text.trim() === '' ? `status ${status}` : text.trim();
}
