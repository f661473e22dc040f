/** Which characters make Python's names, numbers and lines. */

const identifierStart = /^\p{XID_Start}$/u;
const identifierPart = /^\p{XID_Continue}$/u;

const enum Ascii {
  Other = 0,
  Start = 1,
  Digit = 2,
}

const ascii = new Uint8Array(128);
for (const letter of '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') ascii[letter.charCodeAt(0)] = Ascii.Start;
for (const digit of '0123456789') ascii[digit.charCodeAt(0)] = Ascii.Digit;

export const newline = 10;
export const carriageReturn = 13;
export const formFeed = 12;
export const space = 32;
export const tab = 9;
export const backslash = 92;
export const hash = 35;

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLineEnd(code: number): boolean {
  return code === newline || code === carriageReturn;
}

/** How many UTF-16 units the line break at `at` has: `\r\n` is one break; 0 where there is none. */
export function lineBreakLength(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === newline) return 1;
  if (code !== carriageReturn) return 0;
  return text.charCodeAt(at + 1) === newline ? 2 : 1;
}

/** Length in UTF-16 units of the character at `at` if it can start a name, else 0. */
export function nameStartLength(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 128) return ascii[code] === Ascii.Start ? 1 : 0;
  return wideLength(text, at, identifierStart);
}

export function namePartLength(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 128) return ascii[code] === Ascii.Other ? 0 : 1;
  return wideLength(text, at, identifierPart);
}

function wideLength(text: string, at: number, pattern: RegExp): number {
  const point = text.codePointAt(at);
  if (point === undefined) return 0;
  const character = String.fromCodePoint(point);
  return pattern.test(character) ? character.length : 0;
}

/** The offset behind the name that starts at `at`; `at` itself where none does. */
export function nameEnd(text: string, at: number): number {
  const first = nameStartLength(text, at);
  if (first === 0) return at;
  let end = at + first;
  for (;;) {
    const code = text.charCodeAt(end);
    const length = code < 128 ? (ascii[code] === Ascii.Other ? 0 : 1) : wideLength(text, end, identifierPart);
    if (length === 0 || end >= text.length) return end;
    end += length;
  }
}

/** The offset of the line that follows the one that holds `at`. */
export function nextLine(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++;
  return end + lineBreakLength(text, end);
}

const keywords: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

export function isKeyword(name: string): boolean {
  return keywords.has(name);
}

/** White space within a line. */
export function isBlank(code: number): boolean {
  return code === space || code === tab || code === formFeed;
}

/** ASCII only. */
export function isPlain(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) > 127) return false;
  return true;
}

/** CPython's words for a character that can stand nowhere in a program. */
export function strangeCharacter(point: number): string {
  if (point === 0) return 'source code cannot contain null bytes';
  if (point < 128) return 'invalid syntax';
  const character = String.fromCodePoint(point);
  const code = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character);
  return printable ? `invalid character '${character}' (${code})` : `invalid non-printable character ${code}`;
}
