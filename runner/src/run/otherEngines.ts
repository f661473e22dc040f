/** The engines that a run named besides the one that it is on; one that is not set up any more is none. */
import { isExpected } from '../domain/errors';
import type { Engine } from '../engine/engine';
import type { RunContext } from './runContext';
import type { RunDraft } from './runDocument';

export function otherEngines(context: RunContext, { run, intent }: RunDraft): Engine[] {
  return intent.engines.flatMap((name) => {
    try {
      return name === run.engine ? [] : [context.engine(name)];
    } catch (error) {
      if (isExpected(error, 'usage')) return [];
      throw error;
    }
  });
}
