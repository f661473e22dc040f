/** The messages between a page and the extension. The page speaks first (`ready`); the host answers with full state. */
import * as z from 'zod';
import { panelMessageSchemas, type PanelHostMessage } from './panelProtocol';
import type { RunHostMessage, RunMessage } from './runProtocol';

export * from './panelProtocol';
export * from './runProtocol';

/** Page to host. */
export const pageMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  ...panelMessageSchemas,
  z.object({ kind: z.literal('stop'), id: z.string() }),
  z.object({ kind: z.literal('openRun'), id: z.string() }),
  z.object({ kind: z.literal('runAgain'), id: z.string() }),
]);
export type PageMessage = z.infer<typeof pageMessageSchema> | RunMessage;

export interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Host to page. */
export type HostMessage = PanelHostMessage | RunHostMessage;
