// A real VS Code in a real browser: code-server from npm, run by the Node 24 that npm also has, in Debian's chromium.
//   node test/support/workbench.mjs install        puts both into the cache (about two minutes the first time)
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { aptProblem, installPackages } from './apt.mjs';
import { cached } from './cache.mjs';
import { ask, npm, run, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const version = '4.139.1';
const browserPath = '/usr/bin/chromium';

const buildPackages = [
  ['/usr/include/krb5.h', 'libkrb5-dev'],
  ['/usr/include/libsecret-1/libsecret/secret.h', 'libsecret-1-dev'],
  ['/usr/include/X11/Xlib.h', 'libx11-dev'],
  ['/usr/include/X11/extensions/XKBfile.h', 'libxkbfile-dev'],
  ['/usr/bin/pkg-config', 'pkg-config'],
  ['/usr/bin/g++', 'g++'],
  ['/usr/bin/make', 'make'],
  ['/usr/bin/python3', 'python3'],
];

/** Why no workbench can be had here and what to do, or undefined. A reason to skip, not to fail. */
export function workbenchProblem() {
  const missing = [...buildPackages, [browserPath, 'chromium']].filter(([path]) => !existsSync(path));
  if (process.platform === 'linux' && missing.length === 0) return undefined;
  const problem = aptProblem();
  if (problem === undefined) return undefined;
  const names = missing.map(([, name]) => name).join(' ');
  return `no workbench can be had here: ${problem}. On Debian or Ubuntu: apt-get install ${names}`;
}

/** Node 24 from npm: the workbench wants no other. Answers its path. */
export async function installNode() {
  const name = `node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
  const folder = await cached('node-24', async (path) => {
    say('installing Node 24 from npm');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), '{"private":true}');
    await run(npm, ['install', '--no-audit', '--no-fund', '--silent', `${name}@24`], { cwd: path });
  });
  return join(folder, 'node_modules', name, 'bin', 'node');
}

/** Answers `{ node, program }`: what runs the workbench and the workbench's own script. */
export async function installWorkbench() {
  const node = await installNode();
  const folder = await cached(`code-server-${version}`, async (path) => {
    await installPackages(buildPackages);
    say(`installing code-server ${version} from npm`);
    mkdirSync(path, { recursive: true });
    const allowScripts = Object.fromEntries(['code-server', 'argon2', ...nativeParts].map((part) => [part, true]));
    writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, allowScripts }));
    // npm's own script runs under Node 24 too, so that native parts are built for it.
    const script = npmScript();
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}`, npm_config_nodedir: '' };
    const args = [script, 'install', '--no-audit', '--no-fund', `code-server@${version}`];
    await run(node, args, { cwd: path, env, stdio: ['ignore', 'ignore', 'inherit'] });
  });
  return { node, program: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js') };
}

const nativeParts = [
  '@parcel/watcher',
  '@vscode/spdlog',
  '@vscode/sqlite3',
  '@vscode/deviceid',
  '@vscode/windows-process-tree',
  'kerberos',
  'native-keymap',
  'native-watchdog',
  'node-pty',
  'windows-foreground-love',
];

function npmScript() {
  const found = ask('sh', ['-c', 'readlink -f "$(command -v npm)"'])?.trim();
  if (found === undefined || !existsSync(found)) throw new Error('npm is not on the PATH');
  return found;
}

const settings = {
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.welcomePage.experimentalOnboarding': false,
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'files.autoSave': 'off',
  'git.openRepositoryInParentFolders': 'never',
  'files.simpleDialog.enable': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
};

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The extension as users get it: `npm run package`. */
export async function packageExtension() {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const vsix = join(root, `${name}-${version}.vsix`);
  if (process.env.TRAINING_PIPELINES_TEST_VSIX) return process.env.TRAINING_PIPELINES_TEST_VSIX;
  rmSync(vsix, { force: true });
  await run(npm, ['run', 'package'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return vsix;
}

/**
 * A workbench on `folder` with the packaged extension.
 * Answers `{ url, home, stop() }`.
 */
export async function startWorkbench({ folder, vsix, trusted = true, env = {}, extra = {} }) {
  const { node, program } = await installWorkbench();
  const home = mkdtempSync(join(tmpdir(), 'tp-workbench-'));
  const user = join(home, 'user');
  const extensions = join(home, 'extensions');
  mkdirSync(join(user, 'User'), { recursive: true });
  const trust = trusted ? {} : { 'security.workspace.trust.startupPrompt': 'never' };
  writeFileSync(join(user, 'User', 'settings.json'), JSON.stringify({ ...settings, ...trust, ...extra }));
  const common = ['--user-data-dir', user, '--extensions-dir', extensions];
  const environment = { ...process.env, ...env, HOME: home, XDG_CONFIG_HOME: join(home, 'config') };
  await run(node, [program, ...common, '--install-extension', vsix], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await freePort();
  const args = [program, ...common, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`];
  const more = ['--disable-telemetry', '--disable-update-check', ...(trusted ? ['--disable-workspace-trust'] : [])];
  const child = spawn(node, [...args, ...more, folder], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const janitor = fileURLToPath(new URL('./workbenchJanitor.mjs', import.meta.url));
  const watched = [String(process.pid), String(child.pid), home];
  spawn(process.execPath, [janitor, ...watched], { detached: true, stdio: 'ignore' }).unref();
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (said = `${said}${data}`.slice(-4000)));
  const url = `http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`;
  await answersAt(`http://127.0.0.1:${port}/healthz`, child, () => said);
  return { url, home, output: () => said, stop: () => stopAll(child, home) };
}

async function answersAt(url, child, said) {
  const end = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the workbench ended at once: ${said()}`);
    const found = await fetch(url).catch(() => undefined);
    if (found?.ok) return;
    if (Date.now() > end) throw new Error(`the workbench does not answer after 60 s: ${said()}`);
    await delay(100);
  }
}

async function stopAll(child, home) {
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  signal(child, 'SIGTERM');
  await Promise.race([ended, delay(5_000)]);
  signal(child, 'SIGKILL');
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}

/** The whole process group: extension hosts go on without their server. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    child.kill(name);
  }
}

export async function openBrowser() {
  await installPackages([[browserPath, 'chromium']]);
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] !== 'install') throw new Error('say: node test/support/workbench.mjs install');
  const { program } = await installWorkbench();
  await installPackages([[browserPath, 'chromium']]);
  say(`the workbench is at ${program}`);
}
