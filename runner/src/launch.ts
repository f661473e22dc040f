/** The file that users and editors start: `cli.js`, `runner.js`, `server.js`. The build names the bundle behind it. */
import { join } from 'node:path';
import { codeCacheFolder, runCached } from './codeCache';

declare const BUNDLE_NAME: string;
declare const BUNDLE_BUILD: string;

runCached({
  file: join(__dirname, BUNDLE_NAME),
  build: BUNDLE_BUILD,
  folder: BUNDLE_BUILD === '' ? undefined : codeCacheFolder(process.env, process.platform),
});
