/** What never belongs to a published package, whatever `.pipelineignore` says. */

export const ignoreFileName = '.pipelineignore';

/** VCS folders; also left out of what a run leaves. */
export const vcsFolders: readonly string[] = ['.git', '.hg', '.svn', '.bzr', 'CVS', '_darcs', '.jj', '.sl', '.fossil'];

export const bytecodeFolder = '__pycache__';

/** Folders (besides VCS folders and `__pycache__`) that publishing leaves out by name. */
export const toolFolders: readonly string[] = ['.training-pipelines', '.vscode', '.idea', '.venv'];

/** A folder that holds this file is a virtual environment, whatever its name, and is left out. */
export const virtualEnvironmentMarker = 'pyvenv.cfg';
