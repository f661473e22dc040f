import { afterAll, describe } from 'vitest';
import { dockerPlace } from '../support/dockerPlace';
import { startEngine, type TestEngine } from '../support/engine.mjs';
import { conformance } from './conformance';

describe('the docker engine', () => {
  let engine: TestEngine | undefined;
  afterAll(() => engine?.stop());
  conformance(
    async () => {
      engine = await startEngine();
      return dockerPlace(engine.host);
    },
    { isolates: true },
  );
});
