/** Limits that the engine would refuse only once the container is made: told before there is a run. */
import { ExpectedError } from '../../domain/errors';
import type { ResourceLimits } from '../engine';

const leastMemory = 6 * 1024 * 1024;
const leastCpus = 0.01;

/** `cpus`: those of the engine, 0 where it lets a container have more. */
export function checkLimits(engine: string, limits: ResourceLimits, cpus: number): void {
  const { memory } = limits;
  if (memory !== null && memory < leastMemory) {
    throw new ExpectedError('usage', `${engine} gives a container no less than 6 MB of memory.`, 'Raise --memory.');
  }
  if (limits.cpus === null) return;
  if (limits.cpus < leastCpus) {
    throw new ExpectedError('usage', `${engine} gives a container no less than ${leastCpus} CPUs.`, 'Raise --cpus.');
  }
  if (cpus > 0 && limits.cpus > cpus) {
    const message = `${limits.cpus} CPUs were asked for, and ${engine} has ${cpus}.`;
    throw new ExpectedError('usage', message, `Use --cpus ${cpus}, or leave it out.`);
  }
}
