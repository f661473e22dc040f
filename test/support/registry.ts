/** A registry on the loopback that gives one tiny image to whoever has the password; as much of its protocol as a pull needs. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface TestRegistry {
  /** `127.0.0.1:PORT/own/python:1` */
  readonly image: string;
  readonly host: string;
  /** Whether each request was let in. */
  readonly asked: boolean[];
  close(): void;
}

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

export async function startRegistry(user: string, password: string): Promise<TestRegistry> {
  const layer = execFileSync('tar', ['-czf', '-', '-C', '/etc', 'hostname']);
  const rootfs = { type: 'layers', diff_ids: [digestOf(gunzipSync(layer))] };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const part = (mediaType: string, content: Buffer) => ({ mediaType, size: content.length, digest: digestOf(content) });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: part('application/vnd.docker.container.image.v1+json', config),
      layers: [part('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
    }),
  );
  const blobs = new Map([config, layer, manifest].map((content) => [digestOf(content), content]));
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const asked: boolean[] = [];
  const server = createServer((request, response) => {
    const isIn = request.headers.authorization === expected;
    asked.push(isIn);
    if (!isIn) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return;
    }
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    const content = (request.url ?? '').includes('/manifests/') ? manifest : blobs.get(name);
    if (request.url === '/v2/') response.writeHead(200).end('{}');
    else if (content === undefined) response.writeHead(404).end('{}');
    else {
      const headers = { 'Content-Length': content.length, 'Docker-Content-Digest': digestOf(content) };
      const isManifest = content === manifest;
      response.writeHead(200, { ...headers, 'Content-Type': isManifest ? type : 'application/octet-stream' });
      response.end(request.method === 'HEAD' ? undefined : content);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, image: `${host}/own/python:1`, asked, close: () => server.close() };
}
