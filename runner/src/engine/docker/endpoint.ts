/** Where the local engine listens: what the user chose (DOCKER_HOST, the current context), else the sockets known to exist. */
import { readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

export type Endpoint =
  | { readonly kind: 'socket'; readonly path: string }
  /** A named pipe of Windows. */
  | { readonly kind: 'pipe'; readonly path: string }
  | { readonly kind: 'unsupported'; readonly text: string; readonly why: string };

/** Whether the engine sees this machine's folders. */
export const isLocal = (endpoint: Endpoint): boolean => endpoint.kind === 'socket' || endpoint.kind === 'pipe';

type Environment = Readonly<Record<string, string | undefined>>;

export const showEndpoint = (endpoint: Endpoint): string => {
  switch (endpoint.kind) {
    case 'socket':
      return `unix://${endpoint.path}`;
    case 'pipe':
      return `npipe://${endpoint.path.replaceAll('\\', '/')}`;
    default:
      return endpoint.text;
  }
};

export async function findLocalDocker(environment: Environment, platform = process.platform): Promise<Endpoint> {
  const chosen = environment['DOCKER_HOST'] ?? (await currentContext(environment));
  if (chosen !== undefined && chosen !== '') return parseEndpoint(chosen);
  if (platform === 'win32') return { kind: 'pipe', path: '\\\\.\\pipe\\docker_engine' };
  const candidates = socketCandidates(environment, platform);
  for (const path of candidates) if (await isThere(path)) return { kind: 'socket', path };
  return { kind: 'socket', path: candidates[0] ?? '/var/run/docker.sock' };
}

/** Docker Engine, Docker Desktop, rootless Docker, Podman; in this order. */
export function socketCandidates(environment: Environment, platform: NodeJS.Platform): string[] {
  const home = environment['HOME'] ?? homedir();
  const runtime = environment['XDG_RUNTIME_DIR'];
  const own = runtime === undefined ? [] : [join(runtime, 'docker.sock'), join(runtime, 'podman', 'podman.sock')];
  const desktop = platform === 'darwin' ? '.docker/run/docker.sock' : '.docker/desktop/docker.sock';
  const system = ['/var/run/docker.sock', '/run/podman/podman.sock'];
  return [system[0] ?? '', join(home, desktop), ...own, ...system.slice(1)];
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export function parseEndpoint(text: string): Endpoint {
  const [scheme = '', rest = ''] = text.split('://');
  if (scheme === 'unix' && rest.startsWith('/')) return { kind: 'socket', path: rest };
  if (scheme === 'npipe') return { kind: 'pipe', path: rest.replaceAll('/', '\\') };
  return { kind: 'unsupported', text, why: `Engines at ${scheme}:// addresses can't be used yet` };
}

const configSchema = z.object({ currentContext: z.string().optional() });
const contextSchema = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) });

/** The address of the user's current Docker context; undefined for the default one. */
async function currentContext(environment: Environment): Promise<string | undefined> {
  const folder = environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? homedir(), '.docker');
  const config = configSchema.safeParse(await readJson(join(folder, 'config.json')));
  const name = environment['DOCKER_CONTEXT'] ?? (config.success ? config.data.currentContext : undefined);
  if (name === undefined || name === '' || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const context = contextSchema.safeParse(await readJson(join(folder, 'contexts', 'meta', id, 'meta.json')));
  return context.success ? context.data.Endpoints.docker.Host : undefined;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
