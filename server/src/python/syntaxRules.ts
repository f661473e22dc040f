/**
 * The check `syntax`: what Python itself would refuse to import, found without Python.
 * The text is read by a parser of our own, since tree-sitter's grammar is more lenient than CPython in places and does not
 * know its newest syntax in others. Top-level statements are read apart from each other, so an edit costs only those it touches.
 */
import type { NewSyntax, SyntaxProblem } from './syntax/syntaxProblem';
import { encodingProblem } from './syntax/encodingCookie';
import { checkScopes } from './syntax/scopeRules';
import { lateFuture, readPart, shifted, type Part } from './syntax/statementPart';
import type { Node } from './syntax/node';

export type { NewSyntax, SyntaxProblem } from './syntax/syntaxProblem';

export interface SyntaxState {
  readonly text: string;
  readonly parts: readonly Part[];
  /** The first problem of the file, in UTF-16 offsets into `text`. */
  readonly problem: SyntaxProblem | undefined;
}

const byteOrderMark = 0xfeff;

/** Checks `text`. With the state of an earlier text, only statements that differ are read again; the result is the same. */
export function checkSyntax(text: string, previous?: SyntaxState): SyntaxState {
  const parts = previous === undefined ? readAll(text) : readAgain(text, previous);
  return { text, parts, problem: firstProblem(text, parts) };
}

/** The first syntax that Python 3.`minor` does not know yet, though newer ones do. */
export function newerSyntax(state: SyntaxState, minor: number): NewSyntax | undefined {
  let at = startOf(state.text);
  for (const part of state.parts) {
    const found = part.newSyntax.find((news) => news.minor > minor);
    if (found !== undefined) return shifted(found, at);
    at += part.length;
  }
  return undefined;
}

function startOf(text: string): number {
  return text.charCodeAt(0) === byteOrderMark ? 1 : 0;
}

function readAll(text: string): Part[] {
  const parts: Part[] = [];
  readFrom(text, startOf(text), parts, () => false);
  return parts;
}

/** Reads parts until the end of the text, or until `stop` knows the rest. */
function readFrom(text: string, start: number, parts: Part[], stop: (at: number) => boolean): void {
  for (let at = start; at < text.length && !stop(at);) {
    const read = readPart(text, at);
    if (read === undefined) return;
    parts.push(read.part);
    at += read.part.length;
  }
}

function readAgain(text: string, previous: SyntaxState): Part[] {
  if (text === previous.text) return [...previous.parts];
  const same = commonPrefix(text, previous.text);
  const rest = commonSuffix(text, previous.text, same);
  const { kept, at } = untouched(previous, same, startOf(text));
  const grown = text.length - previous.text.length;
  const known = boundaries(previous, previous.text.length - rest);
  let reused: readonly Part[] = [];
  readFrom(text, at, kept, (place) => {
    const index = known.get(place - grown);
    if (index === undefined) return false;
    reused = previous.parts.slice(index);
    return true;
  });
  return kept.concat(reused);
}

/** The parts at the start whose text, and whatever their reading looked at, lies before the change. */
function untouched(previous: SyntaxState, same: number, start: number): { kept: Part[]; at: number } {
  const kept: Part[] = [];
  let at = start;
  if (startOf(previous.text) !== start) return { kept, at };
  for (const part of previous.parts) {
    if (at + part.reach >= same) break;
    kept.push(part);
    at += part.length;
  }
  return { kept, at };
}

/** Where parts of the old text start that lie wholly behind the change: offset to index. */
function boundaries(previous: SyntaxState, changeEnd: number): ReadonlyMap<number, number> {
  const known = new Map<number, number>();
  let at = startOf(previous.text);
  for (const [index, part] of previous.parts.entries()) {
    if (at >= changeEnd) known.set(at, index);
    at += part.length;
  }
  return known;
}

const block = 4096;

function commonPrefix(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at + block <= most && one.slice(at, at + block) === other.slice(at, at + block)) at += block;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  return at;
}

function commonSuffix(one: string, other: string, prefix: number): number {
  const most = Math.min(one.length, other.length) - prefix;
  const tail = (text: string, behind: number): string => text.slice(text.length - behind - block, text.length - behind);
  let length = 0;
  while (length + block <= most && tail(one, length) === tail(other, length)) length += block;
  while (length < most && one.charCodeAt(one.length - 1 - length) === other.charCodeAt(other.length - 1 - length))
    length++;
  return length;
}

function firstProblem(text: string, parts: readonly Part[]): SyntaxProblem | undefined {
  const encoding = encodingProblem(text);
  if (encoding !== undefined) return encoding;
  const found = problemOfParts(text, parts);
  if (parts.some((part) => part.globalAtModuleLevel)) return earlier(found, moduleGlobals(text));
  return found;
}

function earlier(one: SyntaxProblem | undefined, other: SyntaxProblem | undefined): SyntaxProblem | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.start < one.start ? other : one;
}

function problemOfParts(text: string, parts: readonly Part[]): SyntaxProblem | undefined {
  let at = startOf(text);
  let state: 'start' | 'future' | 'late' = 'start';
  for (const part of parts) {
    for (const statement of part.statements) {
      if (statement.kind === 'future' && state === 'late') {
        const late: SyntaxProblem = {
          kind: 'SyntaxError',
          message: lateFuture,
          start: statement.start,
          end: statement.end,
        };
        return earlier(shifted(late, at), part.problem && shifted(part.problem, at));
      }
      state = nextState(state, statement.kind);
    }
    if (part.problem !== undefined) return shifted(part.problem, at);
    at += part.length;
  }
  return undefined;
}

/** Only the docstring and other imports of this kind may stand before `from __future__`. */
function nextState(state: 'start' | 'future' | 'late', kind: string): 'start' | 'future' | 'late' {
  if (kind === 'future') return state === 'late' ? 'late' : 'future';
  return kind === 'docstring' && state === 'start' ? 'future' : 'late';
}

/** `global` at module level is refused where the name was used before, in whichever statement. Rare, so read afresh. */
function moduleGlobals(text: string): SyntaxProblem | undefined {
  const statements: Node[] = [];
  for (let at = startOf(text); at < text.length;) {
    const read = readPart(text, at);
    if (read === undefined) break;
    statements.push(...read.statements);
    at += read.part.length;
  }
  return checkScopes(statements).problem;
}
