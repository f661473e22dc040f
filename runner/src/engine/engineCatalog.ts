/** The engines that can be chosen by name, as the user has them configured now. */
import type { EngineFacts } from '../domain/engineFacts';
import type { Engine } from './engine';

export interface EngineCatalog {
  /** In the order in which they are listed; `find` may know more. */
  listed(): readonly CatalogEngine[];
  find(name: string): Engine | undefined;
  /** Reads anew what the user has configured. */
  refresh(): Promise<void>;
}

export type CatalogEngine =
  | { readonly kind: 'asked'; readonly name: string; readonly engine: Engine }
  /** Nobody connects to it before it is chosen, or it is none: these are its facts until then. */
  | { readonly kind: 'told'; readonly name: string; readonly facts: EngineFacts };

export const asked = (engine: Engine): CatalogEngine => ({ kind: 'asked', name: engine.name, engine });

/** A fixed list, as tests and embedders give it. */
export function fixedCatalog(engines: readonly Engine[]): EngineCatalog {
  return {
    listed: () => engines.map(asked),
    find: (name) => engines.find((engine) => engine.name === name),
    refresh: () => Promise.resolve(),
  };
}
