/**
 * The draft of the panel, kept with every edit: a page's own state is written only now and then by the editor, and what an
 * editor in the browser stores is lost with the last moments before a reload.
 */
import * as z from 'zod';
import { draftSchema, rememberedPanelSchema, type Draft } from '../../../webview/src/protocol';

const keptSchema = z.object({ at: z.number(), draft: draftSchema });

/** A place for one text that outlives the window. */
export interface DraftPlace {
  read(): Promise<string | undefined>;
  /** The text before or the new one is there whatever happens in between. */
  write(text: string): Promise<void>;
}

export class DraftKeeper {
  private waiting: string | undefined;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly place: DraftPlace,
    private readonly now: () => number,
  ) {}

  /** Values of secrets are never kept here. Edits that come while one is written are written together after it. */
  keep(draft: Draft): Promise<void> {
    const parameters = draft.parameters.map((row) => (row.secret ? { ...row, value: '' } : row));
    this.waiting = JSON.stringify({ at: this.now(), draft: { ...draft, parameters } });
    this.writing ??= this.write().finally(() => (this.writing = undefined));
    return this.writing;
  }

  /** The newer of what the page remembered and what was kept; undefined where neither can be read. */
  async restore(pageState: unknown): Promise<Draft | undefined> {
    const page = rememberedPanelSchema.safeParse(pageState);
    const kept = keptSchema.safeParse(parsed(await this.place.read().catch(() => undefined)));
    if (!page.success) return kept.success ? kept.data.draft : undefined;
    return kept.success && kept.data.at >= page.data.at ? kept.data.draft : page.data.draft;
  }

  private async write(): Promise<void> {
    for (let text = this.waiting; text !== undefined; text = this.waiting) {
      this.waiting = undefined;
      // A disk that is full costs the draft's last state, not the panel.
      await this.place.write(text).catch(() => undefined);
    }
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
