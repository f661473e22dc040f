/** `import-unknown` and `import-removed`: modules that a run will not find. */
import { factsOf } from '../python/facts';
import type { FoundModule, ModuleModel, PackageModules } from '../python/modules';
import { installerModules, isStandardModule, pythonMinor, removedSince } from '../python/stdlib';
import type { SyntaxNode } from '../python/syntaxNode';
import { packagePath, type Values } from '../python/values';
import type { RawFinding } from '../rawFinding';
import { distributionsOf, providedBeside } from './distributions';
import { isDead, isTried } from './liveCode';
import type { RequiredNames } from './requiredNames';
import { findingAt, warningOf, type Subject } from './subject';

export interface ImportSurroundings {
  readonly modules: PackageModules;
  readonly values: Values;
  readonly python: string | undefined;
  /** Undefined where the package has no requirements file. */
  readonly required: RequiredNames | undefined;
}

interface Imported {
  readonly module: string;
  readonly node: SyntaxNode;
}

export function importRules(subject: Subject, around: ImportSurroundings): RawFinding[] {
  const { train } = subject;
  const imports = factsOf(train.root)
    .imports.filter((node) => !isDead(node, train.name) && !isOptional(node))
    .flatMap(importedBy);
  const folders = searchFolders(train, around.values);
  return [...removed(imports, train, around, folders), ...unknown(imports, train, around, folders)];
}

function importedBy(node: SyntaxNode): Imported[] {
  const from = node.child('module_name');
  if (from !== undefined) {
    const module = from.text.replace(/\s/g, '');
    return module.startsWith('.') || module === '__future__' ? [] : [{ module, node: from }];
  }
  return node.childrenIn('name').map((item) => {
    const name = item.type === 'aliased_import' ? (item.child('name') ?? item) : item;
    return { module: name.text.replace(/\s/g, ''), node: name };
  });
}

/** Tried, a way out where another import failed, or for some Pythons and systems only. */
const isOptional = (node: SyntaxNode): boolean =>
  isTried(node) || node.around('except_clause') !== undefined || isVersioned(node);

/** Under a condition about the Python that runs it, or about what is installed. */
function isVersioned(node: SyntaxNode): boolean {
  for (
    let at = node.around('if_statement', 'elif_clause');
    at !== undefined;
    at = at.around('if_statement', 'elif_clause')
  ) {
    if (
      /version_info|python_version|find_spec|hexversion|\.version\b|platform|os\.name|PY[23]|py[23]k?\b/i.test(
        at.textOf('condition'),
      )
    )
      return true;
  }
  return false;
}

/** Modules and unreadable files of the package that a module surely imports. */
export function importedModules(
  module: ModuleModel,
  modules: PackageModules,
): Exclude<FoundModule, { kind: 'outside' | 'namespace' }>[] {
  return factsOf(module.root)
    .imports.filter((node) => !isDead(node, module.name) && !isOptional(node))
    .flatMap(modulesNamedBy)
    .map((name) => modules.resolve(name, module))
    .filter((found) => found.kind === 'module' || found.kind === 'opaque');
}

/** `from a import b` may mean the module `a.b` too. */
function modulesNamedBy(node: SyntaxNode): string[] {
  const from = node.textOf('module_name').replace(/\s/g, '');
  const items = node
    .childrenIn('name')
    .map((item) => (item.type === 'aliased_import' ? item.textOf('name') : item.text));
  const names = items.map((item) => item.replace(/\s/g, ''));
  if (from === '')
    return names.flatMap((name) => name.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.')));
  return [from, ...names.map((name) => (from.endsWith('.') ? from + name : `${from}.${name}`))];
}

const topOf = (module: string): string => module.split('.', 1)[0] ?? module;

function removed(
  imports: readonly Imported[],
  train: ModuleModel,
  { modules, python, required }: ImportSurroundings,
  folders: readonly string[] | undefined,
): RawFinding[] {
  const minor = pythonMinor(python);
  if (minor === undefined || folders === undefined) return [];
  return imports.flatMap(({ module, node }) => {
    const since = removedSince(module);
    const gone = since !== undefined && since <= minor && !isOwn(module, modules, folders);
    if (!gone || isProvided(module, required)) return [];
    const message = `A run uses Python ${python}; its standard library has no ${module}${since === 0 ? '' : `, removed in 3.${since}`}.`;
    return [
      findingAt(train, { module: train, node }, undefined, warningOf('import-removed', message, { name: module })),
    ];
  });
}

/** setuptools brings `distutils` back, and there are distributions of single modules. */
function isProvided(module: string, required: RequiredNames | undefined): boolean {
  if (required === undefined) return false;
  const top = topOf(module).toLowerCase();
  const names = [top, `standard-${top}`, `legacy-${top}`, `py-${top}`, ...(top === 'distutils' ? ['setuptools'] : [])];
  return !required.complete || names.some((name) => required.names.has(name));
}

function unknown(
  imports: readonly Imported[],
  train: ModuleModel,
  { modules, required, python }: ImportSurroundings,
  folders: readonly string[] | undefined,
): RawFinding[] {
  if (required === undefined || !required.complete || folders === undefined) return [];
  const seen = new Set<string>();
  return imports.flatMap(({ module, node }) => {
    const top = topOf(module);
    if (seen.has(top) || isExpected(module, required) || isOwn(module, modules, folders)) return [];
    seen.add(top);
    // With a Python configured that is import-removed.
    if (python !== undefined && removedSince(module) !== undefined) return [];
    const message = `${top} is neither in requirements.txt nor in the package.`;
    const data = { name: top, replacement: distributionsOf(top)[0] ?? top };
    const range = train.source.rangeOf(node);
    return [{ code: 'import-unknown', severity: 'hint' as const, message, range, file: train.path, data }];
  });
}

function isExpected(module: string, required: RequiredNames): boolean {
  const top = topOf(module);
  if (isStandardModule(module) || installerModules.has(top)) return true;
  return distributionsOf(top).some((name) => required.names.has(name) || providedBeside(name, required.names));
}

function isOwn(module: string, modules: PackageModules, folders: readonly string[]): boolean {
  const parts = module.split('.');
  const [top = ''] = parts;
  return folders.some((folder) => modules.find([...(folder === '' ? [] : folder.split('/')), top]).kind !== 'outside');
}

/** Folders of the package that modules are looked for in; undefined where the search path leads out of it. */
function searchFolders(train: ModuleModel, values: Values): string[] | undefined {
  const folders = [''];
  for (const change of factsOf(train.root).searchPath) {
    if (change.type !== 'call' || !/\.(?:append|insert)$|addsitedir$/.test(change.textOf('function'))) return undefined;
    const text = values.text(change.child('arguments')?.parts.at(-1), { module: train });
    if (text === '' || text === '.' || text === '\ue002') continue;
    const path = text === undefined ? undefined : packagePath(text);
    if (path === undefined) return undefined;
    folders.push(path);
  }
  return folders;
}
