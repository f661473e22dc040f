// The digits that scikit-learn brings along, as files: what the samples train on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptProblem, installPackages } from './apt.mjs';
import { ask, run, say } from './say.mjs';

/** A machine that nobody lives on: a container, or one without an init system that runs services. */
export const isThrowAway = () => process.platform === 'linux' && !existsSync('/run/systemd/system');

const findPython = () => ['python3', 'python', 'py'].find((name) => ask(name, ['--version']) !== undefined);
const hasSklearn = (python) => ask(python, ['-c', 'import sklearn']) !== undefined;
const inside = (venv) =>
  process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');

/** Ways to a Python that has scikit-learn, from the cheapest on; each answers its path, or undefined where it is none here. */
const ways = {
  'the Python that is here': () => {
    const found = findPython();
    return found !== undefined && hasSklearn(found) ? found : undefined;
  },
  'a virtual environment': async (venv) => {
    if (hasSklearn(inside(venv))) return inside(venv);
    const found = findPython();
    if (found === undefined || ask(found, ['-c', 'import venv, ensurepip']) === undefined) return undefined;
    say('installing scikit-learn into a virtual environment');
    await run(found, ['-m', 'venv', '--clear', venv]);
    await run(inside(venv), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'scikit-learn']);
    return inside(venv);
  },
  uv: async (venv) => {
    if (ask('uv', ['--version']) === undefined) return undefined;
    say('installing scikit-learn with uv');
    await run('uv', ['venv', '--quiet', '--clear', venv]);
    await run('uv', ['pip', 'install', '--quiet', '--python', inside(venv), 'scikit-learn']);
    return inside(venv);
  },
  'the system’s packages': async () => {
    if (!isThrowAway() || aptProblem() !== undefined) return undefined;
    await installPackages([['/usr/lib/python3/dist-packages/sklearn/__init__.py', 'python3-sklearn']]);
    return '/usr/bin/python3';
  },
};

/** Writes 0.csv to 9.csv into `folder`, by a Python that has scikit-learn or gets it in `venv`. */
export async function makeDigits(root, folder, venv) {
  if (existsSync(join(folder, '9.csv'))) return;
  for (const [name, way] of Object.entries(ways)) {
    try {
      const python = await way(venv);
      if (python === undefined) continue;
      say(`writing scikit-learn’s digits out as files, with ${name}`);
      await run(python, [join(root, 'examples', 'digits', 'make_data.py'), folder]);
      return;
    } catch (error) {
      say(`${name}: ${error.message}`);
    }
  }
  throw new Error(
    'the sample data needs a Python 3 with scikit-learn, or with venv and pip: install python3 and python3-venv',
  );
}
