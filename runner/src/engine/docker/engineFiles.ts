/** What the user has written down of engines: engines.json, and addresses that were given on the command line. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { engineDefinitionsSchema, type EngineDefinition } from '../../domain/engineDefinition';
import { ExpectedError, messageOf } from '../../domain/errors';
import { parseEndpoint, type Endpoint } from './endpoint';
import { readMaterial } from './tlsMaterial';

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's own folder, never one of a workspace. */
export function configurationFolder(environment: Environment, platform = process.platform): string {
  const home = environment['HOME'] ?? homedir();
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'training-pipelines');
  const chosen = environment['XDG_CONFIG_HOME'] ?? '';
  return join(chosen.startsWith('/') ? chosen : join(home, '.config'), 'training-pipelines');
}

export const enginesFile = (environment: Environment): string => join(configurationFolder(environment), 'engines.json');

/** Throws `usage` where the file can't be understood; none at all is none defined. */
export async function readEnginesFile(environment: Environment): Promise<readonly EngineDefinition[]> {
  const path = enginesFile(environment);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw unreadable(path, error.message);
  });
  if (text === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, messageOf(error));
  }
  const parsed = engineDefinitionsSchema.safeParse(value);
  if (parsed.success) return parsed.data.engines;
  const issue = parsed.error.issues[0];
  throw unreadable(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
}

const unreadable = (path: string, why: string): ExpectedError =>
  new ExpectedError('usage', `${path} can't be read: ${why}.`, 'Correct the file and try again.');

/** `folder`: what relative paths of the definition are relative to. */
export async function definedEndpoint(definition: EngineDefinition, folder: string): Promise<Endpoint> {
  const { host, ca, cert, key, serverName, plainLoopback = false } = definition;
  const unsupported = (why: string, hint: string): Endpoint => ({ kind: 'unsupported', text: host, why, hint });
  const given = [ca, cert, key].filter((path) => path !== undefined);
  if (given.length === 0) return parseEndpoint(host, { allowPlainLoopback: plainLoopback });
  if (ca === undefined || cert === undefined || key === undefined)
    return unsupported('Mutual TLS needs all of ca, cert and key', 'Name the three files in the definition.');
  const material = await readMaterial({
    ca: resolve(folder, ca),
    cert: resolve(folder, cert),
    key: resolve(folder, key),
  });
  if (material === undefined)
    return unsupported(
      `The files ${[ca, cert, key].join(', ')} can't all be read`,
      'Correct their paths in the definition.',
    );
  return parseEndpoint(host, { tls: { ...material, ...(serverName === undefined ? {} : { serverName }) } });
}

const addressesSchema = z.object({ addresses: z.array(z.string()) });
const addressesFile = (environment: Environment): string => join(configurationFolder(environment), 'addresses.json');
const mostAddresses = 100;

/** Addresses that the user has given on a command line; runs on them are gone on with by other processes of the user. */
export async function rememberedAddresses(environment: Environment): Promise<readonly string[]> {
  try {
    return addressesSchema.parse(JSON.parse(await readFile(addressesFile(environment), 'utf8'))).addresses;
  } catch {
    return [];
  }
}

export async function rememberAddress(environment: Environment, address: string): Promise<void> {
  const known = await rememberedAddresses(environment);
  if (known.at(-1) === address) return;
  const addresses = [...known.filter((one) => one !== address), address].slice(-mostAddresses);
  const path = addressesFile(environment);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.${process.pid}`;
  await writeFile(part, JSON.stringify({ addresses }), { mode: 0o600 });
  await rename(part, path);
}
