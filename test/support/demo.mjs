// `npm run demo`: installs, builds, trains a sample on real data, and prints what came of it.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineProblem, startEngine, testImage } from './engine.mjs';
import { ask, npm, run, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const demo = join(root, 'out', 'demo');
const data = join(demo, 'data', 'digits');
const cli = join('dist', 'cli.js');

async function prepare() {
  const shell = process.platform === 'win32';
  if (!existsSync('node_modules/esbuild')) {
    say('installing the packages of this project');
    await run(npm, ['ci'], { shell });
  }
  say('building');
  await run(npm, ['run', 'build'], { shell });
}

/** A Docker of the user's that answers and has (or can pull) the image; an engine of our own on a throw-away machine; else Python. */
async function chooseEngine() {
  const own = ask(process.execPath, [cli, 'engines', '--json']);
  const docker = JSON.parse(own ?? '{"engines":[]}').engines.find((engine) => engine.name === 'docker');
  if (docker?.state === 'ready') {
    say(`using Docker ${docker.version} at ${docker.endpoint}`);
    return {
      args: ['--engine', 'docker', ...(process.env.DEMO_IMAGE ? ['--image', process.env.DEMO_IMAGE] : [])],
      env: {},
      stop: async () => undefined,
    };
  }
  const isThrowAway = !existsSync('/run/systemd/system');
  if (engineProblem() === undefined && isThrowAway) {
    try {
      say('no Docker answers here; starting an engine for this demo');
      const engine = await startEngine();
      return {
        args: ['--engine', 'docker', '--image', testImage],
        env: { DOCKER_HOST: engine.host },
        stop: () => engine.stop(),
      };
    } catch (error) {
      say(`no engine can be had: ${error.message}`);
    }
  }
  say('no Docker answers here; using the local Python, without isolation');
  return { args: ['--engine', 'process'], env: {}, stop: async () => undefined };
}

/** scikit-learn's own digits, written out as files by a Python that has it. */
async function makeData() {
  const python = ['python3', 'python', 'py'].find((name) => ask(name, ['--version']) !== undefined);
  if (python === undefined) throw new Error('Python 3 is needed to write the sample data: install it and try again');
  let interpreter = python;
  if (ask(python, ['-c', 'import sklearn']) === undefined) {
    say('installing scikit-learn into a virtual environment, to write its digits out as files');
    const folder = join(demo, 'venv');
    await run(python, ['-m', 'venv', folder]);
    interpreter = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
    await run(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'scikit-learn']);
  }
  await run(interpreter, [join('examples', 'digits', 'make_data.py'), data]);
}

function tree(folder, depth = 0) {
  for (const name of readdirSync(folder).sort()) {
    if (name === 'lease' || name === 'dataset.json' || name.endsWith('.idx')) continue;
    const path = join(folder, name);
    const found = statSync(path);
    console.log(`${'  '.repeat(depth + 1)}${name}${found.isDirectory() ? '/' : `  ${found.size} bytes`}`);
    if (found.isDirectory()) tree(path, depth + 1);
  }
}

await prepare();
rmSync(join(demo, 'work'), { recursive: true, force: true });
mkdirSync(join(demo, 'work'), { recursive: true });
if (!existsSync(join(data, '9.csv'))) await makeData();
const engine = await chooseEngine();
try {
  say('training examples/digits on 1,797 pictures');
  const store = join(demo, 'work', '.training-pipelines');
  const where = ['--workspace', join(demo, 'work'), '--store', store];
  await run(process.execPath, [cli, 'run', 'examples/digits', '--dataset', data, ...engine.args, ...where], {
    env: { ...process.env, ...engine.env },
  });
  const { runs } = JSON.parse(ask(process.execPath, [cli, 'runs', '--json', ...where]));
  const [last] = runs;
  const folder = join(store, 'runs', last.id);
  say(`the run made version ${last.version} from ${last.from} on ${last.engine}`);
  console.log(`\n${relative(root, join(store, 'packages', 'digits', last.version))}/`);
  tree(join(store, 'packages', 'digits', last.version));
  console.log(`${relative(root, folder)}/`);
  tree(folder);
  console.log(`\n_results.json:\n${readFileSync(join(folder, '_results.json'), 'utf8')}`);
  console.log(
    `version ${last.version}:  ${relative(root, join(store, 'packages', 'digits', last.version, 'digits.zip'))}`,
  );
  console.log(`artifacts:    ${relative(root, join(folder, 'artifacts'))}`);
  console.log(`results:      ${relative(root, join(folder, '_results.json'))}`);
} finally {
  await engine.stop();
}
