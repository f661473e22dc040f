/**
 * The draft of the panel, kept with every edit: a page's own state is written only now and then by the editor, so that
 * the last seconds before a reload would be lost.
 */
import type { Memento } from 'vscode';
import * as z from 'zod';
import { draftSchema, rememberedPanelSchema, type Draft } from '../../../webview/src/protocol';

const key = 'trainingPipelines.draft';
const keptSchema = z.object({ at: z.number(), draft: draftSchema });

export class DraftKeeper {
  constructor(
    private readonly memento: Memento,
    private readonly now: () => number,
  ) {}

  /** Values of secrets are never kept here. */
  async keep(draft: Draft): Promise<void> {
    const parameters = draft.parameters.map((row) => (row.secret ? { ...row, value: '' } : row));
    await this.memento.update(key, { at: this.now(), draft: { ...draft, parameters } });
  }

  /** The newer of what the page remembered and what was kept; undefined where neither can be read. */
  restore(pageState: unknown): Draft | undefined {
    const page = rememberedPanelSchema.safeParse(pageState);
    const kept = keptSchema.safeParse(this.memento.get(key));
    if (!page.success) return kept.success ? kept.data.draft : undefined;
    return kept.success && kept.data.at >= page.data.at ? kept.data.draft : page.data.draft;
  }
}
