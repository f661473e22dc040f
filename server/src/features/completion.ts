/** Completion: keys of parameters where the environment is read, and the skeleton of a package. */
import { CompletionItemKind, InsertTextFormat, type CompletionItem } from 'vscode-languageserver';
import type { Position } from '../../../runner/src/domain/finding';
import { defaultParameters } from '../../../runner/src/domain/parameters';
import type { FeatureContext } from './context';
import { keyAt, type EnvironmentKey } from './environmentKey';
import { indentUnit } from './fileEdit';

/** Characters after which a client asks by itself. */
export const completionTriggers: readonly string[] = ['"', "'", '['];

export function completionsAt(context: FeatureContext, position: Position): CompletionItem[] {
  const { source } = context;
  const offset = source.offsetAt(position);
  const key = keyAt(source.text, offset);
  if (key !== undefined) return context.package.parameterNames.map((name) => keyItem(context, key, name));
  return skeletons(context, position, offset);
}

function keyItem(context: FeatureContext, key: EnvironmentKey, name: string): CompletionItem {
  const newText = key.quote === '' ? `"${name}"` : key.closed ? name : `${name}${key.quote}`;
  const pipeline = context.package.pipelines.find(({ parameters }) => parameters?.[name] !== undefined);
  const value = pipeline?.parameters?.[name] ?? defaultParameters[name];
  return {
    label: name,
    kind: CompletionItemKind.EnumMember,
    detail:
      value === undefined
        ? 'parameter of this package'
        : `"${value}"${pipeline === undefined ? ' by default' : ` in ${pipeline.name}`}`,
    filterText: key.quote === '' ? `"${name}"` : name,
    textEdit: { range: context.source.range(key.start, key.end), newText },
  };
}

/** A class `Main` where the file has none, at the start of a line. */
function skeletons(context: FeatureContext, position: Position, offset: number): CompletionItem[] {
  const { source, path } = context;
  const line = source.text.slice(source.lineStart(position.line), offset).replace(/^\ufeff/, '');
  if (path !== 'train.py' || context.main !== undefined || !/^[A-Za-z]*$/.test(line)) return [];
  const typed = line.toLowerCase();
  const empty = source.text.trim() === '' || source.text.trim() === line;
  if (!'main'.startsWith(typed) && !'package'.startsWith(typed) && !(typed === '' && empty)) return [];
  const range = source.range(offset - line.length, offset);
  const newText = skeleton(indentUnit(source.text), !/^import os\b/m.test(source.text));
  return [
    {
      label: 'main',
      kind: CompletionItemKind.Snippet,
      detail: 'class Main of an ML package',
      documentation: {
        kind: 'markdown',
        value: `\`\`\`python\n${newText.replaceAll(/\$\{?\d(?::([^}]*)\})?/g, '$1')}\n\`\`\``,
      },
      insertTextFormat: InsertTextFormat.Snippet,
      filterText: 'main',
      preselect: empty,
      textEdit: { range, newText },
    },
  ];
}

function skeleton(unit: string, withImport: boolean): string {
  const lines = [
    'class Main:',
    `${unit}def __init__(self):`,
    `${unit}${unit}self.model = \${1:None}`,
    '',
    `${unit}def train(self, \${2:data_directory}):`,
    `${unit}${unit}artifacts = os.environ["artifacts_directory"]`,
    `${unit}${unit}$0`,
    '',
    `${unit}def save(self):`,
    `${unit}${unit}\${3:pass}`,
    '',
  ];
  return [...(withImport ? ['import os', '', ''] : []), ...lines].join('\n');
}
