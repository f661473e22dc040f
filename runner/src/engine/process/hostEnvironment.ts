/** The caller's environment as a run gets it: without PYTHON* and without virtual environments. */
import { delimiter, join, normalize } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

const virtualNames =
  /^(PYTHON.*|VIRTUAL_ENV.*|_OLD_VIRTUAL_.*|CONDA_.*|_CE_.*|POETRY_ACTIVE|PIPENV_ACTIVE|__PYVENV_LAUNCHER__)$/;
const editorNames = /^(ELECTRON_RUN_AS_NODE|VSCODE_.*|NODE_CHANNEL_.*|NODE_UNIQUE_ID|TRAINING_PIPELINES_.*)$/;

export function hostEnvironment(
  environment: Environment,
  windows = process.platform === 'win32',
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const known = windows ? name.toUpperCase() : name;
    if (value === undefined || virtualNames.test(known) || editorNames.test(known)) continue;
    kept[name] = value;
  }
  const pathName = Object.keys(kept).find((name) => (windows ? name.toUpperCase() === 'PATH' : name === 'PATH'));
  if (pathName !== undefined)
    kept[pathName] = withoutFolders(kept[pathName] ?? '', environmentFolders(environment, windows));
  return kept;
}

/** The folders that activating a virtual environment puts at the front of PATH. */
function environmentFolders(environment: Environment, windows: boolean): string[] {
  const roots = ['VIRTUAL_ENV', 'CONDA_PREFIX'].map((name) => environment[name] ?? '').filter((root) => root !== '');
  const below = windows ? ['Scripts', '', join('Library', 'bin')] : ['bin'];
  return roots.flatMap((root) => below.map((name) => join(root, name)));
}

function withoutFolders(path: string, folders: readonly string[]): string {
  const unwanted = new Set(folders.map(plain));
  return path
    .split(delimiter)
    .filter((folder) => !unwanted.has(plain(folder)))
    .join(delimiter);
}

const plain = (folder: string): string => normalize(folder).replace(/[\\/]+$/, '');
