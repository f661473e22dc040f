/** What the fault tests tell of themselves; `faultReport.mjs` prints it as one table when all have ended. */
import { appendFileSync } from 'node:fs';

export interface FaultLine {
  readonly fault: string;
  /** How often it happened. */
  readonly times: number;
  /** What held each time, with figures. */
  readonly held: string;
  readonly seed?: number;
}

export function tellFault(line: FaultLine): void {
  const path = process.env.TRAINING_PIPELINES_TEST_FAULTS;
  if (path === undefined) console.log(JSON.stringify(line));
  else appendFileSync(path, `${JSON.stringify(line)}\n`);
}
