/** Sizes, CPUs and times as users write them: "8g", "512m", "1.5", "2h", "90m", "1h30m". */
import { ExpectedError } from './errors';

const sizeUnits: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const timeUnits: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };

/** Bytes; units are binary, as Docker's are. */
export function parseSize(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = Math.floor(Number(match?.[1]) * (sizeUnits[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw usage(name, text, 'a size like 512m or 8g');
}

export function parseCpus(text: string | number): number {
  const cpus = typeof text === 'number' ? text : /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isFinite(cpus) && cpus > 0) return cpus;
  throw usage('cpus', String(text), 'a number like 4 or 1.5');
}

/** Seconds; a number without a unit is seconds. */
export function parseDuration(text: string): number {
  const value = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0) return Number(value);
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)];
  const seconds = parts.reduce((sum, part) => sum + Number(part[1]) * (timeUnits[part[2] ?? ''] ?? 0), 0);
  if (parts.length > 0 && parts.map((part) => part[0]).join('') === value.replaceAll(' ', '') && seconds > 0) {
    return seconds;
  }
  throw usage('timeout', text, 'a time like 45s, 90m or 2h');
}

const usage = (name: string, text: string, wanted: string): ExpectedError =>
  new ExpectedError('usage', `"${text}" is no value for ${name}.`, `Use ${wanted}.`);

/** People write "30 min"; the configuration file says "30m". */
export const normalTime = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/\s*(?:minutes?|mins?)\b/g, 'm')
    .replaceAll(/\s*(?:hours?|hrs?)\b/g, 'h')
    .replaceAll(/\s*(?:seconds?|secs?)\b/g, 's')
    .replaceAll(/(\d)\s+(?=[dhms]\b)/g, '$1');
