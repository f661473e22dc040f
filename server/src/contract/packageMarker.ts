/** Whether a `train.py` that nobody configured is one of ours. */
import type { PackageFiles, ParsedFile } from '../python/modules';
import { walk, type SyntaxNode } from '../python/syntaxNode';

/** At module level, also under `if`, `try` and the like: `class Main`, or `Main` imported from a module of its own folder. */
export function packageHasMain(file: Pick<ParsedFile, 'root' | 'text'>, files: PackageFiles): boolean {
  if (!/\bMain\b/.test(file.text)) return false;
  let found = false;
  walk(file.root, (node) => {
    found ||= marks(node, files);
    return !found && !leaves.test(node.type);
  });
  return found;
}

const leaves = /^(?:class_definition|function_definition|expression_statement|import_statement|import_from_statement)$/;

function marks(node: SyntaxNode, files: PackageFiles): boolean {
  if (node.type === 'class_definition') return node.textOf('name') === 'Main';
  if (node.type !== 'import_from_statement') return false;
  return (
    node.childrenIn('name').some((item) => boundName(item) === 'Main') && isOwnModule(node.textOf('module_name'), files)
  );
}

const boundName = (item: SyntaxNode): string => (item.type === 'aliased_import' ? item.textOf('alias') : item.text);

function isOwnModule(module: string, files: PackageFiles): boolean {
  const path = module.replace(/\s/g, '').replace(/^\.+/, '').split('.').join('/');
  return files.isFile(`${path}.py`) || files.isFile(`${path}/__init__.py`);
}
