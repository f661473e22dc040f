/** Runs through the library in this process, with every call to the engine timed. */
import { resolve } from 'node:path';
import { join } from 'node:path';
import { createRunner } from '../../runner/src/index';
import type { Clock } from '../../runner/src/run/runDocument';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import { createDockerEngine } from '../../runner/src/engine/docker/dockerEngine';
import { parseEndpoint } from '../../runner/src/engine/docker/endpoint';
import type { Engine } from '../../runner/src/engine/engine';
import type { DrivenRun, RunEvents, Runner } from '../../runner/src/runner';
import { openStore } from '../../runner/src/store/openStore';
import { testImage } from './engine.mjs';

export interface TimedCall {
  readonly name: string;
  readonly seconds: number;
}

const none = (): Promise<[]> => Promise.resolve([]);

export interface LibraryOptions {
  readonly workspace: string;
  readonly engine: Engine;
  readonly clock?: Clock;
}

export function libraryRunner({ workspace, engine, clock }: LibraryOptions): Runner {
  const store = openStore({ folder: join(workspace, '.training-pipelines'), workspace });
  const check = { blocking: none, findings: none, discover: none, reads: none };
  const silent = (): void => undefined;
  const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };
  return createRunner({ workspace, store, engines: [engine], check, log, ...(clock === undefined ? {} : { clock }) });
}

const harnessFolder = resolve(import.meta.dirname, '../../runner/harness');

export function dockerAt(host: string, deadlineScale = 1): Engine {
  const endpoint = parseEndpoint(host);
  return createDockerEngine({ name: 'docker', endpoint, harnessFolder, environment: process.env, deadlineScale });
}

/** The engine, and how long each of its calls took so far. */
export function timed(engine: Engine): { readonly engine: Engine; readonly calls: TimedCall[] } {
  const calls: TimedCall[] = [];
  const watched: Record<string, unknown> = { ...engine };
  for (const name of ['probe', 'demand', 'prepare', 'start', 'inspect', 'stop', 'collect', 'remove'] as const) {
    const work = engine[name] as (...words: unknown[]) => Promise<unknown>;
    watched[name] = async (...words: unknown[]) => {
      const begun = performance.now();
      try {
        return await work(...words);
      } finally {
        calls.push({ name, seconds: (performance.now() - begun) / 1000 });
      }
    };
  }
  return { engine: watched as unknown as Engine, calls };
}

export function startRun(runner: Runner, events: RunEvents = {}): Promise<DrivenRun> {
  const { workspace: currentFolder } = runner;
  const request = { package: 'digits', dataset: 'data/d', engine: 'docker', image: testImage, currentFolder };
  return runner.start(request, events);
}

/** Somebody comes back each time that the run cannot go on for now. */
export async function toItsEnd(runner: Runner, driven: DrivenRun, tries = 10): Promise<Run> {
  let run = await driven.ended;
  for (let i = 0; i < tries && !hasEnded(run.state); i++) run = await (await runner.attach(run.id)).ended;
  return run;
}
