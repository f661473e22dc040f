/** The engine that `docker` stands for: what the user chose (DOCKER_HOST, the current context), else the sockets known to exist. */
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { contextEndpoint, currentContext } from './contexts';
import { parseEndpoint, type Endpoint } from './endpoint';
import { environmentMaterial } from './tlsMaterial';

type Environment = Readonly<Record<string, string | undefined>>;

export async function findLocalDocker(environment: Environment, platform = process.platform): Promise<Endpoint> {
  const host = environment['DOCKER_HOST'] ?? '';
  if (host !== '') return parseEndpoint(host, { tls: await environmentMaterial(environment, host) });
  const name = await currentContext(environment);
  const chosen = name === undefined ? undefined : await contextEndpoint(environment, name);
  return chosen ?? (await standardSockets(environment, platform))[0]?.endpoint ?? noneThere(environment, platform);
}

export interface NamedSocket {
  readonly name: string;
  readonly endpoint: Endpoint;
}

/** Sockets that are there now, in the order in which `docker` takes them. */
export async function standardSockets(environment: Environment, platform = process.platform): Promise<NamedSocket[]> {
  const pipe = (name: string): Endpoint => ({ kind: 'pipe', path: `\\\\.\\pipe\\${name}` });
  // Named pipes can't be looked at without opening them.
  if (platform === 'win32') return [{ name: 'docker-engine', endpoint: pipe('docker_engine') }];
  const found: NamedSocket[] = [];
  for (const { name, path } of socketCandidates(environment, platform))
    if (await isThere(path)) found.push({ name, endpoint: { kind: 'socket', path } });
  return found;
}

const noneThere = (environment: Environment, platform: NodeJS.Platform): Endpoint => ({
  kind: 'socket',
  path: socketCandidates(environment, platform)[0]?.path ?? '/var/run/docker.sock',
});

/** Docker Engine, Docker Desktop, rootless Docker, Podman; in this order. */
export function socketCandidates(
  environment: Environment,
  platform: NodeJS.Platform,
): { name: string; path: string }[] {
  const home = environment['HOME'] ?? homedir();
  const runtime = environment['XDG_RUNTIME_DIR'];
  const own =
    runtime === undefined
      ? []
      : [
          { name: 'docker-rootless', path: join(runtime, 'docker.sock') },
          { name: 'podman-rootless', path: join(runtime, 'podman', 'podman.sock') },
        ];
  const desktop = platform === 'darwin' ? '.docker/run/docker.sock' : '.docker/desktop/docker.sock';
  const machine = '.local/share/containers/podman/machine/podman.sock';
  return [
    { name: 'docker-engine', path: '/var/run/docker.sock' },
    { name: 'docker-desktop', path: join(home, desktop) },
    ...own,
    { name: 'podman', path: '/run/podman/podman.sock' },
    { name: 'podman-machine', path: join(home, machine) },
  ];
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
