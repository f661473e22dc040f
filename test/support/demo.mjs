// `npm run demo`: installs, builds, trains a sample on real data, and prints what came of it. Nothing is left running.
//   DEMO_IMAGE names another image than the default one, where a Docker of the user's is used
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from './cache.mjs';
import { engineProblem, startEngine, testImage } from './engine.mjs';
import { isThrowAway, makeDigits } from './sampleData.mjs';
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
  say('starting an engine for this demo');
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
    if (name === 'lease') continue;
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
  await makeDigits(root, data, join(demo, 'venv'));
  show(await train());
  say('done; nothing is left running');
} catch (error) {
  console.error(`the demo failed: ${error.message}`);
  process.exitCode = 1;
}
