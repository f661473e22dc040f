import { afterAll, describe } from 'vitest';
import { dockerPlace } from '../support/dockerPlace';
import { kinds, startEngine, type TestEngine } from '../support/engine.mjs';
import { conformance } from './conformance';

const columns = { 'docker-20': 'Docker 20.10', 'docker-26': 'Docker 26.1', podman: 'Podman 5.4' } as const;

describe.each(kinds)('the docker engine on %s', (kind) => {
  let engine: TestEngine | undefined;
  afterAll(() => engine?.stop());
  conformance(
    async () => {
      engine = await startEngine({ kind });
      return dockerPlace(engine.host);
    },
    { isolates: true, column: columns[kind] },
  );
});
