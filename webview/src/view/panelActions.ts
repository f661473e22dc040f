/** What the panel's views can ask for. */
import type { Draft, PageMessage } from '../protocol';

export interface PanelActions {
  readonly send: (message: PageMessage) => void;
  /** `now`: draw the page again, for what is shown depends on it. */
  readonly edit: (draft: Partial<Draft>, now: boolean) => void;
}
