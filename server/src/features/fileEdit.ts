/** Changes that a quick fix proposes, and small tools to place them. */
import type { Range } from '../../../runner/src/domain/finding';
import type { SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import type { FeatureContext } from './context';

export interface FileEdit {
  /** Name of the file inside the package. */
  readonly path: string;
  readonly range: Range;
  readonly newText: string;
}

/** One proposal for one finding: edits, or a place to go to. */
export interface QuickFix {
  readonly title: string;
  readonly finding: RawFinding;
  readonly edits: readonly FileEdit[];
  /** A file of the package and a zero-based line. */
  readonly goTo?: { readonly path: string; readonly line: number };
}

export function replaceIn(context: FeatureContext, start: number, end: number, newText: string): FileEdit {
  return { path: context.path, range: context.source.range(start, end), newText };
}

/** The line end that the text uses; `\n` where it has none yet. */
export function lineEndOf(text: string): string {
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}

/** The white space in front of the line that holds `offset`. */
export function indentAt(text: string, offset: number): string {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return /^[ \t\f]*/.exec(text.slice(lineStart))?.[0] ?? '';
}

/** One step of indentation as the file has it: the first indented line decides. */
export function indentUnit(text: string): string {
  return /^(?:\t| {1,8})(?=\S)/m.exec(text)?.[0] ?? '    ';
}

/** The outermost node that covers exactly the finding's range, or the smallest that holds it. */
export function nodeOf(context: FeatureContext, range: Range): SyntaxNode | undefined {
  const start = context.source.offsetAt(range.start);
  const end = context.source.offsetAt(range.end);
  let node = context.root;
  for (;;) {
    const inner = node?.children.find((child) => child.start <= start && end <= child.end && child.length > 0);
    if (inner === undefined || node === undefined) return node;
    if (node.start === start && node.end === end && node.named) return node;
    node = inner;
  }
}

const hasOs = /^import os(?:\s*(?:,|$|#|;))|^import\s[^\n]*,\s*os\s*(?:,|$)/m;

/** Adds `import os` where the file lacks it: behind the docstring and imports from `__future__`. */
export function importOs(context: FeatureContext): FileEdit[] {
  const { root, source } = context;
  if (root === undefined || hasOs.test(source.text)) return [];
  const head = root.parts.findIndex((statement) => !belongsToHead(statement));
  const last = root.parts[(head < 0 ? root.parts.length : head) - 1];
  const end = lineEndOf(source.text);
  if (last === undefined) {
    const at = source.text.startsWith('\ufeff') ? 1 : 0;
    return [replaceIn(context, at, at, `import os${end}`)];
  }
  const at = source.lineStart(source.positionAt(last.end).line + 1);
  const open = at === source.text.length && !/[\r\n]$/.test(source.text) ? end : '';
  return [replaceIn(context, at, at, `${open}import os${end}`)];
}

function belongsToHead(statement: SyntaxNode): boolean {
  const docstring = statement.type === 'expression_statement' && statement.parts[0]?.type === 'string';
  return docstring || statement.type === 'future_import_statement';
}
