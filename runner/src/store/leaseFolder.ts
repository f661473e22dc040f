/**
 * Leases with fencing numbers: a folder of files `00000001.json`, …; the highest one counts. Whoever wants it makes the
 * next number exclusively once the highest is released or its holder is dead, and has lost if a higher one is there then.
 * The highest file is never removed: it tells whoever looked before the last holder came that it looked too early.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { Disk } from './disk';
import { isMissing, isTaken } from './diskErrors';
import { createExclusive, listFolder, parseJson, readIfThere } from './fileOperations';
import { identitySchema, stateOf, type ProcessIdentity } from './processIdentity';
import type { Lease } from './store';
import { clearTemporaries } from './temporaries';

const leaseSchema = z.object({ released: z.boolean(), holder: identitySchema });

const heartbeatMilliseconds = 20_000;
/** A holder that cannot be looked at from here is taken for dead after this long without a heartbeat. */
const foreignMilliseconds = 120_000;
/** A file that cannot be read may be half-written for this long (only where there are no hard links). */
const tornMilliseconds = 5_000;
const retryMilliseconds = 1_000;

export interface LeaseFolderOptions {
  readonly disk: Disk;
  readonly own: () => Promise<ProcessIdentity>;
  readonly now: () => number;
}

export class LeaseFolder {
  constructor(private readonly options: LeaseFolderOptions) {}

  /** Undefined while a live process has it, or where the folder above is not there. */
  async acquire(folder: string): Promise<Lease | undefined> {
    const { disk } = this.options;
    try {
      await disk.mkdir(folder);
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (!isTaken(error)) throw error;
    }
    const highest = await this.highest(folder);
    if (highest > 0 && (await this.isTakenBy(folder, highest))) return undefined;
    const number = highest + 1;
    const path = fileOf(folder, number);
    const holder = await this.options.own();
    if (!(await createExclusive(disk, path, textOf(false, holder), 'none'))) return undefined;
    try {
      if (!(await this.isSettled(folder, number))) return undefined;
    } catch (error) {
      await this.giveUp(path, holder);
      throw error;
    }
    return this.held(folder, number, holder);
  }

  /** Whether the number that was just made is the highest. Lower ones are cleared away then. */
  private async isSettled(folder: string, number: number): Promise<boolean> {
    const found = await this.numbers(folder);
    const isLost = found.some((other) => other > number);
    const needless = isLost ? [number] : found.filter((other) => other < number);
    for (const other of needless) await this.options.disk.unlink(fileOf(folder, other)).catch(() => undefined);
    await this.clearLeft(folder);
    return !isLost;
  }

  /** What those left who died over making a number. */
  private async clearLeft(folder: string): Promise<void> {
    const { disk, now, own } = this.options;
    await clearTemporaries(disk, folder, now(), async (name) => {
      const holder = leaseSchema.safeParse(parseJson(await readIfThere(disk, join(folder, name)))).data?.holder;
      return holder !== undefined && (await stateOf(holder, await own())) === 'dead';
    });
  }

  /** Undefined where it is not to be had before the time is over. */
  async wait(folder: string, milliseconds: number): Promise<Lease | undefined> {
    const until = performance.now() + milliseconds;
    for (let pause = 4; ; pause = Math.min(pause * 1.5, 60)) {
      const lease = await this.acquire(folder);
      if (lease !== undefined || performance.now() > until) return lease;
      await delay(pause * (0.5 + Math.random()));
    }
  }

  async isHeld(folder: string): Promise<boolean> {
    const highest = await this.highest(folder);
    return highest > 0 && (await this.isTakenBy(folder, highest));
  }

  private held(folder: string, number: number, holder: ProcessIdentity): Lease {
    const { disk, now } = this.options;
    const path = fileOf(folder, number);
    const beat = setInterval(
      () => void disk.touch(path, new Date(now())).catch(() => undefined),
      heartbeatMilliseconds,
    );
    beat.unref();
    return {
      isHeld: async () => (await this.highest(folder)) === number,
      release: async () => {
        clearInterval(beat);
        await this.giveUp(path, holder);
      },
    };
  }

  /** Nobody else can have it while this process lives and has not said so; a disk that fails is told again and again. */
  private async giveUp(path: string, holder: ProcessIdentity, tries = 3): Promise<void> {
    for (let i = 0; i < tries; i++) if (await this.markReleased(path, holder)) return;
    setTimeout(() => void this.giveUp(path, holder, 1), retryMilliseconds).unref();
  }

  /** In place, so that a full disk is no reason to keep it. Gone where another process has taken over. */
  private async markReleased(path: string, holder: ProcessIdentity): Promise<boolean> {
    try {
      await this.options.disk.overwrite(path, textOf(true, holder));
      return true;
    } catch (error) {
      return isMissing(error);
    }
  }

  private async isTakenBy(folder: string, number: number): Promise<boolean> {
    const path = fileOf(folder, number);
    const text = await readIfThere(this.options.disk, path);
    if (text === undefined) return false;
    const parsed = leaseSchema.safeParse(parseJson(text));
    if (!parsed.success) return this.isYounger(path, tornMilliseconds);
    if (parsed.data.released) return false;
    const state = await stateOf(parsed.data.holder, await this.options.own());
    return state === 'unknown' ? this.isYounger(path, foreignMilliseconds) : state === 'alive';
  }

  private async isYounger(path: string, milliseconds: number): Promise<boolean> {
    try {
      return this.options.now() - (await this.options.disk.stat(path)).mtimeMs < milliseconds;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  private async highest(folder: string): Promise<number> {
    return Math.max(0, ...(await this.numbers(folder)));
  }

  private async numbers(folder: string): Promise<number[]> {
    const names = (await listFolder(this.options.disk, folder)).map((entry) => /^(\d{8})\.json$/.exec(entry.name)?.[1]);
    return names.filter((name) => name !== undefined).map(Number);
  }
}

const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(8, '0')}.json`);

/** Of the same length whether released or not, for it is written over in place. */
const textOf = (released: boolean, holder: ProcessIdentity): string =>
  `${JSON.stringify({ released, holder })}${released ? ' ' : ''}`;
