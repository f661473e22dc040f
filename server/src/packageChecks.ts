/** Checks of the packages that open documents belong to, each done once for every state of the texts. */
import { basename, dirname, relative, sep } from 'node:path';
import { checkPackage, trainFile, type PackageReport } from './contract/checkPackage';
import type { DiskCache } from './diskCache';
import type { OpenDocuments } from './documents';
import type { PackageFacts } from './features/context';
import type { ServerSettings } from './protocol';
import type { PackageFiles, ParsedFile } from './python/modules';
import type { ParsedFiles } from './python/parsedFiles';
import { configurationFile, packageFacts, readWorkspace, type WorkspaceConfiguration } from './workspace';

export interface CheckedPackage {
  readonly facts: PackageFacts;
  readonly report: PackageReport;
  readonly files: PackageFiles;
  readonly parse: (path: string, text: string) => ParsedFile;
}

export interface CheckSurroundings {
  readonly documents: OpenDocuments;
  readonly disk: DiskCache;
  /** Asked for each time: it is replaced after a breakdown. */
  readonly parsed: () => ParsedFiles;
  readonly settings: () => ServerSettings;
  /** Absolute paths of the workspace's folders. */
  readonly workspaces: () => readonly string[];
  /** True for a folder that the user has marked as a package. */
  readonly isMarked: (folder: string) => boolean;
}

export class PackageChecks {
  private readonly done = new Map<string, CheckedPackage>();
  constructor(private readonly around: CheckSurroundings) {}

  /** Something changed: what was found out counts no more. */
  forget(): void {
    this.done.clear();
  }

  /** The folder of the package that the file lies in: the nearest one upwards that has a `train.py`. */
  folderOf(path: string): string | undefined {
    const { documents, disk } = this.around;
    const end = this.workspaceOf(path);
    for (let folder = dirname(path), steps = 0; steps < 6; steps++) {
      const train = `${folder}${sep}${trainFile}`;
      if (documents.isOpen(train) || disk.kind(train) === 'file') return folder;
      if (folder === end || dirname(folder) === folder || basename(path) === trainFile) return undefined;
      folder = dirname(folder);
    }
    return undefined;
  }

  /** Throws what an analysis throws: `ParserBroken`, or a bug. */
  of(folder: string): CheckedPackage {
    const known = this.done.get(folder);
    if (known !== undefined) return known;
    const made = this.check(folder);
    this.done.set(folder, made);
    return made;
  }

  workspaceOf(path: string): string {
    const holding = this.around.workspaces().filter((one) => path === one || isInside(one, path));
    return holding.sort((a, b) => b.length - a.length)[0] ?? dirname(path);
  }

  configurationOf(workspace: string): WorkspaceConfiguration {
    const { documents, disk } = this.around;
    const path = configurationFile(workspace);
    return readWorkspace(workspace, (asked) =>
      asked === path ? (documents.textOf(path) ?? disk.text(path) ?? '') : undefined,
    );
  }

  private check(folder: string): CheckedPackage {
    const { documents, disk, settings, isMarked } = this.around;
    const workspace = this.workspaceOf(`${folder}${sep}${trainFile}`);
    const facts = packageFacts(workspace, folder, this.configurationOf(workspace), isMarked(folder));
    const files = disk.filesOf(folder, (path) => documents.textOf(path.split('/').join(sep)));
    const parse = (path: string, text: string): ParsedFile => this.around.parsed().read(`${folder}/${path}`, text);
    const report = checkPackage({
      files,
      parse,
      configured: facts.configured,
      python: facts.python,
      parameterNames: facts.parameterNames,
      pipelines: facts.pipelines,
      upload: settings().check.upload,
      name: facts.name,
    });
    return { facts, report, files, parse };
  }
}

/** With `/`. */
export const pathInside = (folder: string, path: string): string => relative(folder, path).split(sep).join('/');

export function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
