/** A record of the framed log with the cursor behind it: its time is only a hint from where to read. */
import type { LogChunk, LogCursor } from '../engine';

export interface LogItem {
  readonly chunk: LogChunk;
  readonly cursor: LogCursor;
}

export const itemOf = (chunk: LogChunk): LogItem => ({
  chunk,
  cursor: { sequence: chunk.sequence, hint: String(Math.floor(chunk.time / 1000)) },
});
