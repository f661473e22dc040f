/** The names of distributions that a package's requirements files ask for. */
import type { PackageFiles } from '../python/modules';

export interface RequiredNames {
  /** Normalised: lower case, `-` between words. */
  readonly names: ReadonlySet<string>;
  /** False where a line may stand for anything: an address, a local path. */
  readonly complete: boolean;
}

export const requirementFiles = ['requirements.txt', 'train_requirements.txt'] as const;

export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

/** Undefined where there is no requirements file. */
export function requiredNames(files: PackageFiles): RequiredNames | undefined {
  const reader = new NameReader(files);
  const found = requirementFiles.filter((path) => reader.file(path));
  return found.length === 0 ? undefined : { names: reader.names, complete: reader.complete };
}

class NameReader {
  readonly names = new Set<string>();
  complete = true;
  private readonly seen = new Set<string>();
  constructor(private readonly files: PackageFiles) {}

  file(path: string): boolean {
    if (this.seen.has(path)) return true;
    this.seen.add(path);
    const text = this.files.readText(path);
    if (text === undefined) return false;
    const lines = text
      .replace(/^\ufeff/, '')
      .replace(/\\\r?\n/g, ' ')
      .split(/\r\n|\r|\n/);
    for (const line of lines) this.line(line.replace(/(?:^|\s)#.*$/, '').trim());
    return true;
  }

  private line(line: string): void {
    if (line === '') return;
    const nested = /^(?:-r|--requirement)[\s=]*(\S+)/.exec(line)?.[1];
    if (nested !== undefined) {
      this.complete = this.file(nested.replace(/^\.\//, '')) && this.complete;
      return;
    }
    if (/^(?:-e|--editable)\b/.test(line)) this.complete = false;
    if (line.startsWith('-')) return;
    const name = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:$|[<>=!~;@,(])/.exec(line)?.[1];
    if (name === undefined || /\.(?:whl|zip|gz)$/.test(name)) this.complete = false;
    else this.names.add(normalName(name));
  }
}
