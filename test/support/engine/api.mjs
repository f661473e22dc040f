// The few calls of the Docker API that the tests' own engines need; no client program is asked for.
import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Where `http` connects to: sockets and plain TCP. */
function target(host) {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { hostname, port } = new URL(host.replace(/^tcp:/, 'http:'));
  return { host: hostname, port };
}

/** One call; `body`: an object, a buffer or a path of a file. Answers `{ status, text }`. */
export function call(host, method, path, { body, timeout = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const isFile = typeof body === 'string';
    const headers = { Host: 'docker' };
    if (body !== undefined)
      headers['Content-Type'] = isFile || Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
    const call = request({ ...target(host), method, path, headers, timeout }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
    });
    call.on('timeout', () => call.destroy(new Error(`${method} ${path} did not answer within ${timeout} ms`)));
    call.on('error', reject);
    if (isFile) pipeline(createReadStream(body, { highWaterMark: 1 << 20 }), call).catch(reject);
    else call.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
}

/** A call that must succeed; answers its JSON, or its text where it is not JSON. */
export async function expectOk(host, method, path, options) {
  const { status, text } = await call(host, method, path, options);
  if (status >= 300 && status !== 304) throw new Error(`${method} ${path} answered ${status}: ${text.slice(0, 1000)}`);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const answers = (host) =>
  call(host, 'GET', '/_ping', { timeout: 5000 }).then(
    ({ status }) => status === 200,
    () => false,
  );
