/** The limits of a run, as users write them. */
import type { Limits } from '../domain/pipeline';
import { parseCpus, parseDuration, parseSize } from '../domain/quantities';
import type { ResourceLimits } from '../engine/engine';

export { parseCpus, parseDuration, parseSize };

export function parseLimits(limits: Limits): ResourceLimits {
  return {
    memory: limits.memory === undefined ? null : parseSize('memory', limits.memory),
    cpus: limits.cpus === undefined ? null : parseCpus(limits.cpus),
    shm: limits.shm === undefined ? null : parseSize('shm', limits.shm),
    timeoutSeconds: limits.timeout === undefined ? null : parseDuration(limits.timeout),
  };
}
