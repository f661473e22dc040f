/** An overridden artifacts directory that is a part of the package would be emptied, so it is refused. */
import { ExpectedError } from '../domain/errors';
import { artifactsDirectory, defaultParameters } from '../domain/parameters';

export interface PackageEntry {
  /** Relative to the package, with `/`. */
  readonly path: string;
  /** `dir` for an empty folder. */
  readonly mode: string;
}

/** Names are compared without regard to case, as some file systems do. A file can hold no folder either. */
export function refuseArtifactsFolder(entries: readonly PackageEntry[], folder: string): void {
  if (folder === defaultParameters[artifactsDirectory]) return;
  const wanted = folder.toLowerCase();
  const isTaken = entries.some(({ path, mode }) => {
    const there = path.toLowerCase();
    if (there === wanted || there.startsWith(`${wanted}/`)) return true;
    return mode !== 'dir' && wanted.startsWith(`${there}/`);
  });
  if (!isTaken) return;
  const message = `artifacts_directory is "${folder}", which is a part of the package.`;
  throw new ExpectedError('parameter-invalid', message, 'Choose a folder that the package does not have.');
}
