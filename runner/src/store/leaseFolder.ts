/**
 * Leases with fencing numbers: a folder of files `00000001.json`, …; the highest one counts. Whoever wants it makes the
 * next number exclusively once the highest is released or its holder is dead, and has lost if a higher one is there then.
 */
import { join } from 'node:path';
import { utimes } from 'node:fs/promises';
import { z } from 'zod';
import type { Lease } from './store';
import { createExclusive, listNames, readIfThere, replaceFile, type Disk } from './disk';
import { identitySchema, stateOf, type ProcessIdentity } from './processIdentity';

const leaseSchema = z.object({ released: z.boolean(), holder: identitySchema });

const heartbeatMilliseconds = 20_000;
/** A holder on another machine is taken for dead after this long without a heartbeat. */
const foreignMilliseconds = 120_000;

export class LeaseFolder {
  constructor(
    private readonly disk: Disk,
    private readonly own: () => Promise<ProcessIdentity>,
    private readonly now: () => number,
  ) {}

  /** Undefined while a live process has it. */
  async acquire(folder: string): Promise<Lease | undefined> {
    await this.disk.mkdir(folder);
    const highest = await this.highest(folder);
    if (highest > 0 && (await this.isTaken(folder, highest))) return undefined;
    const number = highest + 1;
    const path = fileOf(folder, number);
    const holder = await this.own();
    const text = JSON.stringify({ released: false, holder });
    if (!(await createExclusive(this.disk, path, text, false))) return undefined;
    if ((await this.highest(folder)) > number) {
      await this.disk.unlink(path).catch(() => undefined);
      return undefined;
    }
    await this.clean(folder, number);
    return this.held(folder, number, holder);
  }

  async isHeld(folder: string): Promise<boolean> {
    const highest = await this.highest(folder);
    return highest > 0 && (await this.isTaken(folder, highest));
  }

  private held(folder: string, number: number, holder: ProcessIdentity): Lease {
    const path = fileOf(folder, number);
    const beat = setInterval(() => {
      const time = new Date(this.now());
      void utimes(path, time, time).catch(() => undefined);
    }, heartbeatMilliseconds);
    beat.unref();
    return {
      isHeld: async () => (await this.highest(folder)) === number,
      release: async () => {
        clearInterval(beat);
        if ((await this.highest(folder)) !== number) return;
        // The highest number stays, released: it tells those that saw it before from a fresh start.
        await replaceFile(this.disk, path, JSON.stringify({ released: true, holder }), false).catch(() => undefined);
      },
    };
  }

  private async isTaken(folder: string, number: number): Promise<boolean> {
    const path = fileOf(folder, number);
    const text = await readIfThere(this.disk, path);
    if (text === undefined) return false;
    const parsed = leaseSchema.safeParse(parse(text.toString('utf8')));
    if (!parsed.success || parsed.data.released) return false;
    const state = await stateOf(parsed.data.holder, await this.own());
    if (state !== 'unknown') return state === 'alive';
    const { mtimeMs } = await this.disk.stat(path);
    return this.now() - mtimeMs < foreignMilliseconds;
  }

  private async highest(folder: string): Promise<number> {
    const numbers = (await listNames(this.disk, folder)).map((entry) => /^(\d{8})\.json$/.exec(entry.name)?.[1]);
    return Math.max(0, ...numbers.map((number) => Number(number ?? 0)));
  }

  private async clean(folder: string, below: number): Promise<void> {
    for (const entry of await listNames(this.disk, folder)) {
      const number = Number(/^(\d{8})\.json$/.exec(entry.name)?.[1] ?? below);
      if (number < below) await this.disk.unlink(join(folder, entry.name)).catch(() => undefined);
    }
  }
}

const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(8, '0')}.json`);

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
