/** Which names every system can hold, and which clash on some. */
import { isReservedDevice } from '../domain/packageName';

/** Control characters, bidirectional controls and separators that make a name lie about itself. */
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** The character U+FFFD stands where bytes of a name were not UTF-8. */
export const isBrokenUtf8 = (name: string): boolean => name.includes('\ufffd');

export const hasControl = (name: string): boolean => control.test(name);

/** Why a segment of a path cannot be held by some system, or undefined. */
export function portabilityProblem(segment: string): string | undefined {
  if (/[<>:"|?*\\]/.test(segment)) return 'holds a character that Windows cannot hold';
  if (/[. ]$/.test(segment)) return 'ends with a dot or a space, which Windows drops';
  if (isReservedDevice(segment)) return 'is the name of a device on Windows';
  if (Buffer.byteLength(segment) > 255) return 'is longer than 255 bytes';
  return undefined;
}

/** Names with the same key are one file on systems that fold case or normalise Unicode. */
export const foldedKey = (path: string): string => path.normalize('NFC').toLowerCase().normalize('NFC');

/** Of every set of entries whose paths fold to one, those after the first, with the first. Folders on the way count too. */
export function clashes(paths: readonly string[]): { readonly path: string; readonly with: string }[] {
  const seen = new Map<string, string>();
  const found = new Map<string, string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (let i = 1; i <= parts.length; i++) {
      const part = parts.slice(0, i).join('/');
      const key = foldedKey(part);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, part);
      else if (first !== part && !found.has(part)) found.set(part, first);
    }
  }
  return [...found].map(([path, first]) => ({ path, with: first }));
}
