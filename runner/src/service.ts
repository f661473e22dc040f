/** The runner process: answers the extension over stdin and stdout, and finishes what it drives when that is gone. */
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { engineDefinitionSchema, type EngineDefinition } from './domain/engineDefinition';
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
/** One that is not understood keeps no other from being used. */
function definedIn(engines: readonly unknown[]): EngineDefinition[] {
  return engines.flatMap((one) => {
    const parsed = engineDefinitionSchema.safeParse(one);
    if (!parsed.success) log.warn(`an engine of the settings is not understood: ${parsed.error.message}`);
    return parsed.success ? [parsed.data] : [];
  });
}

const service = serve({
  connection,
  log,
  open: async ({ workspace, store, engines = [] }) => {
    const { runner, check } = await openRunner({
      workspace,
      storeFolder: store,
      environment: process.env,
      definitions: definedIn(engines),
      distFolder: __dirname,
      log,
    });
    return { runner, findings: (folder) => check.findings(runner.workspace, resolve(runner.workspace, folder)) };
  },
});
void service.done.then(() => process.exit(0));
