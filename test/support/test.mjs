// `npm test`: installs what the tests need, builds, checks, and runs all of them. The last line counts them.
//   node test/support/test.mjs [PROJECT…] [--long]    some projects of vitest alone; `--long`: the faults at full length
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, removeTree } from './cache.mjs';
import { stopShared } from './engine.mjs';
import { npm, runTelling, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const shell = process.platform === 'win32';
const node = process.execPath;
const all = ['unit', 'wire', 'engine', 'panel', 'e2e', 'fault'];
/** Far more than a project takes on two cores: only what hangs meets it. */
const patience = { engine: 20, e2e: 20, fault: 15 };

const words = process.argv.slice(2);
const isLong = words.includes('--long');
const chosen = words.filter((word) => !word.startsWith('--'));
const summaries = [];

const counted = (name, failed = [], passed = 0, skipped = []) => ({ name, passed, failed, skipped });

/** Something that is not a test of vitest's and counts as one. */
async function step(name, work) {
  say(name);
  const begun = performance.now();
  const failed = await work().then(
    () => [],
    (error) => [{ name, error: error.message }],
  );
  summaries.push({ ...counted(name, failed, 1 - failed.length), seconds: (performance.now() - begun) / 1000 });
}

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.test.ts'));
}

/** Ends a command and all that it started. */
function endAll(child) {
  if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f']);
  else process.kill(-child.pid, 'SIGKILL');
}

/** Answers in what way vitest failed as a whole, or undefined. */
function vitest(name, report) {
  const args = [
    'vitest.mjs',
    'run',
    '--project',
    name,
    '--reporter=default',
    '--reporter=./test/support/summaryReporter.mjs',
  ];
  args[0] = join('node_modules', 'vitest', args[0]);
  const env = {
    ...process.env,
    TRAINING_PIPELINES_TEST_SUMMARY: report,
    TRAINING_PIPELINES_TEST_OWNER: String(process.pid),
  };
  if (isLong) env.TRAINING_PIPELINES_TEST_LONG ??= '1';
  const minutes = (patience[name] ?? 10) * (isLong ? 100 : 1);
  return new Promise((resolve) => {
    const child = spawn(node, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: !shell });
    const timer = setTimeout(() => {
      endAll(child);
      resolve(`it did not end within ${minutes} minutes`);
    }, minutes * 60_000);
    const forward = (signal) => {
      endAll(child);
      process.exitCode = signal === 'SIGINT' ? 130 : 143;
      process.exit();
    };
    process.once('SIGINT', forward);
    process.once('SIGTERM', forward);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code === 0 ? undefined : `vitest ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** A project's tests. One that has files and ran nothing, or broke off, has failed. */
async function project(name) {
  const files = testFiles(join('test', name));
  if (files.length === 0) return;
  say(`${name}: ${files.length} files`);
  const begun = performance.now();
  const report = join(root, 'out', 'test', `${name}.json`);
  mkdirSync(join(root, 'out', 'test'), { recursive: true });
  rmSync(report, { force: true });
  const trouble = await vitest(name, report);
  const summary = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : counted(name);
  const ran = summary.passed + summary.failed.length + summary.skipped.length;
  // vitest ends with 1 also where all that it complains of is something that this machine lacks.
  const isExplained = trouble === 'vitest ended with exit code 1' && summary.lacks;
  const complaint = (isExplained ? undefined : trouble) ?? (ran === 0 ? 'no test ran' : undefined);
  if (complaint !== undefined && summary.failed.length === 0) summary.failed.push({ name, error: complaint });
  summaries.push({ ...summary, name, seconds: (performance.now() - begun) / 1000 });
}

const indent = (text) => text.replaceAll(/^/gm, '    ');

function printTroubles() {
  for (const { name, failed, skipped } of summaries) {
    for (const why of new Set(skipped.map((test) => test.why))) {
      const names = skipped.filter((test) => test.why === why).map((test) => test.name);
      console.log(`skipped  ${name}: ${why}\n${indent(names.join('\n'))}`);
    }
    for (const test of failed) console.log(`FAILED   ${name}: ${test.name}\n${indent(test.error)}`);
  }
}

function printCounts() {
  console.log();
  for (const { name, passed, failed, skipped, seconds } of summaries) {
    const counts = `${String(passed).padStart(6)} passed, ${failed.length} failed, ${skipped.length} skipped`;
    console.log(`${name.padEnd(8)}${counts.padEnd(42)}${seconds.toFixed(0).padStart(5)} s`);
  }
  const sum = (count) => summaries.reduce((total, summary) => total + count(summary), 0);
  const failed = sum((summary) => summary.failed.length);
  console.log(
    `\n${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped.length)} skipped`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

async function install() {
  // What an interrupted installation left is no installation.
  removeTree('node_modules');
  await runTelling(npm, ['ci', '--no-audit', '--no-fund'], { shell });
}

const isInstalled = () => existsSync('node_modules/.package-lock.json');

const build = () => step('build', () => runTelling(npm, ['run', '--silent', 'build'], { shell }));

async function checks() {
  await step('format', () => runTelling(npm, ['run', '--silent', 'format:check'], { shell }));
  await step('lint', () => runTelling(npm, ['run', '--silent', 'lint'], { shell }));
  await step('types', () => runTelling(npm, ['run', '--silent', 'types'], { shell }));
}

if (!isInstalled()) await step('npm ci', install);
say(`what is expensive to make is kept in ${cacheFolder}`);
if (isInstalled()) {
  await build();
  if (chosen.length === 0) await checks();
  for (const name of chosen.length === 0 ? all : chosen) await project(name);
  await stopShared(process.pid);
}
printTroubles();
printCounts();
