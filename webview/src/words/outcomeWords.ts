/** What came of a run, in a line or two. */
import { causeSentence, formatNumber } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';
import type { LiveRun, PanelState } from '../protocol';
import { differenceWords, headlineOf, metricWords } from './metricWords';

const liveOf = ({ live = [] }: PanelState, id: string): LiveRun | undefined => live.find((one) => one.id === id);

/** The headline metric against the newest success before: "val_accuracy 0.982, +0.033 vs version 1.2". */
export function outcomeWords(
  state: PanelState,
  run: Run,
): { readonly text: string; readonly against: Run | undefined } {
  if (run.state !== 'Successful') return { text: '', against: undefined };
  const against = state.runs.find((one) => one.state === 'Successful' && one.version !== '' && one.id < run.id);
  const metric = headlineOf(liveOf(state, run.id)?.metrics ?? []);
  if (metric === undefined) return { text: '', against };
  const before = against && liveOf(state, against.id)?.metrics.find((one) => one.metric === metric.metric);
  if (against === undefined || before === undefined) return { text: metricWords(metric), against };
  const difference = differenceWords(metric.value, before.value);
  return { text: `${metricWords(metric)}, ${difference} vs version ${against.version}`, against };
}

/** Said before the run, and nothing that it found. */
const knownBefore: ReadonlySet<string> = new Set(['no-isolation', 'engine-fallback', 'limit-not-enforced']);

export function outcomeLine(run: Run, live: LiveRun | undefined): string {
  if (run.cause !== null) return causeSentence(run.cause);
  const [warning] = run.warnings.filter(({ code }) => !knownBefore.has(code));
  if (warning !== undefined) return warning.message;
  const ended = run.endedAt === null ? '' : ` Ended ${clock(new Date(run.endedAt))}.`;
  return `${artifactWords(live)}${ended}`.trim();
}

function artifactWords(live: LiveRun | undefined): string {
  const { pictures = 0, others = 0 } = live?.artifacts ?? {};
  const parts = [
    pictures === 0 ? '' : formatNumber(pictures, 'picture'),
    others === 0 ? '' : formatNumber(others, pictures === 0 ? 'artifact' : 'other artifact'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}

const clock = (time: Date): string =>
  [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
