/** Hover: what a run does with the name under the cursor, then what the last run made of it. Never Python's own hover again. */
import type { Hover } from 'vscode-languageserver';
import type { Position } from '../../../runner/src/domain/finding';
import type { RunFacts } from '../protocol';
import { nodeAt, type SyntaxNode } from '../python/syntaxNode';
import type { FeatureContext } from './context';
import { keyAt } from './environmentKey';

const methods: Readonly<Record<string, string>> = {
  __init__: 'A run builds `Main` with no arguments, once, before `train`.',
  train:
    'A run calls `train` once, with one argument: the absolute path of the dataset. The dataset is read-only unless the pipeline says `"datasetAccess": "copy"`.',
  save: 'A run calls `save` after `train`. What the folder then holds becomes the next version, without dataset and artifacts.',
};

const keys: Readonly<Record<string, string>> = {
  artifacts_directory:
    'A folder that a run makes before it starts, `artifacts` by default. What is written there is kept with the run and is no part of the version.',
  save_training_data: '`true` keeps a copy of the dataset with the run. `false` by default; parameters are text.',
  save_data: 'An old name of `save_training_data`; it is not set in a run.',
};

export function hoverAt(context: FeatureContext, position: Position): Hover | undefined {
  const offset = context.source.offsetAt(position);
  if (context.root === undefined) return undefined;
  const node = nameAt(context.root, offset);
  const text = mainText(context, node) ?? methodText(context, node);
  if (text !== undefined) return hover(context, node.start, node.end, [text, ...lastRun(context.runs)]);
  const key = keyAt(context.source.text, offset);
  if (key === undefined || key.text === '') return undefined;
  const about = keyText(context, key.text);
  return about === undefined ? undefined : hover(context, key.start, key.end, [about, ...valuesOf(context, key.text)]);
}

/** A name counts up to behind its last letter. */
function nameAt(root: SyntaxNode, offset: number): SyntaxNode {
  const node = nodeAt(root, offset);
  return node.type === 'identifier' || offset === 0 ? node : nodeAt(root, offset - 1);
}

function hover(context: FeatureContext, start: number, end: number, parts: readonly string[]): Hover {
  return { contents: { kind: 'markdown', value: parts.join('\n\n') }, range: context.source.range(start, end) };
}

function mainText(context: FeatureContext, node: SyntaxNode): string | undefined {
  const binding = context.main?.binding;
  if (binding === undefined || node.start !== binding.start || node.end !== binding.end) return undefined;
  return 'A run does `from train import Main; m = Main(); m.train(<dataset>); m.save()`, in a container, with the package as its folder.';
}

function methodText(context: FeatureContext, node: SyntaxNode): string | undefined {
  const method = context.main?.methods.find(({ node: fn }) => {
    const name = fn?.child('name');
    return name !== undefined && name.start === node.start && name.end === node.end;
  });
  return method === undefined ? undefined : methods[method.name];
}

function keyText(context: FeatureContext, key: string): string | undefined {
  const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (known !== undefined || !context.package.parameterNames.includes(key)) return known;
  return `A parameter of this package's pipelines. A run sets it; its value is text.`;
}

function valuesOf(context: FeatureContext, key: string): string[] {
  const lines = context.package.pipelines.flatMap(({ name, parameters, secrets }) => {
    const value = parameters?.[key];
    if (value !== undefined) return [`- ${name}: \`${value === '' ? ' ' : value.replaceAll('`', "'")}\``];
    return secrets?.includes(key) === true ? [`- ${name}: a secret`] : [];
  });
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function lastRun(runs: readonly RunFacts[]): string[] {
  const [run] = runs;
  if (run === undefined) return [];
  const version = run.version === '' ? run.from : run.version;
  const cause = run.cause === null ? '' : ` ${run.cause.message}`;
  return [`Last run, ${run.pipeline}${version === '' ? '' : ` ${version}`}: ${run.summary}.${cause}`];
}
