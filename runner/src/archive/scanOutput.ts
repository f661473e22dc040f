/** What a run left in the package's folder: a stray entry is left out with a warning, and never loses the rest. */
import { bytecodeFolder, vcsFolders } from '../domain/packageContent';
import type { Warning } from '../domain/run';
import { clashes, portabilityProblem } from './portableNames';
import type { ScannedTree } from './scannedTree';
import { walkFolder } from './walkFolder';

const neverKept = new Set([...vcsFolders, bytecodeFolder]);

export interface ScanOutputOptions {
  /** Paths (relative, with `/`) that stay out: the dataset's mount point, the artifacts. */
  readonly leaveOut: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export async function scanOutput(folder: string, options: ScanOutputOptions): Promise<ScannedTree> {
  const out = new Set(options.leaveOut);
  const warnings: Warning[] = [];
  const entries = await walkFolder(folder, {
    signal: options.signal,
    mend: true,
    leaveOut: (path, kind) =>
      out.has(path) || (kind === 'folder' && neverKept.has(path.slice(path.lastIndexOf('/') + 1))),
    leaveOutTarget: (path) => out.has(path),
    refuse: (path, reason) => {
      warnings.push({ code: 'output-skipped', message: `${path} ${reason}; it is not in the version.` });
    },
    onLink: (path, target) => {
      warnings.push({ code: 'link-copied', message: `${path} is a link to ${target}; the version holds a copy.` });
    },
  });
  return { entries, warnings: [...warnings, ...unportable(entries.map((entry) => entry.path))] };
}

function unportable(paths: readonly string[]): Warning[] {
  const warnings = new Map<string, Warning>();
  const add = (path: string, why: string): void => {
    const message = `${path} ${why}; it is kept, and some systems cannot hold it.`;
    warnings.set(path, { code: 'output-not-portable', message });
  };
  for (const path of paths) {
    const problem = path
      .split('/')
      .map(portabilityProblem)
      .find((found) => found !== undefined);
    if (problem !== undefined) add(path, problem);
  }
  for (const clash of clashes(paths)) add(clash.path, `clashes with ${clash.with} where case is ignored`);
  return [...warnings.values()];
}
