/** What each engine says about itself; all are asked at the same time, and one that is silent delays none. */
import type { EngineFacts } from '../domain/engineFacts';
import { ExpectedError } from '../domain/errors';
import type { Engine, HostTrust } from '../engine/engine';
import { asked, type EngineCatalog } from '../engine/engineCatalog';
import { engineNamed } from './chooseEngine';

/** A host that is up answers in a second or two; ssh itself gives up after five. */
const patienceMilliseconds = 8_000;

export async function listEngines(
  catalog: EngineCatalog,
  names: readonly string[] = [],
  signal?: AbortSignal,
): Promise<readonly EngineFacts[]> {
  await catalog.refresh();
  const deadline = AbortSignal.timeout(patienceMilliseconds);
  const both = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const chosen = names.length === 0 ? catalog.listed() : names.map((name) => asked(engineNamed(catalog, name)));
  const facts = await Promise.all(
    chosen.map(async (one) => (one.kind === 'told' ? one.facts : factsOf(one.engine, both))),
  );
  signal?.throwIfAborted();
  return facts;
}

/** An engine that answers is asked for its GPUs too; without an answer to that, the rest is shown all the same. */
async function factsOf(engine: Engine, signal: AbortSignal): Promise<EngineFacts> {
  const facts = await engine.probe(signal);
  if (facts.state !== 'ready' || engine.gpus === undefined) return facts;
  const found = await engine.gpus(signal).catch(() => undefined);
  return { ...facts, gpus: (found?.gpus ?? []).map(({ id, model, memory }) => ({ id, model, memory })) };
}

export async function hostTrustOf(catalog: EngineCatalog, name: string): Promise<HostTrust> {
  if (catalog.find(name) === undefined) await catalog.refresh();
  const { hostTrust } = engineNamed(catalog, name);
  if (hostTrust !== undefined) return hostTrust;
  throw new ExpectedError('usage', `${name} is not behind ssh, so it has no host key.`);
}
