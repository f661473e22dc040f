/** Credentials for registries, from the user's Docker configuration and its helpers; sent with a pull alone, and never shown. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ExpectedError } from '../../domain/errors';
import { dockerFolder } from './tlsMaterial';

type Environment = Readonly<Record<string, string | undefined>>;

const entrySchema = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
  registrytoken: z.string().nullish(),
});
const configSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credsStore: z.string().nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
});
type Config = z.infer<typeof configSchema>;

/** What the engine is told, under the names of its API. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress: string;
}

/** Docker's own registry is known under this name in configurations. */
const dockerHub = 'https://index.docker.io/v1/';

/** The registry of an image, as configurations name it: the first part where that is a host, else Docker's own. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first));
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? dockerHub : first;
}

/** Undefined where the user has none. Throws where a helper that should know can't be used. */
export async function registryAuth(environment: Environment, registry: string): Promise<RegistryAuth | undefined> {
  const config = await readConfig(environment);
  const own = Object.entries(config.credHelpers ?? {}).find(([name]) => isSame(name, registry))?.[1];
  const helper = own ?? config.credsStore ?? '';
  const told = helper === '' ? undefined : await askHelper(environment, helper, registry);
  return told ?? storedAuth(config, registry);
}

async function readConfig(environment: Environment): Promise<Config> {
  try {
    const text = await readFile(join(dockerFolder(environment), 'config.json'), 'utf8');
    return configSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Entries may carry a scheme and a path. */
const plain = (name: string): string => name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
const isSame = (name: string, registry: string): boolean => name === registry || plain(name) === plain(registry);

function storedAuth({ auths }: Config, registry: string): RegistryAuth | undefined {
  const entry = Object.entries(auths ?? {}).find(([name]) => isSame(name, registry))?.[1];
  if (entry === undefined) return undefined;
  const { identitytoken, registrytoken } = entry;
  const [username, password] = userOf(entry);
  if (isSet(identitytoken)) return { identitytoken, username, serveraddress: registry };
  if (isSet(registrytoken)) return { registrytoken, serveraddress: registry };
  return username === '' ? undefined : { username, password, serveraddress: registry };
}

const userOf = ({ auth, username, password }: z.infer<typeof entrySchema>): [string, string] =>
  decoded(auth ?? '') ?? [username ?? '', password ?? ''];

const isSet = (text: string | null | undefined): text is string => (text ?? '') !== '';

/** "user:password" in base64; some programs end it with a NUL. */
function decoded(auth: string): [string, string] | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8').replaceAll('\u0000', '');
  const at = text.indexOf(':');
  return at <= 0 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}

const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/;
const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
const helperMilliseconds = 10_000;

/** A program by its name and without a shell; what it answers is in no message. Undefined where it knows none. */
async function askHelper(
  environment: Environment,
  helper: string,
  registry: string,
): Promise<RegistryAuth | undefined> {
  if (!helperName.test(helper)) throw helperError(helper, 'its name can’t be one');
  const out = await callHelper(environment, helper, registry);
  const answer = out === undefined ? undefined : answerSchema.safeParse(parse(out));
  if (answer === undefined) return undefined;
  if (!answer.success) throw helperError(helper, 'its answer is not understood');
  const { Username: username, Secret: secret } = answer.data;
  return username === '<token>'
    ? { identitytoken: secret, serveraddress: registry }
    : { username, password: secret, serveraddress: registry };
}

function callHelper(environment: Environment, helper: string, registry: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { env: environment as NodeJS.ProcessEnv, timeout: helperMilliseconds, windowsHide: true };
    const child = execFile(`docker-credential-${helper}`, ['get'], options, (error, out) => {
      if (error === null) resolve(out);
      else if (/credentials not found/i.test(out)) resolve(undefined);
      else reject(helperError(helper, reasonOf(error)));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(registry);
  });
}

function reasonOf(error: Error & { code?: unknown; killed?: boolean }): string {
  if (error.code === 'ENOENT') return 'it is not installed';
  if (error.killed === true) return `no answer within ${helperMilliseconds / 1000} s`;
  return 'it failed';
}

const helperError = (helper: string, why: string): ExpectedError =>
  new ExpectedError(
    'image-missing',
    `The credential helper docker-credential-${helper} of your Docker configuration can't be used: ${why}.`,
    'Correct credsStore or credHelpers in your Docker config.json, or pull the image on the engine first.',
  );

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
