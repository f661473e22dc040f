// `npm start`: the real workbench with the extension, on a copy of the digits sample, in the browser. Ctrl+C ends it.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from './cache.mjs';
import { makeDigits } from './sampleData.mjs';
import { ask, npm, run, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const shell = process.platform === 'win32';
const folder = join(root, 'out', 'start', 'workspace');

async function installProject() {
  if (existsSync('node_modules/.package-lock.json')) return;
  say('installing the packages of this project');
  removeTree('node_modules');
  await run(npm, ['ci', '--no-audit', '--no-fund'], { shell });
}

/** What was trained there before is kept. */
async function makeWorkspace() {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'digits')))
    cpSync(join(root, 'examples', 'digits'), join(folder, 'digits'), { recursive: true });
  const data = join(folder, 'data', 'digits');
  await makeDigits(root, data, join(root, 'out', 'start', 'venv')).catch((error) => say(error.message));
}

/** Where a VS Code is at hand already and no workbench in the browser can be had. */
async function startDesktop(vsix, why) {
  say(why);
  const code = ['code', 'codium', 'code-insiders'].find((name) => ask(name, ['--version'], { shell }) !== undefined);
  if (code === undefined) throw new Error(`install VS Code, then: code --install-extension ${vsix} && code ${folder}`);
  await run(code, ['--install-extension', vsix, '--force'], { shell });
  await run(code, ['--new-window', folder], { shell });
}

function showInBrowser(url) {
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const opener = ['xdg-open', 'chromium', 'firefox'].find(
    (name) => ask('sh', ['-c', `command -v ${name}`]) !== undefined,
  );
  if (opener !== undefined) spawn(opener, [url], { detached: true, stdio: 'ignore' }).unref();
}

async function start() {
  await installProject();
  const { installWorkbench, packageExtension, startWorkbench, workbenchProblem } = await import('./workbench.mjs');
  await makeWorkspace();
  say('packaging the extension');
  const vsix = await packageExtension();
  const problem = workbenchProblem();
  if (problem !== undefined) return startDesktop(vsix, problem);
  await installWorkbench();
  say('starting the workbench');
  const workbench = await startWorkbench({ folder, vsix });
  say(`the workbench is at\n\n    ${workbench.url}\n\nCtrl+C ends it.`);
  showInBrowser(workbench.url);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  await workbench.stop();
}

await start().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
