/** What each engine says about itself; all are asked at the same time, and one that is silent delays none. */
import type { EngineFacts } from '../domain/engineFacts';
import { ExpectedError } from '../domain/errors';
import type { HostTrust } from '../engine/engine';
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
    chosen.map(async (one) => (one.kind === 'told' ? one.facts : one.engine.probe(both))),
  );
  signal?.throwIfAborted();
  return facts;
}

export async function hostTrustOf(catalog: EngineCatalog, name: string): Promise<HostTrust> {
  if (catalog.find(name) === undefined) await catalog.refresh();
  const { hostTrust } = engineNamed(catalog, name);
  if (hostTrust !== undefined) return hostTrust;
  throw new ExpectedError('usage', `${name} is not behind ssh, so it has no host key.`);
}
