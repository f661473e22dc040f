/** `node dist/server.js --stdio`: the language server as a process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import type { Log } from '../../runner/src/domain/log';
import { startServer } from './server';

const connection = createConnection(ProposedFeatures.all);

const say = (write: (text: string) => void) => (message: string | Error) => write(String(message));
const log: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: say((text) => connection.console.info(text)),
  warn: say((text) => connection.console.warn(text)),
  error: say((text) => connection.console.error(text)),
};

/** The pages travel beside the bundle. */
const pages = join(__dirname, 'checks');

function pageOf(code: string): string | undefined {
  const page = join(pages, `${code}.md`);
  return existsSync(page) ? pathToFileURL(page).href : undefined;
}

const known = new Map<string, string | undefined>();

startServer(connection, {
  wasmFolder: __dirname,
  log,
  now: () => performance.now(),
  pageOf: (code) => {
    if (!known.has(code)) known.set(code, pageOf(code));
    return known.get(code);
  },
});
