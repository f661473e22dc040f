/** A socket before an engine's socket that counts what goes through, and can be cut. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Meter {
  /** Address of the socket. */
  readonly host: string;
  /** Bytes to the engine so far. */
  sent(): number;
  received(): number;
  /** Calls once as soon as so many bytes went to the engine. */
  onSent(bytes: number, call: () => void): void;
  onReceived(bytes: number, call: () => void): void;
  /** Ends all connections there are; new ones work. */
  cut(): void;
  close(): Promise<void>;
}

export async function meter(engineHost: string): Promise<Meter> {
  const folder = await mkdtemp(join(tmpdir(), 'meter-'));
  const path = join(folder, 'm.sock');
  const open = new Set<Socket>();
  const counts = { sent: 0, received: 0 };
  const alarms: { of: keyof typeof counts; at: number; call: () => void }[] = [];
  const count = (of: keyof typeof counts, bytes: number): void => {
    counts[of] += bytes;
    for (const alarm of alarms.splice(0)) {
      if (alarm.of === of && counts[of] >= alarm.at) alarm.call();
      else alarms.push(alarm);
    }
  };
  const server = createServer((near) => {
    const far = connect(engineHost.replace('unix://', ''));
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    near.on('data', (data) => count('sent', data.length));
    far.on('data', (data) => count('received', data.length));
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    host: `unix://${path}`,
    sent: () => counts.sent,
    received: () => counts.received,
    onSent: (at, call) => void alarms.push({ of: 'sent', at, call }),
    onReceived: (at, call) => void alarms.push({ of: 'received', at, call }),
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
