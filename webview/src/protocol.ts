/** The messages between a page and the extension. The page speaks first (`ready`); the host answers with full state. */
import * as z from 'zod';
import type { Run } from '../../runner/src/domain/run';
import { panelMessageSchemas, type PanelHostMessage } from './panelProtocol';

export * from './panelProtocol';

/** Page to host. */
export const pageMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  ...panelMessageSchemas,
  z.object({ kind: z.literal('stop'), id: z.string() }),
  z.object({ kind: z.literal('openRun'), id: z.string() }),
  z.object({ kind: z.literal('runAgain'), id: z.string() }),
  z.object({ kind: z.literal('openFrame'), file: z.string(), line: z.number() }),
  z.object({ kind: z.literal('openFile'), path: z.string() }),
  z.object({ kind: z.literal('showLog') }),
  z.object({ kind: z.literal('showResults') }),
]);
export type PageMessage = z.infer<typeof pageMessageSchema>;

export interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface PictureView {
  readonly name: string;
  /** A webview URI. */
  readonly source: string;
  readonly path: string;
  readonly bytes: number;
}

export interface RunPageState {
  readonly run: Run;
  readonly pictures: readonly PictureView[];
  readonly files: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  readonly madeOf: readonly { readonly label: string; readonly text: string }[];
}

/** Host to page. */
export type HostMessage =
  | PanelHostMessage
  | { readonly kind: 'runPage'; readonly state: RunPageState }
  | { readonly kind: 'log'; readonly from: number; readonly lines: readonly LogLine[] };
