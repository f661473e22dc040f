/** The user's Docker contexts: names, addresses and TLS material, as the Docker CLI keeps them. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { parseEndpoint, type Endpoint } from './endpoint';
import { dockerFolder, materialIn } from './tlsMaterial';

type Environment = Readonly<Record<string, string | undefined>>;

const configSchema = z.object({ currentContext: z.string().nullish() });
const contextSchema = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string().nullish(), SkipTLSVerify: z.boolean().nullish() }) }),
});
type Context = z.infer<typeof contextSchema>;

/** The name of the current context; undefined for the default one. */
export async function currentContext(environment: Environment): Promise<string | undefined> {
  const config = configSchema.safeParse(await readJson(join(dockerFolder(environment), 'config.json')));
  const name = environment['DOCKER_CONTEXT'] ?? (config.success ? config.data.currentContext : undefined) ?? '';
  return name === '' || name === 'default' ? undefined : name;
}

export async function contextEndpoint(environment: Environment, name: string): Promise<Endpoint | undefined> {
  const id = idOf(name);
  const context = contextSchema.safeParse(await readJson(join(metaFolder(environment), id, 'meta.json')));
  if (context.success) return endpointOf(environment, context.data);
  const hint = '`docker context ls` shows which there are.';
  return { kind: 'unsupported', text: name, why: 'The current Docker context is not there', hint };
}

export interface DockerContext {
  readonly name: string;
  readonly endpoint: Endpoint;
}

/** Every context of the user but the default one, by name. One that can't be read is left out. */
export async function dockerContexts(environment: Environment): Promise<DockerContext[]> {
  const folder = metaFolder(environment);
  const ids = await readdir(folder).catch(() => []);
  const found: DockerContext[] = [];
  for (const id of ids.sort()) {
    const context = contextSchema.safeParse(await readJson(join(folder, id, 'meta.json')));
    if (!context.success || (context.data.Endpoints.docker.Host ?? '') === '') continue;
    found.push({ name: context.data.Name, endpoint: await endpointOf(environment, context.data) });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function endpointOf(environment: Environment, context: Context): Promise<Endpoint> {
  const { Host: host, SkipTLSVerify: skip } = context.Endpoints.docker;
  const material = await materialIn(join(dockerFolder(environment), 'contexts', 'tls', idOf(context.Name), 'docker'));
  const tls = material === undefined ? undefined : { ...material, skipVerify: skip ?? false };
  return parseEndpoint(host ?? '', { tls });
}

const idOf = (name: string): string => createHash('sha256').update(name).digest('hex');
const metaFolder = (environment: Environment): string => join(dockerFolder(environment), 'contexts', 'meta');

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
