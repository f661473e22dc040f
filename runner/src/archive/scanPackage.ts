/** The content of a working folder: what is published, in order, and refusals by name. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from 'ignore';
import { ExpectedError } from '../domain/errors';
import {
  bytecodeFolder,
  ignoreFileName,
  toolFolders,
  vcsFolders,
  virtualEnvironmentMarker,
} from '../domain/packageContent';
import type { Warning } from '../domain/run';
import { clashes, portabilityProblem } from './portableNames';
import type { ScannedEntry, ScannedTree } from './scannedTree';
import { walkFolder, type NameKind } from './walkFolder';

export type { ScannedEntry, ScannedTree } from './scannedTree';

const builtIn = new Set([...vcsFolders, bytecodeFolder, ...toolFolders]);

export async function scanPackage(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ScannedTree> {
  const ignored = await readIgnoreFile(folder);
  const warnings: Warning[] = [];
  const entries = await walkFolder(folder, {
    signal: options.signal,
    leaveOutTarget: (path) => path.split('/').some((part) => builtIn.has(part)),
    leaveOut: async (path, kind, absolute) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      // A worktree's or submodule's `.git` is a file.
      if (name === '.git' || (builtIn.has(name) && (await isFolder(kind, absolute)))) return true;
      if (path !== ignoreFileName && ignored(kind === 'folder' ? `${path}/` : path)) return true;
      return kind !== 'file' && (await isVirtualEnvironment(absolute));
    },
    refuse: (path, reason) => {
      throw invalid(`${path} ${reason}.`);
    },
    onLink: (path, target) => {
      warnings.push({ code: 'link-copied', message: `${path} is a link to ${target}; the version holds a copy.` });
    },
  });
  refuseUnportable(entries);
  return { entries, warnings };
}

async function readIgnoreFile(folder: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(folder, ignoreFileName), 'utf8').catch(() => '');
  if (text.trim() === '') return () => false;
  const rules = ignore({ ignorecase: false }).add(text.replace(/^\ufeff/, ''));
  return (path) => rules.ignores(path);
}

async function isFolder(kind: NameKind, path: string): Promise<boolean> {
  if (kind !== 'link') return kind === 'folder';
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Also behind a link, as `.venv` often is. */
const isVirtualEnvironment = (folder: string): Promise<boolean> =>
  stat(join(folder, virtualEnvironmentMarker)).then(
    (found) => found.isFile(),
    () => false,
  );

function refuseUnportable(entries: readonly ScannedEntry[]): void {
  for (const { path } of entries) {
    for (const segment of path.split('/')) {
      const problem = portabilityProblem(segment);
      if (problem !== undefined) throw invalid(`${path}: the name "${segment}" ${problem}.`);
    }
  }
  const [clash] = clashes(entries.map((entry) => entry.path));
  if (clash !== undefined)
    throw invalid(`${clash.path} and ${clash.with} are one name on systems that ignore case or Unicode forms.`);
}

const invalid = (message: string): ExpectedError =>
  new ExpectedError('package-invalid', message, `Rename or remove it, or leave it out by a line in ${ignoreFileName}.`);
