import { describe } from 'vitest';
import { extractZip } from '../../runner/src/archive/extractZip';
import { hostEnvironment } from '../../runner/src/engine/process/hostEnvironment';
import { findInterpreter } from '../../runner/src/engine/process/interpreter';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';
import { harnessFolder } from '../support/localRun';
import { conformance } from './conformance';

describe('the process engine', () => {
  conformance(
    async () => {
      const interpreter = await findInterpreter('', hostEnvironment(process.env));
      return {
        name: 'process',
        engine: createProcessEngine({ harnessFolder, environment: process.env, extract: extractZip }),
        environment: { target: interpreter.path, image: null, summary: '', built: false, warnings: [] },
      };
    },
    { isolates: false, column: 'process' },
  );
});
