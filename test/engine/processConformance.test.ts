import { describe } from 'vitest';
import { extractZip } from '../../runner/src/archive/extractZip';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';
import { harnessFolder, interpreter } from '../support/localRun';
import { conformance } from './conformance';

describe('the process engine', () => {
  conformance(
    async () => ({
      name: 'process',
      engine: createProcessEngine({ harnessFolder, environment: process.env, extract: extractZip }),
      environment: { target: (await interpreter).path, image: null, summary: '', built: false, warnings: [] },
    }),
    { isolates: false },
  );
});
