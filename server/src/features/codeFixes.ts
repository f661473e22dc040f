/** Quick fixes inside of the code: import-time work, parameters, the dataset, imports. */
import type { SyntaxNode } from '../python/syntaxNode';
import { walk } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import { SourceText } from '../sourceText';
import type { FeatureContext } from './context';
import { importOs, indentUnit, lineEndOf, nodeOf, replaceIn, type FileEdit, type QuickFix } from './fileEdit';

const guard = 'if __name__ == "__main__":';
/** Where a row of statements that belong together ends. */
const definitions: ReadonlySet<string> = new Set([
  'function_definition',
  'class_definition',
  'decorated_definition',
  'import_statement',
  'import_from_statement',
]);

/** Puts the statement, and those behind it that may need what it makes, under the guard. */
export function guardWork(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const { root, source } = context;
  const start = source.offsetAt(finding.range.start);
  const statements = root?.parts ?? [];
  const first = statements.findIndex((statement) => statement.start <= start && start < statement.end);
  const work = statements[first];
  if (work === undefined || definitions.has(work.type)) return [];
  const behind = statements.slice(first);
  const next = behind.findIndex((statement) => definitions.has(statement.type) || isGuard(statement));
  const row = next < 0 ? behind : behind.slice(0, next);
  const last = row.at(-1) ?? work;
  const lineStart = source.lineStart(source.positionAt(work.start).line);
  if (source.text.slice(lineStart, work.start).trim() !== '') return [];
  const previous = statements[first - 1];
  const joins = previous !== undefined && isGuard(previous);
  const end = lineEndOf(source.text);
  const unit = indentUnit(source.text);
  const edits = [
    replaceIn(context, lineStart, lineStart, joins ? unit : `${guard}${end}${unit}`),
    ...indentLines(context, work.start, last.end, unit, row),
  ];
  return [{ title: 'Put it under if __name__ == "__main__"', finding, edits }];
}

function isGuard(statement: SyntaxNode): boolean {
  return statement.type === 'if_statement' && /^__name__\s*==\s*["']__main__["']$/.test(statement.textOf('condition'));
}

/** Indents every line behind the first, save those inside of strings, where white space has a meaning. */
function indentLines(
  context: FeatureContext,
  start: number,
  end: number,
  unit: string,
  row: readonly SyntaxNode[],
): FileEdit[] {
  const { source } = context;
  const edits: FileEdit[] = [];
  const strings: SyntaxNode[] = [];
  for (const statement of row) walk(statement, (node) => void (node.type === 'string' && strings.push(node)));
  const last = source.positionAt(end).line;
  for (let line = source.positionAt(start).line + 1; line <= last; line++) {
    const at = source.lineStart(line);
    const blank = /^\s*$/.test(source.text.slice(at, source.lineStart(line + 1)));
    if (blank || strings.some((string) => string.start < at && at < string.end)) continue;
    edits.push(replaceIn(context, at, at, unit));
  }
  return edits;
}

/** `parameter-typo`, `parameter-alias`: the right key between the same quotes. */
export function changeKey(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const replacement = finding.data?.replacement;
  const node = nodeOf(context, finding.range);
  const content = node?.type === 'string' ? node.firstOf('string_content') : undefined;
  if (replacement === undefined || content === undefined) return [];
  const edits = [replaceIn(context, content.start, content.end, replacement)];
  return [{ title: `Change to ${replacement}`, finding, edits }];
}

const ordering: ReadonlySet<string> = new Set(['<', '>', '<=', '>=']);

/** `parameter-text`: compares with text, or converts what is compared by size. */
export function compareText(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const node = nodeOf(context, finding.range);
  if (node?.type !== 'comparison_operator') return [];
  const [left, right, ...others] = node.parts;
  if (left === undefined || right === undefined || others.length > 0) return [];
  const operators = node.childrenIn('operators');
  const operator = operators.map(({ text }) => text).join(' ');
  const literal = textOfLiteral(right) === undefined ? left : right;
  const value = literal === right ? left : right;
  const text = textOfLiteral(literal);
  if (text === undefined) return [];
  if (ordering.has(operator)) {
    const edits = [
      replaceIn(context, value.start, value.start, 'float('),
      replaceIn(context, value.end, value.end, ')'),
    ];
    return [{ title: 'Convert it with float()', finding, edits }];
  }
  const edits = [
    replaceIn(context, literal.start, literal.end, `"${text}"`),
    ...plainOperator(context, operators, operator),
  ];
  return [{ title: `Compare with "${text}"`, finding, edits }];
}

function plainOperator(context: FeatureContext, operators: readonly SyntaxNode[], operator: string): FileEdit[] {
  const [first] = operators;
  const last = operators.at(-1);
  const plain = operator === 'is' ? '==' : operator.startsWith('is not') ? '!=' : undefined;
  if (first === undefined || last === undefined || plain === undefined) return [];
  return [replaceIn(context, first.start, last.end, plain)];
}

function textOfLiteral(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'true':
    case 'false':
    case 'integer':
    case 'float':
      return node.type === 'true' || node.type === 'false' ? node.type : node.text;
    default:
      return undefined;
  }
}

/** `dataset-written`: the same path below the artifacts directory. */
export function writeToArtifacts(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const node = nodeOf(context, finding.range);
  const train = node?.around('function_definition');
  const names = (train?.child('parameters')?.parts ?? []).map((part) =>
    part.type === 'identifier' ? part.text : (part.firstOf('identifier')?.text ?? ''),
  );
  const dataset = new Set(names.filter((name) => name !== 'self' && name !== ''));
  const used: SyntaxNode[] = [];
  if (node !== undefined)
    walk(node, (inner) => void (inner.type === 'identifier' && dataset.has(inner.text) && used.push(inner)));
  const [only, ...others] = used;
  if (only === undefined || others.length > 0) return [];
  const quote = only.around('string')?.text.includes('"') === true ? "'" : '"';
  const newText = `os.environ[${quote}artifacts_directory${quote}]`;
  const edits = [replaceIn(context, only.start, only.end, newText), ...importOs(context)];
  return [{ title: 'Write to artifacts_directory', finding, edits }];
}

/** `import-unknown`: one more line at the end of the requirements. */
export function addRequirement(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const name = finding.data?.replacement;
  const path = ['requirements.txt', 'train_requirements.txt'].find((file) => context.readText(file) !== undefined);
  if (name === undefined || path === undefined) return [];
  const source = new SourceText(context.readText(path) ?? '');
  const end = lineEndOf(source.text);
  const open = source.text === '' || /[\r\n]$/.test(source.text) ? '' : end;
  const at = source.text.length;
  const edits = [{ path, range: source.range(at, at), newText: `${open}${name}${end}` }];
  return [{ title: `Add ${name} to ${path}`, finding, edits }];
}

/** `save-unread` and others that name a second place. */
export function goToRelated(_context: FeatureContext, finding: RawFinding): QuickFix[] {
  return (finding.related ?? []).slice(0, 1).map(({ file, range }) => ({
    title: `Go to ${file}:${range.start.line + 1}`,
    finding,
    edits: [],
    goTo: { path: file, line: range.start.line },
  }));
}

/** `requirement-conflict`: without this line the earlier one decides. */
export function removeLine(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const { source } = context;
  const start = source.lineStart(finding.range.start.line);
  const end = source.lineStart(finding.range.end.line + 1);
  return [{ title: 'Remove this line', finding, edits: [replaceIn(context, start, end, '')] }];
}
