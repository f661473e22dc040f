/** The docker engine at an address, for tests; and questions to it past the engine under test. */
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import { DockerClient } from '../../runner/src/engine/docker/dockerClient';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import type { PreparedEnvironment } from '../../runner/src/engine/engine';
import { testImage } from './engine.mjs';
import type { EnginePlace } from './engineRun';
import { harnessFolder } from './localRun';

export interface DockerPlace extends EnginePlace {
  readonly client: DockerClient;
}

export const inImage = (name: string): PreparedEnvironment => ({
  target: name,
  image: { name, digest: name, platform: 'linux/amd64' },
  summary: '',
  built: false,
  warnings: [],
});

export function dockerPlace(host: string, name = 'docker'): DockerPlace {
  const endpoint = parseEndpoint(host);
  const engine = createDockerEngine({ name, endpoint, harnessFolder, environment: process.env });
  return { name, engine, environment: inImage(testImage), client: new DockerClient(name, endpoint) };
}
