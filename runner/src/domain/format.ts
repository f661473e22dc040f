/** How numbers, sizes and times are shown: units joined by a no-break space, KB and MB decimal, times local. */
import type { Cause, Run } from './run';

const gap = '\u00a0';

/** Seconds as people read them: 0.38 s, 6.2 s, 41 s, 2 min 05 s, 1 h 12 min. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return `0${gap}s`;
  if (seconds < 0.995) return `${seconds.toFixed(2)}${gap}s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${gap}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${gap}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${gap}min ${String(whole % 60).padStart(2, '0')}${gap}s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}${gap}h ${String(minutes % 60).padStart(2, '0')}${gap}min`;
}

const sizeUnits = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** Bytes with decimal units: 412 bytes, 39 KB, 3.1 MB. */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return `1${gap}byte`;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)}${gap}${sizeUnits[unit] ?? ''}`;
}

/** 1,797 */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 file", "1,797 files". */
export function formatNumber(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

const two = (value: number): string => String(value).padStart(2, '0');
const dayMilliseconds = 24 * 3600 * 1000;
const weekDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** "just now", "3 min ago" below an hour, "today 14:02", "yesterday 14:02", "Friday 14:02", then the date. Local time. */
export function formatWhen(time: Date, now: Date): string {
  const age = now.getTime() - time.getTime();
  if (age >= 0 && age < 60_000) return 'just now';
  if (age >= 0 && age < 3_600_000) return `${Math.floor(age / 60_000)}${gap}min ago`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  if (time.getTime() >= midnight) return `today ${clock}`;
  if (time.getTime() >= midnight - dayMilliseconds) return `yesterday ${clock}`;
  if (time.getTime() >= midnight - 6 * dayMilliseconds) return `${weekDays[time.getDay()] ?? ''} ${clock}`;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

/** Seconds of a run: as recorded where it has ended, else up to `now`. */
export function runSeconds(run: Pick<Run, 'startedAt' | 'endedAt' | 'phases'>, now: Date): number {
  if (run.endedAt !== null) return run.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return Math.max(0, (now.getTime() - Date.parse(run.startedAt)) / 1000);
}

/** "digits 1.0 → 1.1" where it made a version or may still make one, else "digits 1.0". */
export function runTitle(run: Pick<Run, 'pipeline' | 'from' | 'version'>): string {
  const from = run.from === '' ? '' : ` ${run.from}`;
  return `${run.pipeline}${from}${run.version === '' ? '' : ` → ${run.version}`}`;
}

/** The state in words with its duration: "Successful in 6.2 s", "Failed after 3.1 s", "Running 41 s". */
export function stateInWords(run: Run, now: Date): string {
  const time = formatSeconds(runSeconds(run, now));
  switch (run.state) {
    case 'Successful':
      return `Successful in ${time}`;
    case 'Failed':
      return run.cause?.kind === 'lost' ? `Lost after ${time}` : `Failed after ${time}`;
    case 'Killed':
      return `Killed after ${time}`;
    default:
      return `${run.state} ${time}`;
  }
}

/** A cause in one sentence, with the user's line first: "train.py line 38 raised RuntimeError: shapes differ." */
export function causeSentence(cause: Cause): string {
  const message = cause.message.trimEnd();
  const sentence = /[.!?…]$/.test(message) ? message : `${message}.`;
  // Only an exception is raised at a line; other endings have a sentence of their own.
  const isException = cause.kind === 'code' && /^[A-Za-z_][\w.]*(: |$)/.test(message);
  const own = isException ? cause.traceback.findLast((frame) => !/^(\/|[A-Za-z]:|<)/.test(frame.file)) : undefined;
  if (own === undefined || message.includes(`${own.file} line ${own.line}`)) return sentence;
  return `${own.file} line ${own.line} raised ${sentence}`;
}
