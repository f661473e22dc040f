/** Images of a registry with a password: the user's Docker configuration opens it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { EnvironmentRequest, PreparedEnvironment } from '../../runner/src/engine/engine';
import { dockerPlace } from '../support/dockerPlace';
import { startEngine, type TestEngine } from '../support/engine.mjs';
import { startRegistry, type TestRegistry } from '../support/registry';

const password = 'hush-hush-4242';
let engine: TestEngine;
let registry: TestRegistry;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());
beforeEach(async () => {
  registry = await startRegistry('me', password);
  folder = await mkdtemp(join(tmpdir(), 'tp-registry-'));
});
afterEach(async () => {
  registry.close();
  await rm(folder, { recursive: true });
});

const said: string[] = [];
const prepare = (): Promise<PreparedEnvironment> => {
  const environment = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, DOCKER_CONFIG: folder };
  const request: EnvironmentRequest = {
    runId: 'run',
    installation: 'test',
    image: registry.image,
    python: '',
    files: [],
    zip: '',
    package: 'digits',
    network: 'bridge',
    cacheFolder: folder,
  };
  const events = {
    onProgress: ({ text }: { text: string }) => said.push(text),
    onOutput: (text: string) => said.push(text),
  };
  return dockerPlace(engine.host, 'docker', { environment }).engine.prepare(request, events);
};
const configure = (value: object): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify(value));
const auth = (secret: string): string => Buffer.from(`me:${secret}`).toString('base64');

it('stays closed without a password, or with a wrong one', async () => {
  await expect(prepare()).rejects.toMatchObject({ code: 'image-missing' });
  await configure({ auths: { [registry.host]: { auth: auth('wrong') } } });
  await expect(prepare()).rejects.toMatchObject({ code: 'image-missing' });
  expect(registry.asked).not.toContain(true);
});

it('is opened by what the configuration holds, and nobody is told', async () => {
  await configure({ auths: { [registry.host]: { auth: auth(password) } } });
  expect((await prepare()).image).toMatchObject({ name: registry.image, platform: 'linux/amd64' });
  expect(registry.asked).toContain(true);
  expect(said.join('\n')).not.toContain(password);
});

it('is opened by what the helper of the registry knows', async () => {
  const answer = JSON.stringify({ ServerURL: registry.host, Username: 'me', Secret: password });
  await writeFile(join(folder, 'docker-credential-own'), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  await configure({ credHelpers: { [registry.host]: 'own' } });
  expect((await prepare()).image).toMatchObject({ name: registry.image });
});

it('names the helper where that is why it stays closed', async () => {
  await configure({ credsStore: 'nowhere' });
  await expect(prepare()).rejects.toThrow(/docker-credential-nowhere .*not installed/);
});
