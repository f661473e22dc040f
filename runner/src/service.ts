/** The runner process: answers the extension over stdin and stdout, and finishes what it drives when that is gone. */
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { Log } from './domain/log';
import { openRunner } from './openRunner';
import { resolve } from 'node:path';
import { serve } from './service/serve';

const log: Log = ((): Log => {
  const say =
    (level: string) =>
    (message: unknown): void => {
      process.stderr.write(
        `[${level}] ${message instanceof Error ? (message.stack ?? message.message) : String(message)}\n`,
      );
    };
  return { trace: () => undefined, debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
})();

// The editor that reads these pipes may be gone; the runs are not.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('SIGHUP', () => undefined);

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
const service = serve({
  connection,
  log,
  open: async ({ workspace, store }) => {
    const { runner, check } = await openRunner({
      workspace,
      storeFolder: store,
      environment: process.env,
      distFolder: __dirname,
      log,
    });
    return { runner, findings: (folder) => check.findings(runner.workspace, resolve(runner.workspace, folder)) };
  },
});
void service.done.then(() => process.exit(0));
