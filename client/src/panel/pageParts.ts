/** What the pages' hosts need of the extension. */
import type { Parts } from '../extensionContext';

export type PageParts = Omit<
  Parts,
  'openPanel' | 'openRun' | 'actOnPanel' | 'openDraft' | 'openCompare' | 'frontRun' | 'showProgress' | 'views'
>;
