/** A real disk whose process dies by SIGKILL before a chosen change of it; other steps can be counted along. */
import type { Disk, DiskFile } from '../../runner/src/store/disk';
import { realDisk } from '../../runner/src/store/disk';

export interface DyingDisk {
  readonly disk: Disk;
  /** Names of the steps so far. */
  readonly steps: readonly string[];
  /** Counts a step that is none of the disk's. */
  readonly step: (name: string) => void;
}

const changes = ['writeNew', 'overwrite', 'rename', 'link', 'unlink', 'mkdir', 'remove', 'syncFolder'] as const;
/** Their second word is a path too, and says more. */
const withTarget: readonly string[] = ['rename', 'link'];

/** `dieAt`: the number of the step before which it dies, from 0; undefined: it lives. */
export function dyingDisk(top: string, dieAt: number | undefined): DyingDisk {
  const steps: string[] = [];
  const step = (name: string): void => {
    steps.push(name);
    if (steps.length - 1 === dieAt) process.kill(process.pid, 'SIGKILL');
  };
  const shown = (path: unknown): string =>
    String(path)
      .slice(top.length + 1)
      .replaceAll(/[0-9a-f]{8,}|\d{6,}/g, '*');
  const file = (path: string, real: DiskFile): DiskFile => ({
    ...real,
    write: (bytes, position) => {
      step(`write ${shown(path)}`);
      return real.write(bytes, position);
    },
    truncate: (length) => {
      step(`truncate ${shown(path)}`);
      return real.truncate(length);
    },
    sync: () => {
      step(`sync ${shown(path)}`);
      return real.sync();
    },
  });
  const disk: Record<string, unknown> = { ...realDisk };
  for (const name of changes) {
    const work = realDisk[name] as (...words: unknown[]) => Promise<unknown>;
    disk[name] = (...words: unknown[]) => {
      step(`${name} ${shown(words[withTarget.includes(name) ? 1 : 0])}`);
      return work(...words);
    };
  }
  disk['open'] = async (path: string, use: 'read' | 'write') => file(path, await realDisk.open(path, use));
  return { disk: disk as unknown as Disk, steps, step };
}
