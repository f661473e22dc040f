/** Compare two runs: those that are selected, the one it was called on and another, or two that are chosen. */
import { runTitle } from '../../../runner/src/domain/format';
import type { Parts } from '../extensionContext';
import { pickRun, runOf } from '../pick';

export async function compareRuns(parts: Parts, argument?: unknown, second?: unknown): Promise<void> {
  const pair = named(second) ?? (await asked(parts, argument, second));
  if (pair === undefined) return;
  // The older one is on the left.
  const [left = '', right = ''] = [...pair].sort();
  await parts.openCompare(left, right);
}

/** Two rows that are selected. */
function named(selection: unknown): readonly [string, string] | undefined {
  if (!Array.isArray(selection)) return undefined;
  const [one, other] = [...new Set(selection.map(runOf).filter((id) => id !== undefined))];
  return one === undefined || other === undefined ? undefined : [one, other];
}

async function asked(parts: Parts, argument: unknown, second: unknown): Promise<readonly [string, string] | undefined> {
  const one = runOf(argument) ?? (await pickRun(parts.model, 'any', 'Compare: which run?'))?.id;
  if (one === undefined) return undefined;
  const shown = await parts.model.fetchRun(one);
  const title = shown === undefined ? 'Compare with' : `Compare ${runTitle(shown)} with`;
  const direct = typeof second === 'string' ? second : undefined;
  const other = direct ?? (await pickRun(parts.model, 'any', title, one))?.id;
  return other === undefined ? undefined : [one, other];
}
