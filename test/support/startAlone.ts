/** Starts a local run from a process of its own, so that a test can kill the starter at any instant: `node startAlone SPEC`. */
import { readFile } from 'node:fs/promises';
import { extractZip } from '../../runner/src/archive/extractZip';
import type { RunSpec } from '../../runner/src/engine/engine';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';

interface Order {
  readonly spec: RunSpec;
  readonly harnessFolder: string;
}

const { spec, harnessFolder } = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Order;
const engine = createProcessEngine({ harnessFolder, environment: process.env, extract: extractZip });
process.stdout.write('ready\n');
await engine.start(spec, {}, { onProgress: () => undefined });
process.stdout.write('started\n');
