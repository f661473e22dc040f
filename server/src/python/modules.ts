/** The modules of one package: finds what an import means, as far as it stays inside the folder. */
import { SourceText } from '../sourceText';
import { flowOf, type Binding, type Flow } from './flow';
import type { ParseRefusal } from './parser';
import type { SyntaxNode } from './syntaxNode';
import type { NewSyntax, SyntaxProblem } from './syntaxRules';

/** Read-only view of a package's folder; paths are relative to it, with `/`, `""` is the folder itself. */
export interface PackageFiles {
  /** The editor's text before the disk's; undefined where there is no such file. */
  readText(path: string): string | undefined;
  isFile(path: string): boolean;
  isFolder(path: string): boolean;
  /** Names in a folder; empty where there is none. */
  list(path: string): readonly string[];
}

export interface ParsedFile {
  readonly root: SyntaxNode;
  readonly text: string;
  readonly refusal: ParseRefusal | undefined;
  /** Why Python would refuse to compile the file. */
  readonly problem: SyntaxProblem | undefined;
  /** The first syntax that Python 3.`minor` does not know yet. */
  readonly tooNew: (minor: number) => NewSyntax | undefined;
}

/** A module of the package. */
export class ModuleModel {
  readonly source: SourceText;
  private known: Flow | undefined;
  private knownGlobals: ReadonlySet<string> | undefined;
  constructor(
    /** Relative to the package's folder, with `/`. */
    readonly path: string,
    /** The name that it is imported by: `train`, `lib.model`. */
    readonly name: string,
    readonly file: ParsedFile,
  ) {
    this.source = new SourceText(file.text);
  }

  get root(): SyntaxNode {
    return this.file.root;
  }

  /** Names that functions of the module bind by `global`. */
  get globals(): ReadonlySet<string> {
    return (this.knownGlobals ??= globalNames(this.file.text));
  }

  get flow(): Flow {
    return (this.known ??= flowOf(this.root, this.name));
  }

  /** The only binding of a name at the end of the module, or undefined where there is none or a choice. */
  single(name: string): Binding | undefined {
    const possible = this.flow.names.get(name);
    return possible?.bindings.length === 1 && !possible.unbound ? possible.bindings[0] : undefined;
  }
}

function globalNames(text: string): Set<string> {
  const names = new Set<string>();
  for (const match of text.matchAll(/\bglobal[ \t]+([^\r\n#]*)/g)) {
    for (const name of (match[1] ?? '').split(/[\s,;]+/)) names.add(name);
  }
  return names;
}

export type FoundModule =
  | { readonly kind: 'module'; readonly module: ModuleModel }
  /** A folder without `__init__.py`. */
  | { readonly kind: 'namespace'; readonly path: string }
  /** In the package, but not to be read: it does not parse, is too large, or is compiled. */
  | { readonly kind: 'opaque'; readonly path: string; readonly file?: ParsedFile }
  | { readonly kind: 'outside' };

const compiled = /\.(?:so|pyd|pyc)$/;

export class PackageModules {
  private readonly models = new Map<string, FoundModule>();
  constructor(
    readonly files: PackageFiles,
    private readonly parse: (path: string, text: string) => ParsedFile,
  ) {}

  /** `module` as an import statement of `from` names it, with leading dots. */
  resolve(module: string, from: ModuleModel): FoundModule {
    const dots = /^\.*/.exec(module)?.[0].length ?? 0;
    const rest = module.slice(dots);
    if (dots === 0) return this.find(rest.split('.'));
    const folder = from.path.split('/').slice(0, -1);
    // A module at the top has no package around it: such an import fails, which is not for us to follow.
    if (folder.length < dots) return { kind: 'outside' };
    const base = folder.slice(0, folder.length - dots + 1);
    return this.find([...base, ...(rest === '' ? [] : rest.split('.'))]);
  }

  find(parts: readonly string[]): FoundModule {
    const key = parts.join('.');
    const known = this.models.get(key);
    if (known !== undefined) return known;
    const found = this.locate(parts);
    this.models.set(key, found);
    return found;
  }

  private locate(parts: readonly string[]): FoundModule {
    const path = parts.join('/');
    if (this.files.isFolder(path) && this.files.isFile(`${path}/__init__.py`)) {
      return this.read(`${path}/__init__.py`, parts.join('.'));
    }
    if (this.files.isFile(`${path}.py`)) return this.read(`${path}.py`, parts.join('.'));
    if (this.isCompiled(parts)) return { kind: 'opaque', path };
    return this.files.isFolder(path) ? { kind: 'namespace', path } : { kind: 'outside' };
  }

  private isCompiled(parts: readonly string[]): boolean {
    const last = parts.at(-1) ?? '';
    const names = this.files.list(parts.slice(0, -1).join('/'));
    return names.some((name) => name.startsWith(`${last}.`) && compiled.test(name));
  }

  private read(path: string, name: string): FoundModule {
    const text = this.files.readText(path);
    if (text === undefined) return { kind: 'opaque', path };
    const file = this.parse(path, text);
    if (file.refusal !== undefined || file.problem !== undefined) return { kind: 'opaque', path, file };
    return { kind: 'module', module: new ModuleModel(path, name, file) };
  }
}
