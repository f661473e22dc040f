/** What the panel's views can ask for. */
import type { Draft, PageMessage } from '../protocol';

export interface PanelActions {
  readonly send: (message: PageMessage) => void;
  /** Draws the page again at once, so that no view works on an older draft. */
  readonly edit: (draft: Partial<Draft>) => void;
  /** Moves the focus to a field and brings it into view. */
  readonly goTo: (field: string) => void;
  /** Runs, or goes to the first problem. */
  readonly run: () => void;
  readonly closeStrip: (id: string) => void;
}
