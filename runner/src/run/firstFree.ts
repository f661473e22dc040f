/** A run that names several engines takes the first that is free; where none is, it waits on one and goes where room comes first. */
import { setTimeout as delay } from 'node:timers/promises';
import { engineWords } from '../domain/engineFacts';
import { messageOf } from '../domain/errors';
import type { GpuRequest } from '../domain/gpuRequest';
import type { Warning } from '../domain/run';
import type { Engine, RunDemand } from '../engine/engine';

export interface Chosen {
  readonly engine: Engine;
  readonly warnings: readonly Warning[];
}

/** Those that cannot run it are passed over with a warning; throws what the first says where none can. */
export async function firstFree(engines: readonly Engine[], demand: RunDemand, signal?: AbortSignal): Promise<Chosen> {
  const answers = await Promise.all(engines.map((engine) => ask(engine, demand, signal)));
  const able = answers.filter((answer) => answer.error === undefined);
  const chosen = able.find(({ isFree }) => isFree) ?? able[0];
  if (chosen === undefined) throw answers[0]?.error;
  const unable = answers.filter(({ error }) => error !== undefined);
  return { engine: chosen.engine, warnings: [...unable.map(passedOver), ...chosen.warnings] };
}

async function ask(engine: Engine, demand: RunDemand, signal?: AbortSignal) {
  try {
    const warnings = await engine.demand(demand, signal);
    return { engine, warnings, isFree: await isFree(engine, demand.gpu, signal), error: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    return { engine, warnings: [], isFree: false, error };
  }
}

const isFree = async (engine: Engine, gpu: GpuRequest, signal?: AbortSignal): Promise<boolean> =>
  engine.isFree === undefined || (await engine.isFree(gpu, signal));

const passedOver = ({ engine, error }: { readonly engine: Engine; readonly error: unknown }): Warning => ({
  code: 'engine-fallback',
  message: `${engineWords(engine.name)} is passed over: ${messageOf(error)}`,
});

const lookMilliseconds = 3_000;

/** Another of the engines is free while the run waits for this one. */
export class FreeElsewhere extends Error {
  constructor(readonly engine: string) {
    super(`${engine} is free`);
  }
}

/** `wait` goes on until it is over, or rejects with FreeElsewhere. */
export async function orElsewhere<T>(
  others: readonly Engine[],
  gpu: GpuRequest,
  signal: AbortSignal,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (others.length === 0) return wait(signal);
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  let found: string | undefined;
  const looking = (async () => {
    for (;;) {
      await delay(lookMilliseconds, undefined, { signal: both });
      for (const other of others) {
        if (!(await isFree(other, gpu, both).catch(() => false))) continue;
        found = other.name;
        return over.abort();
      }
    }
  })().catch(() => undefined);
  try {
    return await wait(both);
  } catch (error) {
    throw found === undefined || signal.aborted ? error : new FreeElsewhere(found);
  } finally {
    over.abort();
    await looking;
  }
}
