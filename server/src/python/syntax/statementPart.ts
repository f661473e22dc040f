/** One top-level statement of a file, or one line of simple ones: what can be said about it whatever stands around it. */
import { nextLine } from './characters';
import type { Node } from './node';
import { checkScopes } from './scopeRules';
import { StatementParser } from './statementParser';
import { SyntaxFailure, type NewSyntax, type SyntaxProblem } from './syntaxProblem';

/** What the rule on `from __future__` needs to know of a statement. */
export interface PartStatement {
  readonly kind: 'docstring' | 'future' | 'other';
  readonly start: number;
  readonly end: number;
}

/** All offsets are relative to the part's start, so that a part stays true when text before it changes. */
export interface Part {
  readonly length: number;
  /** How far behind its start the parser looked: the part is as it is whatever stands behind that. */
  readonly reach: number;
  readonly problem: SyntaxProblem | undefined;
  readonly newSyntax: readonly NewSyntax[];
  readonly statements: readonly PartStatement[];
  readonly globalAtModuleLevel: boolean;
}

const features: ReadonlySet<string> = new Set([
  'nested_scopes',
  'generators',
  'division',
  'absolute_import',
  'with_statement',
  'print_function',
  'unicode_literals',
  'barry_as_FLUFL',
  'generator_stop',
  'annotations',
]);

/** Reads the part that starts at `start`; undefined where only blank lines and comments are left. */
export function readPart(text: string, start: number): { part: Part; statements: readonly Node[] } | undefined {
  const parser = new StatementParser(text, start);
  try {
    const statements = parser.topLevel();
    if (statements === undefined) return undefined;
    const report = checkScopes(statements);
    const future = firstOf(report.problem, nestedFuture(statements), unknownFeature(statements));
    const length = Math.max(parser.at - start, 1);
    return { part: good(parser, start, length, statements, future, report.globalAtModuleLevel), statements };
  } catch (error) {
    return { part: bad(error, parser, text, start), statements: [] };
  }
}

function good(
  parser: StatementParser,
  start: number,
  length: number,
  statements: readonly Node[],
  problem: SyntaxProblem | undefined,
  globalAtModuleLevel: boolean,
): Part {
  return {
    length,
    reach: parser.farthest - start,
    problem: problem === undefined ? undefined : shifted(problem, -start),
    newSyntax: parser.newSyntax.map((news) => shifted(news, -start)),
    statements: statements.map((statement) => ({
      kind: kindOf(statement),
      start: statement.start - start,
      end: statement.end - start,
    })),
    globalAtModuleLevel,
  };
}

function bad(error: unknown, parser: StatementParser, text: string, start: number): Part {
  // Nesting that no stack can hold is beyond what can be judged; the file is left alone from here on.
  if (error instanceof RangeError) return unknown(text.length - start);
  if (!(error instanceof SyntaxFailure)) throw error;
  const problem = error.generic ? (parser.neverClosed(error.problem) ?? error.problem) : error.problem;
  const resume = resumeAfter(text, Math.max(problem.start, start));
  return {
    length: resume - start,
    reach: Math.max(parser.farthest, resume) - start,
    problem: shifted(problem, -start),
    newSyntax: [],
    statements: [],
    globalAtModuleLevel: false,
  };
}

function unknown(length: number): Part {
  return { length, reach: length, problem: undefined, newSyntax: [], statements: [], globalAtModuleLevel: false };
}

/** The next line that begins a statement at the margin. */
function resumeAfter(text: string, at: number): number {
  let line = nextLine(text, at);
  while (line < text.length && !/^(?!el|except|finally)[\p{L}_@'"]/u.test(text.slice(line, line + 8))) {
    line = nextLine(text, line);
  }
  return line;
}

export function shifted<Placed extends { readonly start: number; readonly end: number }>(
  placed: Placed,
  by: number,
): Placed {
  return { ...placed, start: placed.start + by, end: placed.end + by };
}

function kindOf(statement: Node): PartStatement['kind'] {
  if (statement.kind === 'importFrom' && statement.text === '__future__') return 'future';
  const value = statement.kind === 'expression' ? statement.children[0] : undefined;
  return value?.kind === 'string' && value.text === 'text' ? 'docstring' : 'other';
}

function unknownFeature(statements: readonly Node[]): SyntaxProblem | undefined {
  for (const statement of statements.filter((each) => kindOf(each) === 'future')) {
    for (const child of statement.children) {
      const asked = child.children[0];
      const name = asked?.text ?? '*';
      const message = name === 'braces' ? 'not a chance' : `future feature ${name} is not defined`;
      const { start, end } = asked ?? child;
      if (!features.has(name)) return { kind: 'SyntaxError', message, start, end };
    }
  }
  return undefined;
}

export const lateFuture = 'from __future__ imports must occur at the beginning of the file';

function nestedFuture(statements: readonly Node[]): SyntaxProblem | undefined {
  for (const statement of statements) {
    const inner = [...(statement.body ?? []), ...(statement.tails ?? []).flat()];
    const found = inner.find((each) => kindOf(each) === 'future');
    if (found !== undefined) return { kind: 'SyntaxError', message: lateFuture, start: found.start, end: found.end };
    const deeper = nestedFuture(inner);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function firstOf(...problems: (SyntaxProblem | undefined)[]): SyntaxProblem | undefined {
  let first: SyntaxProblem | undefined;
  for (const problem of problems) {
    if (problem !== undefined && (first === undefined || problem.start < first.start)) first = problem;
  }
  return first;
}
