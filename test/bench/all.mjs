// `npm run bench`: every benchmark one after another, each in a process of its own. They print ratios, and judge nothing.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npm, run } from '../support/say.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
await run(npm, ['run', 'build'], { shell: process.platform === 'win32' });
let failed = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith('.bench.mjs'))) {
  console.log(`\n${name}`);
  await run(process.execPath, [`${folder}${name}`]).catch((error) => {
    failed += 1;
    console.log(error.message);
  });
}
process.exitCode = failed > 0 ? 1 : 0;
