// Prints what the fault tests told (faultTable.ts): fault, how often, what held, seed. Set up by vitest for that project.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../out/test', import.meta.url));

export function setup() {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `faults-${process.pid}.jsonl`);
  rmSync(path, { force: true });
  process.env.TRAINING_PIPELINES_TEST_FAULTS = path;
}

export function teardown() {
  const path = process.env.TRAINING_PIPELINES_TEST_FAULTS;
  if (path === undefined || !existsSync(path)) return;
  const lines = readFileSync(path, 'utf8').trim().split('\n').map(JSON.parse);
  rmSync(path);
  console.log(`\n${table(lines).join('\n')}\n`);
}

function table(lines) {
  const rows = lines.map(({ fault, times, held, seed = '' }) => [fault, String(times), held, String(seed)]);
  const all = [['fault', 'times', 'what held', 'seed'], ...rows];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const shown = all.map((row) =>
    row.map((cell, i) => (i === 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | '),
  );
  return [
    `| ${shown[0]} |`,
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...shown.slice(1).map((row) => `| ${row} |`),
  ];
}
