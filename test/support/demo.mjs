// `npm run demo`: installs, builds, trains a sample on real data, and prints what came of it. Nothing is left running.
//   DEMO_IMAGE names another image than the default one, where a Docker of the user's is used
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages, aptProblem } from './apt.mjs';
import { removeTree } from './cache.mjs';
import { engineProblem, startEngine, testImage } from './engine.mjs';
import { ask, npm, run, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const shell = process.platform === 'win32';
const demo = join(root, 'out', 'demo');
const data = join(demo, 'data', 'digits');
const work = join(demo, 'work');
const store = join(work, '.training-pipelines');
const cli = join('dist', 'cli.js');

async function prepare() {
  if (!existsSync('node_modules/.package-lock.json')) {
    say('installing the packages of this project');
    removeTree('node_modules');
    await run(npm, ['ci', '--no-audit', '--no-fund'], { shell });
  }
  say('building');
  await run(npm, ['run', '--silent', 'build'], { shell });
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
}

/** A machine that nobody lives on: a container, or one without a running init system of its own. */
const isThrowAway = () => process.platform === 'linux' && !existsSync('/run/systemd/system');

const python = () => ['python3', 'python', 'py'].find((name) => ask(name, ['--version']) !== undefined);

/** Ways to a Python that has scikit-learn, from the cheapest on. */
const ways = {
  'the Python that is here': () => {
    const found = python();
    return found !== undefined && ask(found, ['-c', 'import sklearn']) !== undefined ? found : undefined;
  },
  'a virtual environment with scikit-learn': async () => {
    const folder = join(demo, 'venv');
    const inside = shell ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
    if (ask(inside, ['-c', 'import sklearn']) !== undefined) return inside;
    const found = python();
    if (found === undefined || ask(found, ['-c', 'import venv, ensurepip']) === undefined) return undefined;
    await run(found, ['-m', 'venv', '--clear', folder]);
    await run(inside, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'scikit-learn']);
    return inside;
  },
  'a virtual environment made by uv': async () => {
    const folder = join(demo, 'venv');
    const inside = shell ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
    if (ask('uv', ['--version']) === undefined) return undefined;
    await run('uv', ['venv', '--quiet', '--clear', folder]);
    await run('uv', ['pip', 'install', '--quiet', '--python', inside, 'scikit-learn']);
    return inside;
  },
  'scikit-learn from the system’s packages': async () => {
    if (!isThrowAway() || aptProblem() !== undefined) return undefined;
    await installPackages([['/usr/lib/python3/dist-packages/sklearn/__init__.py', 'python3-sklearn']]);
    return '/usr/bin/python3';
  },
};

/** scikit-learn's own digits, written out as files by a Python that has it. */
async function makeData() {
  if (existsSync(join(data, '9.csv'))) return;
  for (const [name, way] of Object.entries(ways)) {
    try {
      const interpreter = await way();
      if (interpreter === undefined) continue;
      say(`writing scikit-learn's digits out as files, with ${name}`);
      await run(interpreter, [join('examples', 'digits', 'make_data.py'), data]);
      return;
    } catch (error) {
      say(`${name}: ${error.message}`);
    }
  }
  throw new Error(
    'the sample data needs a Python 3 with scikit-learn or pip: install python3 and python3-venv, and try again',
  );
}

const nothing = async () => undefined;

/** The user's own Docker, if one answers. */
async function usersDocker() {
  const { engines } = JSON.parse(ask(process.execPath, [cli, 'engines', '--json']) ?? '{"engines":[]}');
  const docker = engines.find((engine) => engine.name === 'docker');
  if (docker?.state !== 'ready') return undefined;
  const image = process.env.DEMO_IMAGE === undefined ? [] : ['--image', process.env.DEMO_IMAGE];
  const name = `Docker ${docker.version} at ${docker.endpoint}`;
  return { name, args: ['--engine', 'docker', ...image], env: {}, stop: nothing };
}

/** An engine of the demo's own: on a machine that nobody lives on, as root. */
async function ownEngine() {
  if (engineProblem() !== undefined || !isThrowAway()) return undefined;
  say('no Docker answers here; starting an engine for this demo');
  const engine = await startEngine();
  const args = ['--engine', 'docker', '--image', testImage];
  return { name: 'an engine of this demo’s own', args, env: { DOCKER_HOST: engine.host }, stop: () => engine.stop() };
}

async function localPython() {
  return { name: 'the local Python, without isolation', args: ['--engine', 'process'], env: {}, stop: nothing };
}

/** A version, by the first engine that can make one. */
async function train() {
  const where = ['--workspace', work, '--store', store];
  for (const choose of [usersDocker, ownEngine, localPython]) {
    try {
      const engine = await choose();
      if (engine === undefined) continue;
      say(`training examples/digits on 1,797 pictures, with ${engine.name}`);
      try {
        const args = ['run', join('examples', 'digits'), '--dataset', data, ...engine.args, ...where];
        await run(process.execPath, [cli, ...args], { env: { ...process.env, ...engine.env } });
        return where;
      } finally {
        await engine.stop();
      }
    } catch (error) {
      if (choose === localPython) throw error;
      say(`that did not work: ${error.message}`);
    }
  }
  throw new Error('no engine could train the sample');
}

function tree(folder, depth = 0) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const found = statSync(path);
    console.log(`${'  '.repeat(depth + 1)}${name}${found.isDirectory() ? '/' : `  ${found.size} bytes`}`);
    if (found.isDirectory()) tree(path, depth + 1);
  }
}

function show(where) {
  const { runs } = JSON.parse(ask(process.execPath, [cli, 'runs', '--json', ...where]));
  const [last] = runs;
  const folder = join(store, 'runs', last.id);
  const version = join(store, 'packages', last.package, last.version);
  const results = join(folder, '_results.json');
  say(`the run made version ${last.version} from ${last.from} on ${last.engine}`);
  for (const place of [version, folder]) {
    console.log(`\n${relative(root, place)}/`);
    tree(place);
  }
  console.log(`\n_results.json:\n${readFileSync(results, 'utf8')}`);
  console.log(`version ${last.version}:  ${relative(root, join(version, `${last.package}.zip`))}`);
  console.log(`artifacts:    ${relative(root, join(folder, 'artifacts'))}`);
  console.log(`results:      ${relative(root, results)}`);
}

try {
  await prepare();
  await makeData();
  show(await train());
  say('done; nothing is left running');
} catch (error) {
  console.error(`the demo failed: ${error.message}`);
  process.exitCode = 1;
}
