import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registryAuth, registryOf } from '../../../runner/src/engine/docker/registryAuth';
import { userRegistries } from '../../../runner/src/engine/docker/registries';

const hub = 'https://index.docker.io/v1/';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the registry of an image', () => {
  it.each([
    ['python:3.12-slim', hub],
    ['library/python', hub],
    ['docker.io/library/python', hub],
    ['me/python:1', hub],
    ['ghcr.io/me/python', 'ghcr.io'],
    ['localhost/python', 'localhost'],
    ['localhost:5000/python@sha256:ab', 'localhost:5000'],
    ['registry.example:5000/a/b/c:1', 'registry.example:5000'],
  ])('of %s is %s', (image, registry) => expect(registryOf(image)).toBe(registry));
});

describe("the user's credentials", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const environment = () => ({ DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin`, MARK: join(folder, 'mark') });
  const config = (value: object): void => writeFileSync(join(folder, 'config.json'), JSON.stringify(value));
  const helper = (name: string, script: string): void =>
    writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  it('are none without a configuration, or with one that is broken', async () => {
    expect(await registryAuth(environment(), 'ghcr.io')).toBeUndefined();
    writeFileSync(join(folder, 'config.json'), '{');
    expect(await registryAuth(environment(), 'ghcr.io')).toBeUndefined();
  });

  it.each(['ghcr.io', 'https://ghcr.io', 'https://ghcr.io/v2/'])('are found under %s', async (name) => {
    config({ auths: { 'other.io': { auth: base64('x:y') }, [name]: { auth: base64('me:pass:word') } } });
    const found = await registryAuth(environment(), 'ghcr.io');
    expect(found).toEqual({ username: 'me', password: 'pass:word', serveraddress: 'ghcr.io' });
  });

  it('may be an identity token', async () => {
    config({ auths: { [hub]: { auth: base64('me:'), identitytoken: 'token' } } });
    expect(await registryAuth(environment(), hub)).toEqual({
      identitytoken: 'token',
      username: 'me',
      serveraddress: hub,
    });
  });

  it('come from the store of credentials', async () => {
    helper('vault', 'read -r name; printf \'{"ServerURL":"%s","Username":"me","Secret":"of %s"}\' "$name" "$name"');
    config({ credsStore: 'vault', auths: { 'ghcr.io': {} } });
    const found = await registryAuth(environment(), 'ghcr.io');
    expect(found).toEqual({ username: 'me', password: 'of ghcr.io', serveraddress: 'ghcr.io' });
  });

  it('come from the helper of the registry rather than from the store, as a token too', async () => {
    helper('vault', 'exit 1');
    helper('own', 'echo \'{"Username":"<token>","Secret":"abc"}\'');
    config({ credsStore: 'vault', credHelpers: { 'ghcr.io': 'own' } });
    expect(await registryAuth(environment(), 'ghcr.io')).toEqual({ identitytoken: 'abc', serveraddress: 'ghcr.io' });
  });

  it('are the written ones where the helper knows none', async () => {
    helper('vault', 'echo "credentials not found in native keychain"; exit 1');
    config({ credsStore: 'vault', auths: { 'ghcr.io': { auth: base64('me:pw') } } });
    expect(await registryAuth(environment(), 'ghcr.io')).toMatchObject({ username: 'me' });
  });

  it.each(['x; touch "$MARK"', '../evil', '-a'])('come from no helper that is called %s', async (name) => {
    config({ credHelpers: { 'ghcr.io': name } });
    await expect(registryAuth(environment(), 'ghcr.io')).rejects.toMatchObject({ code: 'image-missing' });
  });

  it('are kept out of what is said about a helper that fails', async () => {
    helper('vault', 'echo "secret-42 is wrong"; echo secret-42 >&2; exit 3');
    config({ credsStore: 'vault' });
    const { headers, problem } = await userRegistries(environment()).forPull('ghcr.io/me/x');
    expect(headers).toEqual({});
    expect(problem?.message).toContain('docker-credential-vault');
    expect(JSON.stringify([problem?.message, problem?.hint, String(problem?.cause)])).not.toContain('secret-42');
  });

  it('go out as the engine reads them', async () => {
    config({ auths: { 'ghcr.io': { auth: base64('me:\u00ff\u00fe??>>') } } });
    const { headers } = await userRegistries(environment()).forPull('ghcr.io/me/x');
    const sent = headers['X-Registry-Auth'] ?? '';
    expect(sent).toMatch(/^[A-Za-z0-9_-]+=*$/);
    expect(JSON.parse(Buffer.from(sent, 'base64url').toString())).toMatchObject({
      username: 'me',
      password: '\u00ff\u00fe??>>',
    });
    const build =
      (await userRegistries(environment()).forBuild(['python', 'ghcr.io/me/x'])).headers['X-Registry-Config'] ?? '';
    expect(Object.keys(JSON.parse(Buffer.from(build, 'base64url').toString()) as object)).toEqual(['ghcr.io']);
  });
});
