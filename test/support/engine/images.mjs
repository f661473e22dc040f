// The images of the tests. None is pulled where a file system tree can be made here: tests work without a registry.
import { mkdirSync, mkdtempSync, openSync, closeSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptProblem, debianMirror, installPackages } from '../apt.mjs';
import { cached, cacheFolder, removeTree } from '../cache.mjs';
import { run, say } from '../say.mjs';
import { call, expectOk } from './api.mjs';
import { nvidiaSmi } from './standIns.mjs';

/** Debian's Python and pip, nothing else. */
export const testImage = 'tp-test';
/** The same with an nvidia-smi that shows the GPUs that the container was given. */
export const gpuImage = 'tp-test-gpu';
/** The same with Debian's scikit-learn and matplotlib. */
export const mlImage = 'tp-test-ml';

/** Debian's own tools make a tree of a release; answers nothing, writes `folder`. */
export async function debootstrap(release, packages, folder) {
  await installPackages([['/usr/sbin/debootstrap', 'debootstrap']]);
  const log = openSync(join(cacheFolder, `debootstrap-${release}.log`), 'w');
  try {
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, release, folder];
    const mirror = debianMirror();
    if (mirror !== undefined) args.push(mirror);
    await run('debootstrap', args, { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}

function tarOf(name, packages, words) {
  return cached(`${name}.tar`, async (path) => {
    say(words);
    const folder = `${path}.tree`;
    await debootstrap('bookworm', packages, folder);
    const without = ['./var/cache/apt/archives/*.deb', './var/lib/apt/lists/*', './usr/share/doc/*', './dev/*'];
    await run('tar', ['-C', folder, '-cf', path, ...without.map((name) => `--exclude=${name}`), '.']);
  });
}

const makers = {
  [testImage]: () =>
    tarOf('bookworm-python', ['python3', 'python3-pip'], 'making the base image with debootstrap (about 45 s)'),
  [mlImage]: () =>
    tarOf(
      'bookworm-sklearn',
      ['python3', 'python3-pip', 'python3-sklearn', 'python3-matplotlib'],
      'making an image with scikit-learn with debootstrap (about 90 s)',
    ),
};

const hasImage = async (host, name) => (await call(host, 'GET', `/images/${name}:latest/json`)).status === 200;

async function importTar(host, name, tar) {
  const changes = encodeURIComponent('CMD ["python3"]');
  const answer = await expectOk(host, 'POST', `/images/create?fromSrc=-&repo=${name}&tag=latest&changes=${changes}`, {
    body: tar,
    timeout: 300_000,
  });
  if (JSON.stringify(answer).includes('"error"')) throw new Error(`importing ${name}: ${JSON.stringify(answer)}`);
}

/** For a named engine on a machine that can make no tree of its own. */
async function pullInstead(host, name) {
  const base = 'python:3.12-slim';
  say(`${name} cannot be made here (${aptProblem()}); pulling ${base} instead`);
  const { text } = await call(host, 'POST', `/images/create?fromImage=python&tag=3.12-slim`, { timeout: 300_000 });
  await expectOk(host, 'POST', `/images/${base}/tag?repo=${name}&tag=latest`).catch((error) => {
    throw new Error(`the engine has no image ${name}, and ${base} could not be pulled: ${text.slice(-300)}`, {
      cause: error,
    });
  });
}

/** A container that never runs, so that a file can be put into it and an image made of it. */
async function makeGpuImage(host) {
  await ensureImage(host, testImage);
  const folder = mkdtempSync(join(tmpdir(), 'tp-image-'));
  try {
    mkdirSync(join(folder, 'usr', 'bin'), { recursive: true });
    writeFileSync(join(folder, 'usr', 'bin', 'nvidia-smi'), nvidiaSmi, { mode: 0o755 });
    const tar = join(folder, 'it.tar');
    await run('tar', ['-C', folder, '-cf', tar, '--owner=0', '--group=0', 'usr/bin/nvidia-smi']);
    const body = { Image: testImage, Cmd: ['python3'] };
    const { Id } = await expectOk(host, 'POST', '/containers/create', { body });
    try {
      await expectOk(host, 'PUT', `/containers/${Id}/archive?path=/`, { body: tar });
      await expectOk(host, 'POST', `/commit?container=${Id}&repo=${gpuImage}&tag=latest`, {
        body: {},
        timeout: 300_000,
      });
    } finally {
      await call(host, 'DELETE', `/containers/${Id}?force=true`);
    }
  } finally {
    removeTree(folder);
  }
}

/** Sees to it that the engine has the image. */
export async function ensureImage(host, name) {
  if (await hasImage(host, name)) return;
  if (name === gpuImage) return makeGpuImage(host);
  const make = makers[name];
  if (make === undefined) throw new Error(`no image of the tests is called ${name}`);
  if (aptProblem() !== undefined) return pullInstead(host, name);
  await importTar(host, name, await make());
}
