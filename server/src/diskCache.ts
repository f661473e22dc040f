/** What the disk said a moment ago: a check per keystroke must not ask it the same things every time. */
import { filesOf, kindOf, readText, type OpenText } from './files';
import type { PackageFiles } from './python/modules';

/** Milliseconds: clients that watch files tell earlier, see `forget`. */
const freshness = 1_500;

interface Kept<T> {
  readonly value: T;
  readonly at: number;
}

export class DiskCache {
  private readonly texts = new Map<string, Kept<string | undefined>>();
  private readonly kinds = new Map<string, Kept<ReturnType<typeof kindOf>>>();
  constructor(private readonly now: () => number) {}

  forget(): void {
    this.texts.clear();
    this.kinds.clear();
  }

  text(path: string): string | undefined {
    return this.kept(this.texts, path, readText);
  }

  kind(path: string): ReturnType<typeof kindOf> {
    return this.kept(this.kinds, path, kindOf);
  }

  filesOf(folder: string, openText: OpenText): PackageFiles {
    const disk = filesOf(folder, openText);
    const path = (relative: string): string => (relative === '' ? folder : `${folder}/${relative}`);
    return {
      readText: (relative) => openText(path(relative)) ?? this.text(path(relative)),
      isFile: (relative) => openText(path(relative)) !== undefined || this.kind(path(relative)) === 'file',
      isFolder: (relative) => this.kind(path(relative)) === 'folder',
      list: disk.list,
    };
  }

  private kept<T>(map: Map<string, Kept<T>>, path: string, read: (path: string) => T): T {
    const known = map.get(path);
    if (known !== undefined && this.now() - known.at < freshness) return known.value;
    const value = read(path);
    if (map.size > 2_000) map.clear();
    map.set(path, { value, at: this.now() });
    return value;
  }
}
