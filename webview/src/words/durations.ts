/** How long runs of this pipeline usually take, told from those that went well. */
import { formatSeconds, runSeconds } from '../../../runner/src/domain/format';
import type { Run } from '../../../runner/src/domain/run';

const leastRuns = 3;

/** "Usually 5 to 7 s.": from the 10th to the 90th percentile, of three successes and more on this engine; else "". */
export function usualDuration(runs: readonly Run[], engine: string): string {
  const seconds = runs
    .filter((run) => run.state === 'Successful' && run.engine === engine)
    .map((run) => runSeconds(run, new Date(0)))
    .sort((a, b) => a - b);
  if (seconds.length < leastRuns) return '';
  const [low, high] = [rounded(percentile(seconds, 0.1)), rounded(percentile(seconds, 0.9))];
  const [from, to] = [inWords(low), inWords(high)];
  if (from === to) return `Usually ${to}.`;
  const [number, unit] = from.split('\u00a0');
  return to.endsWith(`\u00a0${unit ?? ''}`) && !/ /.test(to)
    ? `Usually ${number ?? from} to ${to}.`
    : `Usually ${from} to ${to}.`;
}

/** Whole seconds where there are several: nobody plans by tenths. */
const rounded = (seconds: number): number => (seconds < 2 ? seconds : Math.round(seconds));
const inWords = (seconds: number): string =>
  seconds >= 2 && seconds < 10 ? `${seconds}\u00a0s` : formatSeconds(seconds);

/** Between the two nearest, as most tools do it. */
export function percentile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
