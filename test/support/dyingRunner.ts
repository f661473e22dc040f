/**
 * A runner that dies by SIGKILL before a chosen step of a run: `node dyingRunner.cjs ORDER`. Steps are all operations of
 * the store that change the disk, and both sides of each call to the engine, counted in the order in which they come.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractZip } from '../../runner/src/archive/extractZip';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import type { Engine } from '../../runner/src/engine/engine';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';
import { createRunner } from '../../runner/src/index';
import { openStore } from '../../runner/src/store/openStore';
import { dyingDisk } from './dyingDisk';

export interface DeathOrder {
  readonly workspace: string;
  readonly harnessFolder: string;
  readonly engine: 'docker' | 'process';
  readonly host: string;
  readonly image: string;
  /** The number of the step before which it dies, from 0; absent: it lives and writes the names of the steps to `steps`. */
  readonly dieAt?: number;
  readonly steps: string;
}

const order = JSON.parse(process.argv[2] ?? '') as DeathOrder;
const { step, steps, disk } = dyingDisk(order.workspace, order.dieAt);

const calls = ['demand', 'prepare', 'start', 'inspect', 'stop', 'collect', 'remove'] as const;

function dyingEngine(engine: Engine): Engine {
  const dying: Record<string, unknown> = { ...engine };
  for (const name of calls) {
    const work = engine[name] as (...words: unknown[]) => Promise<unknown>;
    dying[name] = async (...words: unknown[]) => {
      step(`before ${name}`);
      const answer = await work(...words);
      step(`after ${name}`);
      return answer;
    };
  }
  return dying as unknown as Engine;
}

function engineOf(): Engine {
  const { harnessFolder } = order;
  const environment = process.env;
  if (order.engine === 'process') return createProcessEngine({ harnessFolder, environment, extract: extractZip });
  return createDockerEngine({ name: 'docker', endpoint: parseEndpoint(order.host), harnessFolder, environment });
}

async function main(): Promise<void> {
  const { workspace } = order;
  const store = openStore({ folder: join(workspace, '.training-pipelines'), workspace, disk });
  const none = (): Promise<[]> => Promise.resolve([]);
  const check = { blocking: none, findings: none, discover: none, reads: none };
  const say = (text: unknown): void => void process.stderr.write(`${String(text)}\n`);
  const log = { trace: () => undefined, debug: () => undefined, info: say, warn: say, error: say };
  const runner = createRunner({ workspace, store, engines: [dyingEngine(engineOf())], check, log });
  const image = order.engine === 'docker' ? { image: order.image } : {};
  const request = { package: 'digits', dataset: 'data/d', engine: order.engine, currentFolder: workspace, ...image };
  const run = await (await runner.start(request)).ended;
  process.stdout.write(`${run.state}\n`);
  if (order.dieAt === undefined) writeFileSync(order.steps, JSON.stringify(steps));
}

void main();
