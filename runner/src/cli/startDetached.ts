/** Starts this program once more, in a session of its own, so that it outlives the terminal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ExpectedError } from '../domain/errors';

export function startDetached(
  distFolder: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(distFolder, 'cli.js'), ...parameters], {
      detached: true,
      stdio: 'ignore',
      windowsHide: true,
      env: environment,
    });
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
    child.once('error', (cause) => {
      const message = `The run can't go on in the background: ${cause.message}`;
      reject(new ExpectedError('engine-failed', message, '`attach` goes on with it here.', { cause }));
    });
  });
}
