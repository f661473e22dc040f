/**
 * One request to the engine, by Node's own http: it follows no redirect, and whatever fails or stalls ends in a rejected
 * promise. docker-modem's own transport does neither (redirects go to any host, a cut body never settles).
 */
import { request as send, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { pipeline, type Readable } from 'node:stream';

export interface Sending {
  readonly request: RequestOptions;
  readonly data: string | Readable | undefined;
  /** Milliseconds without a byte in either direction after which the connection is given up; 0 for never. */
  readonly idleMilliseconds: number;
}

/** A connection that is kept open may have been closed by the engine meanwhile; then a request without a body goes out again. */
const repeats = 3;

export async function exchange(sending: Sending): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++) {
    const sent: { request?: ClientRequest } = {};
    try {
      return await once(sending, sent);
    } catch (error) {
      const mayRepeat = sending.request.method === 'GET' && sent.request?.reusedSocket === true && tries < repeats;
      if (!mayRepeat || !isCut(error)) throw error;
    }
  }
}

const isCut = (error: unknown): boolean =>
  ['ECONNRESET', 'EPIPE'].includes(String((error as NodeJS.ErrnoException).code));

function once({ request: options, data, idleMilliseconds }: Sending, sent: { request?: ClientRequest }) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(options, resolve);
    sent.request = request;
    // A request that is given up before it has a connection says nothing until it gets one.
    const { signal } = options;
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    // Stays for good: an error after the answer has begun must not end the process.
    request.on('error', reject);
    if (idleMilliseconds > 0) {
      request.setTimeout(idleMilliseconds, () =>
        request.destroy(new StalledError(`no byte for ${idleMilliseconds / 1000} s`)),
      );
    }
    if (data === undefined || typeof data === 'string') request.end(data);
    else pipeline(data, request, (error) => error && reject(error));
  });
}

export class StalledError extends Error {
  readonly code = 'ESTALLED';
}

/** The whole body, in bounded memory. */
export async function readBody(body: Readable, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) throw new TooLongError(`its answer is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export class TooLongError extends Error {}
