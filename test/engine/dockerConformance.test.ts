import { afterAll, describe } from 'vitest';
import { dockerPlace } from '../support/dockerPlace';
import { kinds, startEngine, type TestEngine } from '../support/engine.mjs';
import { conformance } from './conformance';

describe.each(kinds)('the docker engine on %s', (kind) => {
  let engine: TestEngine | undefined;
  afterAll(() => engine?.stop());
  conformance(
    async () => {
      engine = await startEngine({ kind });
      return dockerPlace(engine.host);
    },
    { isolates: true },
  );
});
