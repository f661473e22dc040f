/** Short words for the trees, which are narrow. */
import { formatSeconds, runSeconds, runTitle, stateInWords } from '../../../runner/src/domain/format';
import type { Marks } from '../../../runner/src/domain/marks';
import { hasEnded, type Cause, type Frame, type Run } from '../../../runner/src/domain/run';

const gap = '\u00a0';
const dayMilliseconds = 24 * 3600 * 1000;
const weekDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const two = (value: number): string => String(value).padStart(2, '0');
const midnightOf = (now: Date): number => new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();

/** "14:02" today, "yesterday", "Friday" within a week, else the date. */
export function shortDay(time: Date, now: Date): string {
  const midnight = midnightOf(now);
  if (time.getTime() >= midnight) return `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.getTime() >= midnight - dayMilliseconds) return 'yesterday';
  if (time.getTime() >= midnight - 6 * dayMilliseconds) return weekDays[time.getDay()] ?? '';
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** "just now", "18 min ago", "3 h ago", then as `shortDay`. */
export function shortAge(time: Date, now: Date): string {
  const age = now.getTime() - time.getTime();
  if (age < 60_000) return 'just now';
  if (age < 3_600_000) return `${Math.floor(age / 60_000)}${gap}min ago`;
  return shortDay(time, now);
}

/** The heading under which a run comes when grouped by day. */
export function dayGroup(time: Date, now: Date): string {
  const midnight = midnightOf(now);
  if (time.getTime() >= midnight) return 'Today';
  if (time.getTime() >= midnight - dayMilliseconds) return 'Yesterday';
  if (time.getTime() >= midnight - 6 * dayMilliseconds) return 'Last 7 days';
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}`;
}

/** In order of worth, since it is cut from the right. `seconds` of a run in progress: as they shall be shown. */
export function runDescription(run: Run, now: Date): string {
  if (!hasEnded(run.state)) return run.problem === null ? stateInWords(run, now) : run.problem.message;
  const age = shortAge(new Date(run.endedAt ?? run.startedAt), now);
  if (run.state === 'Failed') return `${causeInShort(run)}, ${age}`;
  if (run.state === 'Killed') return `${stateInWords(run, now)}, ${age}`;
  return `${formatSeconds(runSeconds(run, now))}, ${age}`;
}

/** "RuntimeError, train.py:38" or the kind of the cause. */
export function causeInShort({ cause, engine }: Run): string {
  if (cause === null) return 'failed';
  if (cause.kind === 'lost') return `lost: ${engine}`;
  const kind = cause.kind.replaceAll('-', ' ');
  const frame = userFrame(cause);
  const error = /\b([A-Z]\w*(?:Error|Exception|Interrupt|Exit))\b/.exec(cause.message)?.[1];
  return frame === undefined ? (error ?? kind) : `${error ?? kind}, ${frame.file}:${frame.line}`;
}

/** The innermost frame that is the user's own. */
export const userFrame = (cause: Cause): Frame | undefined =>
  cause.traceback.filter((frame) => isOwnFile(frame.file) && frame.line > 0).at(-1);

export const isOwnFile = (file: string): boolean =>
  !file.startsWith('/') && !file.startsWith('<') && !/^[A-Za-z]:/.test(file);

/** What a run is called: its own name where it was given one. */
export const runLabel = (run: Run, marks: Marks): string => marks.name ?? run.name ?? runTitle(run);

/** For screen readers: arrows are read as "to". */
export function spokenRun(run: Run, marks: Marks, now: Date): string {
  const star = marks.starred ? ', starred' : '';
  const name = runLabel(run, marks);
  const title = runTitle(run).replace(' ', ', ').replace(' → ', ' to ');
  const named = name === runTitle(run) ? title : `${name}, ${title}`;
  const rest = hasEnded(run.state) ? `, ${shortAge(new Date(run.endedAt ?? run.startedAt), now)}` : '';
  const why = run.state === 'Failed' ? `, ${causeInShort(run)}` : '';
  return `${named}, ${stateInWords(run, now)}${why}${rest}${star}`;
}
