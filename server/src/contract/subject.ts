/** One package under check: its train.py, and how findings about it are put together. */
import type { Severity } from '../../../runner/src/domain/finding';
import type { ModuleModel } from '../python/modules';
import type { Resolver } from '../python/resolve';
import type { SyntaxNode } from '../python/syntaxNode';
import type { FixFacts, RawFinding } from '../rawFinding';

export interface Subject {
  readonly train: ModuleModel;
  readonly resolver: Resolver;
}

export interface Spot {
  readonly module: ModuleModel;
  readonly node: SyntaxNode;
}

export interface Saying {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly data?: FixFacts;
}

/** At the spot where that is in train.py, else at `fallback` (in train.py) with the spot as related place. */
export function findingAt(
  train: ModuleModel,
  spot: Spot,
  fallback: SyntaxNode | undefined,
  saying: Saying,
): RawFinding {
  const range = spot.module.source.rangeOf(spot.node);
  if (spot.module.path === train.path || fallback === undefined) return { ...saying, range, file: spot.module.path };
  const related = [{ file: spot.module.path, range, message: saying.message }];
  return { ...saying, range: train.source.rangeOf(fallback), file: train.path, related };
}

export const errorOf = (code: string, message: string, data?: FixFacts): Saying => ({
  code,
  severity: 'error',
  message,
  ...(data === undefined ? {} : { data }),
});

export const warningOf = (code: string, message: string, data?: FixFacts): Saying => ({
  ...errorOf(code, message, data),
  severity: 'warning',
});

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
