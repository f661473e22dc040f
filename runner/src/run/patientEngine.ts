/**
 * An engine whose calls are made again while it does not answer: it may be restarting, or the connection was cut. Every
 * call of the interface can be made again; `start` looks for what an earlier one left.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isExpected, type ExpectedError } from '../domain/errors';
import type { Engine } from '../engine/engine';

/** Milliseconds before each further try. */
const pauses: readonly number[] = [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000];
/** No further try begins after this long: deadlines of the calls themselves may take all of it. */
const patienceMilliseconds = 60_000;

/** `onSilence`: before it is tried again. */
export type OnSilence = (error: ExpectedError) => void;

export async function patiently<T>(
  work: () => Promise<T>,
  onSilence: OnSilence,
  signal: AbortSignal | undefined,
): Promise<T> {
  const begun = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const pause = pauses[tries];
      const isOver = pause === undefined || performance.now() - begun > patienceMilliseconds;
      if (isOver || !isExpected(error, 'engine-unreachable')) throw error;
      onSilence(error);
      await delay(pause, undefined, { signal });
    }
  }
}

export function patientEngine(engine: Engine, onSilence: OnSilence): Engine {
  const { send, hashFolder, waitForGpus } = engine;
  return {
    // Whatever else an engine has is passed on as it is: engines are plain objects.
    ...engine,
    ...(send === undefined
      ? {}
      : { send: (sending, signal) => patiently(() => send.call(engine, sending, signal), onSilence, signal) }),
    ...(hashFolder === undefined
      ? {}
      : {
          hashFolder: (request, signal) => patiently(() => hashFolder.call(engine, request, signal), onSilence, signal),
        }),
    ...(waitForGpus === undefined
      ? {}
      : { waitForGpus: (spec, how) => patiently(() => waitForGpus.call(engine, spec, how), onSilence, how.signal) }),
    prepare: (request, events, signal) => patiently(() => engine.prepare(request, events, signal), onSilence, signal),
    start: (spec, secrets, how) => patiently(() => engine.start(spec, secrets, how), onSilence, how.signal),
    stop: (ref, how) => patiently(() => engine.stop(ref, how), onSilence, how.signal),
    collect: (ref, staging, how) => patiently(() => engine.collect(ref, staging, how), onSilence, how.signal),
    remove: (ref, signal) => patiently(() => engine.remove(ref, signal), onSilence, signal),
  };
}
