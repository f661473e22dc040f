/** Certificates and keys for `tcp://` addresses, read from where Docker or the user keeps them. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TlsMaterial } from './tcpTarget';

type Environment = Readonly<Record<string, string | undefined>>;

export const dockerFolder = (environment: Environment): string => {
  const chosen = environment['DOCKER_CONFIG'] ?? '';
  return chosen === '' ? join(environment['HOME'] ?? homedir(), '.docker') : chosen;
};

/** All three files, or undefined where one is missing: mutual TLS or none. */
export async function readMaterial(paths: {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}): Promise<TlsMaterial | undefined> {
  try {
    const [ca, cert, key] = await Promise.all([paths.ca, paths.cert, paths.key].map((path) => readFile(path, 'utf8')));
    return ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key };
  } catch {
    return undefined;
  }
}

export const materialIn = (folder: string): Promise<TlsMaterial | undefined> =>
  readMaterial({ ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') });

/** As Docker's own programs take it: DOCKER_CERT_PATH, else the Docker folder where DOCKER_TLS_VERIFY asks for TLS. Always verified. */
export async function environmentMaterial(environment: Environment, host: string): Promise<TlsMaterial | undefined> {
  if (!/^(tcp|https?):/i.test(host)) return undefined;
  const folder = environment['DOCKER_CERT_PATH'] ?? '';
  if (folder !== '') return materialIn(folder);
  return (environment['DOCKER_TLS_VERIFY'] ?? '') === '' ? undefined : materialIn(dockerFolder(environment));
}
