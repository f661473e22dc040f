/** Which parameters `train.py` reads from the environment of a run, and what it takes where one is not set. */
import { factsOf } from '../python/facts';
import { Resolver } from '../python/resolve';
import type { SyntaxNode } from '../python/syntaxNode';
import { positional, Values, type Scope } from '../python/values';
import type { PackageReport } from './checkPackage';
import { isDead } from './liveCode';
import { readOf } from './parameterRules';

export interface ParameterRead {
  readonly name: string;
  /** As text; null where a run without the parameter fails, or where the code does not say. */
  readonly fallback: string | null;
}

/** In the order of the file, each once. What the code itself sets is no parameter of the run. */
export function parameterReads({ train, modules }: PackageReport): ParameterRead[] {
  if (train === undefined) return [];
  const values = new Values(new Resolver(modules));
  const scope: Scope = { module: train };
  const reads = factsOf(train.root).environment.flatMap((node) => {
    const read = isDead(node, train.name) ? undefined : readOf(node, values, scope);
    return read === undefined ? [] : [{ ...read, fallback: fallbackOf(node, values, scope) }];
  });
  const own = new Set(reads.filter((read) => read.sets).map((read) => read.key));
  const found = new Map<string, string | null>();
  for (const { key, fallback } of reads) {
    if (own.has(key) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) continue;
    found.set(key, found.get(key) ?? fallback);
  }
  return [...found].map(([name, fallback]) => ({ name, fallback }));
}

/** The second argument of `environ.get`: a text, or a number as it is written. */
function fallbackOf(call: SyntaxNode, values: Values, scope: Scope): string | null {
  const second = call.type === 'call' ? positional(call)[1] : undefined;
  if (second === undefined) return null;
  const value = values.of(second, scope);
  if (value.kind === 'text') return /[\ue000-\uf8ff]/.test(value.text) ? null : value.text;
  return value.kind === 'number' || value.kind === 'boolean' ? second.text : null;
}
