/** Quick fixes for `Main` and the methods that a run calls. */
import type { SyntaxNode } from '../python/syntaxNode';
import type { RawFinding } from '../rawFinding';
import type { FeatureContext } from './context';
import { importOs, indentAt, indentUnit, lineEndOf, nodeOf, replaceIn, type FileEdit, type QuickFix } from './fileEdit';

const signatures: Readonly<Record<string, string>> = { train: '(self, data_directory)', save: '(self)' };

export function addClass(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const { text } = context.source;
  const end = lineEndOf(text);
  const unit = indentUnit(text);
  const gap = text.trim() === '' ? '' : `${/[\r\n]$/.test(text) ? '' : end}${end}${end}`;
  const methods = ['train', 'save'].map((name) => methodText(name, unit, unit, end)).join(`${end}${end}`);
  const newText = `${gap}class Main:${end}${methods}${end}`;
  return [{ title: 'Add class Main', finding, edits: [replaceIn(context, text.length, text.length, newText)] }];
}

function methodText(name: string, indent: string, unit: string, end: string): string {
  return `${indent}def ${name}${signatures[name] ?? '(self)'}:${end}${indent}${unit}pass`;
}

export function addMethod(context: FeatureContext, finding: RawFinding, name: 'train' | 'save'): QuickFix[] {
  const body = context.main?.node?.child('body');
  const cls = context.main?.node;
  if (body === undefined || cls === undefined) return [];
  const { text } = context.source;
  const end = lineEndOf(text);
  const unit = indentUnit(text);
  const title = `Add ${name}${signatures[name] ?? ''}`;
  const inline = !/[\r\n]/.test(text.slice(headEnd(cls), body.start));
  if (inline) {
    const indent = indentAt(text, cls.start) + unit;
    const kept = body.parts.every((part) => part.type === 'pass_statement')
      ? ''
      : `${indent}${body.text.trim()}${end}${end}`;
    const newText = `${end}${kept}${methodText(name, indent, unit, end)}`;
    return [{ title, finding, edits: [replaceIn(context, headEnd(cls), body.end, newText)] }];
  }
  const indent = indentAt(text, body.start);
  const at = body.start + body.text.trimEnd().length;
  const newText = `${end}${end}${methodText(name, indent, unit, end)}`;
  return [{ title, finding, edits: [replaceIn(context, at, at, newText)] }];
}

/** Behind the colon of the class's head. */
function headEnd(cls: SyntaxNode): number {
  return cls.children.find((child) => child.type === ':')?.end ?? cls.start;
}

/** For `train-signature`, `save-signature` and `init-signature`. */
export function fixSignature(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const parameters = nodeOf(context, finding.range);
  if (parameters?.type !== 'parameters') return [];
  const name = finding.data?.name;
  if (name !== undefined)
    return [...defaultValues(context, finding, parameters, name), ...fromParameter(context, finding, parameters, name)];
  return addArgument(context, finding, parameters);
}

const withoutDefault: ReadonlySet<string> = new Set(['identifier', 'typed_parameter']);

function parameterName(node: SyntaxNode): string {
  return node.type === 'identifier' ? node.text : (node.firstOf('identifier')?.text ?? '');
}

/** `name` and every plain parameter behind it, so that none without a value follows one with a value. */
function defaultValues(context: FeatureContext, finding: RawFinding, parameters: SyntaxNode, name: string): QuickFix[] {
  const list = parameters.parts;
  const first = list.findIndex((node) => withoutDefault.has(node.type) && parameterName(node) === name);
  if (first < 0) return [];
  const open = list.slice(first).filter((node) => withoutDefault.has(node.type) && parameterName(node) !== '');
  const edits = open.map((node) =>
    replaceIn(context, node.end, node.end, node.type === 'identifier' ? '=None' : ' = None'),
  );
  const names = open.map(parameterName);
  const title =
    names.length === 1
      ? `Give ${name} a default value`
      : `Give ${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} default values`;
  return [{ title, finding, edits }];
}

/** Takes the argument out of the signature and reads it from the run's parameters instead. */
function fromParameter(context: FeatureContext, finding: RawFinding, parameters: SyntaxNode, name: string): QuickFix[] {
  const found = parameters.parts.filter((node) => withoutDefault.has(node.type) && parameterName(node) === name);
  const [only, ...others] = found;
  const first = parameters.parent?.child('body')?.parts[0];
  if (only === undefined || others.length > 0 || first === undefined) return [];
  if (!/[\r\n]/.test(context.source.text.slice(parameters.end, first.start))) return [];
  const { start, end } = withComma(parameters, only);
  const edits = [replaceIn(context, start, end, ''), firstLine(context, first, name), ...importOs(context)];
  return [{ title: `Read ${name} from a parameter`, finding, edits }];
}

/** Behind the docstring, if there is one. */
function firstLine(context: FeatureContext, first: SyntaxNode, name: string): FileEdit {
  const { text } = context.source;
  const docstring = first.type === 'expression_statement' && first.parts[0]?.type === 'string';
  const indent = indentAt(text, first.start);
  const line = `${name} = os.environ["${name}"]`;
  if (docstring) return replaceIn(context, first.end, first.end, `${lineEndOf(text)}${indent}${line}`);
  return replaceIn(context, first.start, first.start, `${line}${lineEndOf(text)}${indent}`);
}

/** A parameter with the comma in front of it, or behind it where it is the first. */
function withComma(parameters: SyntaxNode, node: SyntaxNode): { start: number; end: number } {
  const index = parameters.children.indexOf(node);
  const before = parameters.children[index - 1];
  if (before?.type === ',') return { start: before.start, end: node.end };
  const after = parameters.children[index + 1];
  if (after?.type !== ',') return { start: node.start, end: node.end };
  return { start: node.start, end: parameters.children[index + 2]?.start ?? after.end };
}

/** `self`, or the dataset's path, is missing. */
function addArgument(context: FeatureContext, finding: RawFinding, parameters: SyntaxNode): QuickFix[] {
  const list = parameters.parts;
  if (list.some((node) => node.type !== 'identifier')) return [];
  const wanted = finding.code === 'train-signature' ? ['self', 'data_directory'] : ['self'];
  if (list.length >= wanted.length) return [];
  const have = list.map((node) => node.text);
  const names = have[0] === 'self' ? [...have, ...wanted.slice(have.length)] : ['self', ...have];
  while (names.length < wanted.length) names.push(wanted[names.length] ?? '');
  const newText = `(${names.join(', ')})`;
  const method = parameters.parent?.textOf('name') ?? '';
  const edits = [replaceIn(context, parameters.start, parameters.end, newText)];
  return [{ title: `Change to ${method}${newText}`, finding, edits }];
}

/** `async def` becomes `def`. */
export function makePlain(context: FeatureContext, finding: RawFinding): QuickFix[] {
  const fn = nodeOf(context, finding.range)?.around('function_definition');
  const keyword = fn?.firstOf('async');
  const def = fn?.firstOf('def');
  if (keyword === undefined || def === undefined) return [];
  const name = fn?.textOf('name') ?? '';
  const edits = [replaceIn(context, keyword.start, def.start, '')];
  return [{ title: `Make ${name} a plain method`, finding, edits }];
}
