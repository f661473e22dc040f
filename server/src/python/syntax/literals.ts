/** Numbers and escape sequences: what CPython's tokenizer and string parser refuse in a literal. */
import { backslash, isLineEnd, lineBreakLength, nameEnd, namePartLength, nameStartLength } from './characters';

export interface LiteralProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

const number =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.?)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?/y;
const radixNames: Readonly<Record<string, string>> = { x: 'hexadecimal', o: 'octal', b: 'binary' };
/** Words that may follow a number without a space, as in `1if x else 2`. */
const gluedKeywords: ReadonlySet<string> = new Set(['and', 'else', 'for', 'if', 'in', 'is', 'not', 'or']);
/** CPython's limit on converting decimal text to an integer. */
const mostDigits = 4300;

/** The offset behind the number that starts at `at`, or what is wrong with it. */
export function scanNumber(text: string, at: number): number | LiteralProblem {
  number.lastIndex = at;
  const end = number.test(text) ? number.lastIndex : at + 1;
  const kind = (text[at] === '0' ? radixNames[text[at + 1]?.toLowerCase() ?? ''] : undefined) ?? 'decimal';
  const problem = problemBehind(text, at, end, kind);
  if (problem !== undefined) return problem;
  return (kind === 'decimal' ? decimalProblem(text.slice(at, end), at) : undefined) ?? end;
}

function decimalProblem(literal: string, start: number): LiteralProblem | undefined {
  if (/[.eEjJ]/.test(literal)) return undefined;
  const end = start + literal.length;
  if (/^0[0-9_]*[1-9]/.test(literal)) {
    const message = 'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers';
    return { message, start, end };
  }
  if (literal.length <= mostDigits || literal.replaceAll('_', '').length <= mostDigits) return undefined;
  return { message: `Exceeds the limit (${mostDigits} digits) for integer string conversion`, start, end };
}

function problemBehind(text: string, start: number, end: number, kind: string): LiteralProblem | undefined {
  if (namePartLength(text, end) === 0 || end >= text.length) return undefined;
  const wordEnd = nameStartLength(text, end) > 0 ? nameEnd(text, end) : end + 1;
  if (gluedKeywords.has(text.slice(end, wordEnd))) return undefined;
  return { message: `invalid ${kind} literal`, start, end: wordEnd };
}

const escape = /\\(?:\r\n|[^])/g;

/** The first escape sequence that Python refuses between `start` and `end` of a literal without the prefix `r`. */
export function escapeProblem(text: string, start: number, end: number, bytes: boolean): LiteralProblem | undefined {
  const body = text.slice(start, end);
  if (!body.includes('\\')) return undefined;
  escape.lastIndex = 0;
  for (let match = escape.exec(body); match !== null; match = escape.exec(body)) {
    const at = match.index;
    const message = bytes ? bytesEscape(body, at) : textEscape(body, at);
    if (message !== undefined) return { message, start: start + at, end: Math.min(end, start + at + 2) };
  }
  return undefined;
}

function bytesEscape(body: string, at: number): string | undefined {
  if (body[at + 1] !== 'x' || /^[0-9a-fA-F]{2}/.test(body.slice(at + 2, at + 4))) return undefined;
  return `(value error) invalid \\x escape at position ${at}`;
}

const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function textEscape(body: string, at: number): string | undefined {
  const letter = body[at + 1] ?? '';
  if (letter === 'N') return namedEscape(body, at);
  const length = hexDigits[letter];
  if (length === undefined) return undefined;
  const digits = body.slice(at + 2, at + 2 + length);
  if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) {
    return `(unicode error) 'unicodeescape' codec can't decode: truncated \\${letter}${'X'.repeat(length)} escape`;
  }
  if (Number.parseInt(digits, 16) <= 0x10ffff) return undefined;
  return "(unicode error) 'unicodeescape' codec can't decode: illegal Unicode character";
}

/** Whether a name exists would take Unicode's list of names; its form is all that is looked at. */
function namedEscape(body: string, at: number): string | undefined {
  if (/^\{[^}]+\}/.test(body.slice(at + 2, at + 130))) return undefined;
  return "(unicode error) 'unicodeescape' codec can't decode: malformed \\N character escape";
}

/** The offset of the quote that closes the string whose content starts at `from`, or undefined. */
export function stringEnd(text: string, from: number, quote: string, triple: boolean): number | undefined {
  const code = quote.charCodeAt(0);
  for (let at = from; at < text.length; at++) {
    const here = text.charCodeAt(at);
    if (here === backslash) {
      at += Math.max(lineBreakLength(text, at + 1), 1);
    } else if (here === code) {
      if (!triple || text.startsWith(quote.repeat(3), at)) return at;
    } else if (!triple && isLineEnd(here)) {
      return undefined;
    }
  }
  return undefined;
}
