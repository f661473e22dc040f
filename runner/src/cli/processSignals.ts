/** Signals of the process for those who listen; the last one to stop listening gives them back to the system. */
import type { Signals } from './commandContext';

export function processSignals(target: Pick<NodeJS.Process, 'on' | 'off' | 'platform'>): Signals {
  const listen = (names: readonly NodeJS.Signals[], handle: () => void): { dispose(): void } => {
    for (const name of names) target.on(name, handle);
    return {
      dispose: () => {
        for (const name of names) target.off(name, handle);
      },
    };
  };
  const interrupts: readonly NodeJS.Signals[] =
    target.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGBREAK'] : ['SIGINT', 'SIGTERM'];
  return {
    onInterrupt: (handle) => listen(interrupts, handle),
    onHangUp: (handle) => listen(['SIGHUP'], handle),
  };
}
