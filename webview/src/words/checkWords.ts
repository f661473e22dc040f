/** The checks of the rail: what really was tried, and "not checked yet" for the rest. */
import { formatBytes, formatNumber, formatSeconds } from '../../../runner/src/domain/format';
import { engineWords } from '../../../runner/src/domain/engineFacts';
import type { CheckFacts, FieldProblem, PanelState } from '../protocol';
import { gpuWords } from './planWords';

export interface CheckLine {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'warning' | 'unchecked';
  readonly text: string;
}

const unchecked = (name: string): CheckLine => ({ name, state: 'unchecked', text: 'not checked yet' });
const passed = (name: string, text: string): CheckLine => ({ name, state: 'passed', text });
const failed = (name: string, text: string): CheckLine => ({ name, state: 'failed', text });

export function checkLines(state: PanelState, problems: readonly FieldProblem[]): CheckLine[] {
  const { checks } = state;
  const lines = [
    packageLine(checks),
    datasetLine(state, problems),
    engineLine(checks),
    gpuLine(state, problems),
    memoryLine(problems),
    imageLine(checks),
    diskLine(state),
  ];
  return lines.filter((line) => line !== undefined);
}

function packageLine(checks: CheckFacts | undefined): CheckLine {
  const name = 'Package';
  if (checks === undefined) return unchecked(name);
  if (checks.packageProblem !== null) return failed(name, checks.packageProblem.message);
  if (checks.seal !== null) return checks.seal ? passed(name, 'seal verified') : failed(name, 'is not what was sealed');
  const { findings, blocking } = checks;
  if (findings === null) return unchecked(name);
  if (blocking > 0)
    return failed(name, `${formatNumber(blocking, 'problem')} that keep${blocking === 1 ? 's' : ''} it from running`);
  const serious = findings.filter(({ severity }) => severity === 'error' || severity === 'warning').length;
  if (serious === 0) return passed(name, 'Main.train and Main.save found, no problems');
  return { name, state: 'warning', text: `Main.train and Main.save found, ${formatNumber(serious, 'warning')}` };
}

function datasetLine({ dataset, draft, planning, checks }: PanelState, problems: readonly FieldProblem[]): CheckLine {
  const name = 'Dataset';
  const problem = problems.find(({ field }) => field === 'dataset');
  if (problem !== undefined) return failed(name, problem.message);
  if (dataset === undefined || (planning && dataset.milliseconds === undefined)) return unchecked(name);
  if (dataset.partial)
    return { name, state: 'unchecked', text: `counting, ${formatNumber(dataset.files, 'file')} so far` };
  const time =
    dataset.milliseconds === undefined ? '' : ` in ${formatSeconds(Math.max(dataset.milliseconds, 10) / 1000)}`;
  const access = draft.datasetAccess === 'copy' ? 'given as a writable copy' : readOnlyWords(checks);
  return passed(name, `read${time}, ${access}`);
}

const readOnlyWords = (checks: CheckFacts | undefined): string =>
  checks?.engine.name === 'process' ? 'used in place' : 'mounted read-only';

function engineLine(checks: CheckFacts | undefined): CheckLine {
  const name = 'Engine';
  if (checks === undefined) return unchecked(name);
  const { problem, milliseconds } = checks.engine;
  if (problem !== null) return failed(name, problem.message);
  return passed(
    name,
    `${engineWords(checks.engine.name)} answered in ${Math.max(1, Math.round(milliseconds))}\u00a0ms`,
  );
}

/** Left out where no GPU is asked for. */
function gpuLine(state: PanelState, problems: readonly FieldProblem[]): CheckLine | undefined {
  const { draft, checks } = state;
  if (draft.gpuKind === 'none') return undefined;
  const name = 'GPU';
  const problem = problems.find(({ field }) => ['gpu', 'gpuCount', 'gpuIds'].includes(field));
  if (problem !== undefined) return failed(name, problem.message);
  if (checks === undefined || checks.engine.problem !== null) return unchecked(name);
  return canGive(state, checks.engine.name);
}

function canGive({ draft, engines, plan }: PanelState, name: string): CheckLine {
  const engine = engines?.find((one) => one.name === (plan?.engine ?? draft.engine));
  const words = gpuWords(draft, engine);
  const [, id, model] = /^(GPUs? [^,]+), (.+)$/.exec(words) ?? [];
  const can = `${engineWords(name)} can give ${id === undefined ? words : 'it'}`;
  return passed(id ?? 'GPU', model === undefined ? can : `${model}, ${can}`);
}

/** Said only where something is wrong with it. */
function memoryLine(problems: readonly FieldProblem[]): CheckLine | undefined {
  const problem = problems.find(({ field }) => field === 'memory');
  return problem === undefined ? undefined : failed('Memory', problem.message);
}

function imageLine(checks: CheckFacts | undefined): CheckLine {
  const isLocal = checks?.engine.name === 'process';
  const name = isLocal ? 'Environment' : 'Image';
  if (checks === undefined || checks.engine.problem !== null) return unchecked(name);
  if (checks.environmentProblem !== null) return failed(name, checks.environmentProblem.message);
  const { environment } = checks;
  if (environment === null) return unchecked(name);
  if (!environment.isBaseThere) return { name, state: 'warning', text: `${environment.base} is not there yet` };
  if (environment.kind === 'build') return { name, state: 'warning', text: 'is built at the start of the run' };
  return passed(name, environment.files.length === 0 ? 'there, nothing to install' : 'cached, nothing to install');
}

/** Two zips of the package, and the dataset where it is kept; what training writes cannot be known. */
export const neededBytes = ({ plan, dataset, draft }: PanelState): number =>
  2 * (plan?.source.bytes ?? 0) + (draft.saveTrainingData ? (dataset?.bytes ?? 0) : 0);

function diskLine(state: PanelState): CheckLine {
  const name = 'Disk';
  const free = state.checks?.disk.free ?? null;
  if (free === null || state.plan === undefined) return unchecked(name);
  const needs = neededBytes(state);
  const text = `needs about ${formatBytes(needs)}, ${formatBytes(free)} free`;
  return needs > free ? failed(name, text) : passed(name, text);
}

/** "5 checks passed", or what did not. */
export function checkSummary(lines: readonly CheckLine[]): {
  readonly state: CheckLine['state'];
  readonly text: string;
} {
  const count = (state: CheckLine['state']): number => lines.filter((line) => line.state === state).length;
  const bad = count('failed');
  if (bad > 0) return { state: 'failed', text: `${bad} of ${formatNumber(lines.length, 'check')} failed` };
  const open = count('unchecked');
  const good = formatNumber(lines.length - open, 'check');
  if (open > 0) return { state: 'unchecked', text: `${good} passed, ${open} not checked yet` };
  const odd = count('warning');
  return { state: odd > 0 ? 'warning' : 'passed', text: `${good} passed${odd > 0 ? `, ${odd} with a note` : ''}` };
}
