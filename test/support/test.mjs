// `npm test`: installs what the tests need, builds, checks, and runs all of them. The last line counts them.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './engine.mjs';
import { npm, run, say } from './say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);
const counts = { passed: 0, failed: 0, skipped: 0 };
const troubles = [];

async function step(name, work) {
  say(name);
  try {
    await work();
    counts.passed += 1;
  } catch (error) {
    counts.failed += 1;
    troubles.push(`${name}: ${error.message}`);
  }
}

const node = process.execPath;
const bin = (name, ...rest) => [node, [join('node_modules', ...name), ...rest]];

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.test.ts'));
}

/** Runs one project of vitest and reads its report; a crash without a report is a failure. */
async function project(name) {
  const files = testFiles(join('test', name));
  if (files.length === 0) return;
  const report = join('out', `test-${name}.json`);
  mkdirSync('out', { recursive: true });
  rmSync(report, { force: true });
  say(`${name}: ${files.length} files`);
  const [command, args] = bin(
    ['vitest', 'vitest.mjs'],
    'run',
    '--project',
    name,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  );
  const failure = await run(command, args).then(
    () => undefined,
    (error) => error,
  );
  if (!existsSync(report)) {
    counts.failed += 1;
    troubles.push(`${name}: ${failure?.message ?? 'no report'}`);
    return;
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  counts.passed += result.numPassedTests;
  counts.failed += result.numFailedTests;
  counts.skipped += result.numPendingTests + result.numTodoTests;
  if (result.numTotalTests === 0 || (failure !== undefined && result.numFailedTests === 0)) {
    counts.failed += 1;
    troubles.push(`${name}: ${failure?.message ?? 'ran no test'}`);
  }
  for (const file of result.testResults) collect(name, file);
}

function collect(name, file) {
  for (const test of file.assertionResults) {
    if (test.status === 'failed')
      troubles.push(`${name}: ${test.fullName}\n    ${(test.failureMessages[0] ?? '').split('\n')[0]}`);
    if (test.status === 'pending' || test.status === 'skipped') troubles.push(`${name}: skipped: ${test.fullName}`);
  }
}

if (!existsSync('node_modules/vitest')) await run(npm, ['ci'], { shell: process.platform === 'win32' });
say(`what is expensive to make is kept in ${cacheFolder}`);
await step('build', () => run(npm, ['run', 'build'], { shell: process.platform === 'win32' }));
await step('format', () => run(...bin(['prettier', 'bin', 'prettier.cjs'], '--check', '--log-level', 'warn', '.')));
await step('lint', () => run(...bin(['oxlint', 'bin', 'oxlint'], '--deny-warnings')));
await step('types', () => run(npm, ['run', 'types'], { shell: process.platform === 'win32' }));
for (const name of ['unit', 'wire', 'engine', 'panel', 'e2e', 'fault']) await project(name);
if (troubles.length > 0) console.log(`\n${troubles.join('\n')}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
