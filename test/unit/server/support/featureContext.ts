/** A feature's view of a package that lives in memory. */
import { checkPackage } from '../../../../server/src/contract/checkPackage';
import type { FeatureContext, MainFacts, PackageFacts } from '../../../../server/src/features/context';
import { ParsedFiles } from '../../../../server/src/python/parsedFiles';
import type { SyntaxNode } from '../../../../server/src/python/syntaxNode';
import type { RawFinding } from '../../../../server/src/rawFinding';
import { SourceText } from '../../../../server/src/sourceText';
import type { FileEdit } from '../../../../server/src/features/fileEdit';
import { memoryFiles, parser } from './checkSource';

const methodNames = new Set(['train', 'save', '__init__']);

export function contextOf(
  source: string,
  files: Readonly<Record<string, string>> = {},
  more: Partial<FeatureContext> & { readonly facts?: Partial<PackageFacts> } = {},
): FeatureContext & { readonly findings: readonly RawFinding[] } {
  const texts = { 'train.py': source, ...files };
  const parsed = new ParsedFiles(parser);
  const facts: PackageFacts = {
    folder: '/workspace/digits',
    shown: 'digits',
    name: 'digits',
    configured: true,
    python: undefined,
    pipelines: [],
    parameterNames: ['artifacts_directory', 'save_training_data'],
    ...more.facts,
  };
  const report = checkPackage({
    ...facts,
    files: memoryFiles(texts),
    parse: (path, text) => parsed.read(path, text),
    upload: false,
  });
  const { root } = parsed.read('train.py', source);
  return {
    uri: 'file:///workspace/digits/train.py',
    path: 'train.py',
    source: new SourceText(source),
    root,
    main: mainOf(root),
    package: facts,
    findings: report.findings,
    runs: [],
    readText: (path) => texts[path as keyof typeof texts],
    uriOf: (path) => `file:///workspace/digits/${path}`,
    ...more,
  };
}

function mainOf(root: SyntaxNode): MainFacts | undefined {
  const node = root.parts.filter((part) => part.type === 'class_definition' && part.textOf('name') === 'Main').at(-1);
  const binding = node?.child('name');
  if (node === undefined || binding === undefined) return undefined;
  const functions = node.child('body')?.parts.filter((part) => part.type === 'function_definition') ?? [];
  const methods = functions.flatMap((fn) => {
    const name = fn.textOf('name');
    return methodNames.has(name) ? [{ name: name as 'train' | 'save' | '__init__', node: fn }] : [];
  });
  return { node, binding, methods };
}

/** The text of `path` with the edits made. */
export function applied(context: FeatureContext, edits: readonly FileEdit[], path: string = 'train.py'): string {
  const source = new SourceText((path === context.path ? context.source.text : context.readText(path)) ?? '');
  const places = edits
    .filter((edit) => edit.path === path)
    .map((edit) => ({
      start: source.offsetAt(edit.range.start),
      end: source.offsetAt(edit.range.end),
      newText: edit.newText,
    }))
    .sort((a, b) => b.start - a.start);
  return places.reduce(
    (text, { start, end, newText }) => text.slice(0, start) + newText + text.slice(end),
    source.text,
  );
}
