/** A second machine, over ssh and with mutual TLS: all that every engine promises. */
import { afterAll, describe } from 'vitest';
import { overSsh, overTls } from '../support/dockerPlace';
import { startFarEngine, type FarEngine } from '../support/engine.mjs';
import { conformance } from './conformance';

let far: Promise<FarEngine> | undefined;
const theFar = (): Promise<FarEngine> => (far ??= startFarEngine());
afterAll(async () => (await far)?.stop());

describe('the engine of a second machine over ssh', () => {
  conformance(async () => overSsh(await theFar()), { isolates: true, column: 'over ssh' });
});

describe('the engine of a second machine with mutual TLS', () => {
  conformance(async () => overTls(await theFar()), { isolates: true, column: 'mutual TLS' });
});
