/** The plan's second and third line: with what, and why these numbers. */
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import type { EngineFacts } from '../../../runner/src/domain/engineFacts';
import { hasEnded } from '../../../runner/src/domain/run';
import type { DatasetView, Draft, PanelState, PlanFacts } from '../protocol';
import { usualDuration } from './durations';
import { namesInWords } from './namesInWords';

/** The why, in one sentence; "" where the numbers speak for themselves. */
export const whyWords = (plan: PlanFacts): string => (plan.publishes ? publishWords(plan) : takenWords(plan));

function publishWords({ from, changedSince }: PlanFacts): string {
  const then = `so the working folder is published as ${from} first.`;
  if (changedSince === null) return `Nothing is published yet, ${then}`;
  const names = namesInWords(changedSince.paths);
  return `${names === '' ? 'The content' : names} changed since ${changedSince.version}, ${then}`;
}

function takenWords({ from, makes, taken }: PlanFacts): string {
  const [first, second] = taken;
  if (first === undefined) return '';
  const last = taken.at(-1) ?? first;
  const which = second === undefined ? `${first} is` : `${first} ${second === last ? 'and' : 'to'} ${last} are`;
  return `${which} taken, so training from ${from} makes ${makes}.`;
}

/** "data/digits: 1,797 files, 3.1 MB, GPU none. Usually 5 to 7 s." */
export function datasetLine(state: PanelState): string {
  const { dataset, draft, plan } = state;
  const gpu = gpuWords(draft, engineOf(state));
  if (dataset === undefined) return `${gpu}.`;
  if (dataset.partial) return `${dataset.path}: counting, ${formatNumber(dataset.files, 'file')} so far. ${gpu}.`;
  const size = `${formatNumber(dataset.files, 'file')}, ${formatBytes(dataset.bytes)}`;
  return [`${dataset.path}: ${size}, ${gpu}.`, afterwards(state, plan)].filter((part) => part !== '').join(' ');
}

function afterwards({ runs }: PanelState, plan: PlanFacts | undefined): string {
  if (runs.some((run) => !hasEnded(run.state))) return 'Changes below apply to the next run.';
  const latest = runs.find((run) => hasEnded(run.state));
  const isSameCode = plan !== undefined && !plan.publishes && latest?.from === plan.from;
  if (isSameCode && latest.state === 'Failed') return 'The last run with this code failed.';
  return plan === undefined ? '' : usualDuration(runs, plan.engine);
}

/** "GPU none", "all GPUs", "2 GPUs", "GPU 0, NVIDIA RTX 4090". */
export function gpuWords(draft: Draft, engine: EngineFacts | undefined): string {
  switch (draft.gpuKind) {
    case 'none':
      return 'GPU none';
    case 'all':
      return 'all GPUs';
    case 'count':
      return `${draft.gpuCount} GPU${draft.gpuCount.trim() === '1' ? '' : 's'}`;
    default:
      return chosenGpus(draft.gpuIds, engine);
  }
}

function chosenGpus(ids: readonly string[], engine: EngineFacts | undefined): string {
  if (ids.length === 0) return 'no GPU chosen';
  const [only] = ids;
  const model = ids.length === 1 ? engine?.gpus.find(({ id }) => id === only)?.model : undefined;
  return `GPU ${ids.join(', ')}${model === undefined ? '' : `, ${model}`}`;
}

/** The engine that a run would go to: the chosen one, else what the plan found, else the first that is ready. */
export function engineOf({
  draft,
  plan,
  engines = [],
}: Pick<PanelState, 'draft' | 'plan' | 'engines'>): EngineFacts | undefined {
  const name = draft.engine === '' ? plan?.engine : draft.engine;
  if (name !== undefined) return engines.find((engine) => engine.name === name);
  return engines.find((engine) => engine.state === 'ready');
}

/** "1,797 files in 10 folders, 3.1 MB." */
export function countWords(dataset: DatasetView): string {
  const files = `${formatNumber(dataset.files, 'file')} in ${formatNumber(dataset.folders, 'folder')}, ${formatBytes(dataset.bytes)}`;
  return dataset.partial ? `Counting: ${files} so far.` : `${files}.`;
}

/** "Since the last run: 897 files added, 3 changed." or that nothing did; "" where there is nothing to compare with. */
export function changeWords({ changes, partial }: DatasetView): string {
  if (partial || changes === undefined || changes === null) return '';
  const parts = (['added', 'changed', 'removed'] as const)
    .filter((name) => changes[name] > 0)
    .map((name, i) => `${i === 0 ? formatNumber(changes[name], 'file') : changes[name]} ${name}`);
  if (parts.length > 0) return `Since the last run: ${parts.join(', ')}.`;
  return changes.version === ''
    ? 'Same content as in the last run.'
    : `Same content as in the run of ${changes.version}.`;
}
