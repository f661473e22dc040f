// `npm run pictures`: takes the pictures of the README from what the end-to-end tests have kept.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const screens = join(root, 'out', 'screens');
const pictures = join(root, 'docs', 'pictures');

const chosen = {
  'check-light': '2-diagnostic',
  'panel-dark': 'story-panel-dark',
  'panel-light': 'story-panel-light',
  'run-dark': 'story-run-dark',
  'run-light': 'story-run-light',
  'trees-light': '5-trees',
  'failure-light': '7-failing-line',
};

const missing = Object.values(chosen).filter((name) => !existsSync(join(screens, `${name}.png`)));
if (missing.length > 0) {
  console.log(`not there: ${missing.join(', ')}. \`node test/support/test.mjs e2e\` makes them.`);
  process.exitCode = 1;
} else {
  mkdirSync(pictures, { recursive: true });
  for (const [to, from] of Object.entries(chosen))
    copyFileSync(join(screens, `${from}.png`), join(pictures, `${to}.png`));
  console.log(`${Object.keys(chosen).length} pictures in docs/pictures`);
}
