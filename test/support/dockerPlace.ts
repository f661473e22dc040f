/** The docker engine at an address, for tests; and questions to it past the engine under test. */
import { agentFor } from '../../runner/src/engine/docker/dial';
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import * as z from 'zod';
import { labels } from '../../runner/src/engine/docker/labels';
import { DockerClient } from '../../runner/src/engine/docker/dockerClient';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import type { PreparedEnvironment } from '../../runner/src/engine/engine';
import { sshProgram } from '../../runner/src/engine/docker/sshProgram';
import type { TlsMaterial } from '../../runner/src/engine/docker/tcpTarget';
import { readMaterial } from '../../runner/src/engine/docker/tlsMaterial';
import { testImage, type FarEngine } from './engine.mjs';
import type { EnginePlace } from './engineRun';
import { harnessFolder } from './localRun';

export interface DockerPlace extends EnginePlace {
  readonly client: DockerClient;
  /** Names of all containers of an installation. */
  containersOf(installation: string): Promise<string[]>;
}

const containersSchema = z.array(z.object({ Names: z.array(z.string()) }));

export const inImage = (name: string): PreparedEnvironment => ({
  target: name,
  image: { name, digest: name, platform: 'linux/amd64' },
  summary: '',
  built: false,
  warnings: [],
});

/** `isLocal` false: an engine that is taken to read none of this machine's files. */
export function dockerPlace(
  host: string,
  name = 'docker',
  {
    environment = process.env,
    tls,
    ...more
  }: { environment?: NodeJS.ProcessEnv; tls?: TlsMaterial; isLocal?: boolean; deadlineScale?: number } = {},
): DockerPlace {
  const endpoint = parseEndpoint(host, { tls });
  const engine = createDockerEngine({ name, endpoint, harnessFolder, environment, ...more });
  const client = new DockerClient(name, endpoint, agentFor(name, endpoint, sshProgram(environment)));
  return {
    name,
    engine,
    environment: inImage(testImage),
    client,
    containersOf: async (installation) => {
      const filters = JSON.stringify({ label: [`${labels.installation}=${installation}`] });
      const found = await client.get('/containers/json', containersSchema, { query: { all: true, filters } });
      return found.flatMap(({ Names }) => Names);
    },
  };
}

/** The second machine's engine over its sshd. */
export const overSsh = (far: FarEngine, host = `ssh://root@${far.address}`, client = far.client): DockerPlace =>
  dockerPlace(host, 'far', { environment: { ...process.env, TRAINING_PIPELINES_SSH: client.command } });

/** The second machine's engine with mutual TLS. */
export async function overTls(far: FarEngine, host = `tcp://${far.address}:2376`): Promise<DockerPlace> {
  const tls = await readMaterial(far.certificates);
  if (tls === undefined) throw new Error('the certificates are not there');
  return dockerPlace(host, 'far', { tls });
}
