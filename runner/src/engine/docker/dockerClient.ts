/**
 * The only file that talks to dockerode. Every call has a deadline, every answer is parsed, and every failure becomes an
 * ExpectedError, since the library follows redirects, never settles on cut connections, and lets DOCKER_HOST override.
 */
import { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { z } from 'zod';
import { ExpectedError, messageOf } from '../../domain/errors';
import { showEndpoint, type Endpoint } from './endpoint';

const callMilliseconds = 20_000;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMilliseconds?: number;
}

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
  readonly statusCodes: Readonly<Record<number, unknown>>;
  readonly options?: unknown;
  readonly isStream?: boolean;
  readonly openStdin?: boolean;
  readonly file?: unknown;
  readonly abortSignal?: AbortSignal;
}

interface Modem {
  dial(options: Dial, callback: (error: unknown, data?: unknown) => void): void;
}

export class DockerClient {
  private readonly modem: Modem;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(
    readonly engine: string,
    readonly endpoint: Endpoint,
  ) {
    const socketPath = endpoint.kind === 'unsupported' ? '/nonexistent' : endpoint.path;
    // `host` and `protocol` are named so that DOCKER_HOST of the environment does not win over the socket.
    const docker = new Docker({
      socketPath,
      host: undefined,
      protocol: 'http',
      agent: this.agent,
    } as Docker.DockerOptions);
    this.modem = docker.modem as Modem;
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

  /** Sends a tar; resolves when the engine has taken it. No deadline of its own: the caller's signal ends it. */
  async putTar(path: string, query: Parameters, tar: Readable, signal?: AbortSignal): Promise<void> {
    await this.raw({ path: `${path}?`, method: 'PUT', options: query, file: tar, statusCodes: ok }, signal);
  }

  /** The answer's body as a stream. The deadline is for its beginning only. */
  async stream(
    method: 'GET' | 'POST',
    path: string,
    query: Parameters,
    signal?: AbortSignal,
    file?: Readable,
  ): Promise<Readable> {
    const dial: Dial = {
      path: `${path}?`,
      method,
      options: query,
      isStream: true,
      statusCodes: ok,
      ...(file === undefined ? {} : { file }),
    };
    const body = (await this.raw(dial, signal)) as Readable;
    // An error after the last reader has gone must not end the process.
    body.on('error', () => undefined);
    return body;
  }

  private async call<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    parameters: Parameters | undefined,
    options: CallOptions,
  ): Promise<T> {
    const deadline = AbortSignal.timeout(options.timeoutMilliseconds ?? callMilliseconds);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    try {
      const answer = await this.raw({ path: `${path}?`, method, options: parameters ?? {}, statusCodes: ok }, signal);
      return schema.parse(answer);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (deadline.aborted)
        throw this.unreachable(`no answer within ${(options.timeoutMilliseconds ?? callMilliseconds) / 1000} s`);
      if (error instanceof z.ZodError) throw this.unreachable('its answer is not what a Docker engine says', error);
      throw error;
    }
  }

  private raw(dial: Dial, signal?: AbortSignal): Promise<unknown> {
    const { endpoint } = this;
    if (endpoint.kind === 'unsupported') {
      throw new ExpectedError(
        'engine-unsupported',
        `${endpoint.why}: ${endpoint.text}.`,
        'Use a local engine, or --engine process.',
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error('cancelled'));
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.modem.dial({ ...dial, ...(signal === undefined ? {} : { abortSignal: signal }) }, (error, data) => {
        signal?.removeEventListener('abort', onAbort);
        if (error === null || error === undefined) resolve(data);
        else reject(this.mapError(error));
      });
      return undefined;
    });
  }

  private mapError(error: unknown): Error {
    const { code, statusCode, json } = error as { code?: string; statusCode?: number; json?: { message?: unknown } };
    if (code === 'EACCES' || code === 'EPERM') {
      const message = `${this.engine} doesn't answer: no permission on its socket (${showEndpoint(this.endpoint)}).`;
      return new ExpectedError(
        'engine-permission',
        message,
        'Let your user reach Docker (group docker), or use --engine process.',
        { cause: error },
      );
    }
    if (code !== undefined) return this.unreachable(reasonOf(code), error);
    if (statusCode === undefined) return error instanceof Error ? error : new Error(String(error));
    const text = typeof json?.message === 'string' ? json.message : messageOf(error);
    return new DockerRefusal(statusCode, text.trim());
  }

  private unreachable(why: string, error?: unknown): ExpectedError {
    const message = `${this.engine} doesn't answer at ${showEndpoint(this.endpoint)}: ${why}.`;
    return new ExpectedError('engine-unreachable', message, 'Start Docker and try again, or use --engine process.', {
      cause: error,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
};
const reasonOf = (code: string): string => reasons[code] ?? code;

/** Statuses that are answers; docker-modem takes all others as errors. */
const ok = { 200: true, 201: true, 202: true, 204: true, 304: true };
