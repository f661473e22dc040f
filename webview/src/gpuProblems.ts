/** What is wrong with the choice of GPUs, by what the engine reports. */
import { engineWords, type EngineFacts } from '../../runner/src/domain/engineFacts';
import { formatNumber } from '../../runner/src/domain/format';
import type { Draft, FieldProblem, PanelState } from './protocol';
import { engineOf } from './words/planWords';

const noGpu = { text: 'Use no GPU', edit: { gpuKind: 'none' as const } };

export function gpuProblems(state: PanelState): FieldProblem[] {
  const { draft } = state;
  const engine = engineOf(state);
  if (draft.gpuKind === 'none') return [];
  if (draft.gpuKind === 'count' && !/^[1-9]\d{0,3}$/.test(draft.gpuCount.trim()))
    return [{ field: 'gpuCount', label: 'Number of GPUs', message: 'A number of GPUs, like 2.' }];
  if (draft.gpuKind === 'ids' && draft.gpuIds.length === 0)
    return [{ field: 'gpuIds', label: 'GPU', message: 'Choose at least one GPU.', fix: noGpu }];
  if (engine === undefined || engine.state !== 'ready') return [];
  return reportedProblem(state, engine);
}

function reportedProblem(state: PanelState, engine: EngineFacts): FieldProblem[] {
  if (engine.gpus.length === 0) return unreportedProblem(state, engine);
  const { draft } = state;
  const name = engineWords(engine.name);
  if (draft.gpuKind === 'count' && Number(draft.gpuCount) > engine.gpus.length) {
    const message = `${name} has ${formatNumber(engine.gpus.length, 'GPU')}.`;
    return [{ field: 'gpuCount', label: 'Number of GPUs', message }];
  }
  const gone = draft.gpuKind === 'ids' ? goneIds(draft, engine) : [];
  if (gone.length === 0) return [];
  const which = gone.length === 1 ? `GPU ${gone[0] ?? ''} is` : `GPUs ${gone.join(', ')} are`;
  return [{ field: 'gpuIds', label: 'GPU', message: `${which} not on ${name} any more.`, fix: noGpu }];
}

/** A UUID is not among what an engine lists, and may be there all the same. */
export const goneIds = (draft: Draft, { gpus }: EngineFacts): string[] =>
  draft.gpuIds.filter((id) => !isUuid(id) && !gpus.some((gpu) => gpu.id === id));

export const isUuid = (id: string): boolean => /^(gpu|mig)-/i.test(id);

/** An engine that reports no GPU may have one all the same: then only trying it tells, and the extension does. */
function unreportedProblem({ engines = [], checks }: PanelState, engine: EngineFacts): FieldProblem[] {
  if (checks === undefined || checks.gpuProblem === null || checks.engine.name !== engine.name) return [];
  const message = `${troubleWords(engine, checks)}${elsewhere(engines, engine)}`;
  return [{ field: 'gpu', label: 'GPU', message, fix: fixElsewhere(engines, engine) }];
}

/** What is in the way, where the engine said; else that it reports none. */
export function troubleWords({ name }: EngineFacts, checks: PanelState['checks']): string {
  const trouble = checks?.engine.name === name ? checks.gpuTrouble : null;
  return trouble === null || trouble.kind === 'none' ? `${engineWords(name)} reports no GPU.` : trouble.message;
}

export const engineWithGpu = (engines: readonly EngineFacts[], not: EngineFacts): EngineFacts | undefined =>
  engines.find((one) => one.name !== not.name && one.state === 'ready' && one.gpus.length > 0);

function elsewhere(engines: readonly EngineFacts[], engine: EngineFacts): string {
  const other = engineWithGpu(engines, engine);
  return other === undefined ? '' : ` ${engineWords(other.name)} has ${other.gpus.length}.`;
}

function fixElsewhere(engines: readonly EngineFacts[], engine: EngineFacts): FieldProblem['fix'] {
  const other = engineWithGpu(engines, engine);
  return other === undefined ? noGpu : { text: `Use ${engineWords(other.name)}`, edit: { engine: other.name } };
}
