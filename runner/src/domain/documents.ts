/** Small documents of the command line that have no noun of their own. */
import * as z from 'zod';
import { environmentErrorCodes, inputErrorCodes } from './errors';
import { timeText } from './run';

/** One line of `logs --json`. */
export const logLineSchema = z.strictObject({
  time: timeText,
  stream: z.enum(['stdout', 'stderr']),
  /** Of a line that `\r` rewrote its last state. */
  text: z.string(),
});

/** Any failure before there is a run; `cancelled`: Ctrl-C came before, exit code 130. */
export const errorSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum([...inputErrorCodes, ...environmentErrorCodes, 'engine-failed', 'cancelled']),
    message: z.string(),
    hint: z.string(),
  }),
});
