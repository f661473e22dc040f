import { expect, it } from 'vitest';
import { DraftKeeper } from '../../../client/src/panel/draftKeeper';
import { emptyDraft } from '../../../webview/src/protocol';

function keeper(now = 1_000) {
  const store = new Map<string, unknown>();
  const memento = {
    keys: () => [...store.keys()],
    get: (key: string) => store.get(key),
    update: async (key: string, value: unknown) => void store.set(key, JSON.parse(JSON.stringify(value))),
  };
  return { store, keeper: new DraftKeeper(memento as never, () => now) };
}
const draft = (memory: string) => ({ ...emptyDraft, name: 'digits', memory });
const page = (memory: string, at: number) => ({ draft: draft(memory), at, closed: [] });

it('a draft that was kept later than the page remembered wins', async () => {
  const { keeper: kept } = keeper(2_000);
  await kept.keep(draft('4g'));
  expect(kept.restore(page('', 1_999))?.memory).toBe('4g');
  expect(kept.restore(page('8g', 2_001))?.memory).toBe('8g');
});

it('a page that remembers nothing gets what was kept', async () => {
  const { keeper: kept } = keeper();
  await kept.keep(draft('4g'));
  expect(kept.restore(undefined)?.memory).toBe('4g');
  expect(kept.restore({ draft: 'broken' })?.memory).toBe('4g');
});

it('what cannot be read is passed over', () => {
  const { store, keeper: kept } = keeper();
  expect(kept.restore(undefined)).toBeUndefined();
  store.set('trainingPipelines.draft', { at: 'yesterday' });
  expect(kept.restore(page('8g', 1))?.memory).toBe('8g');
});

it('values of secrets are not kept', async () => {
  const { store, keeper: kept } = keeper();
  await kept.keep({ ...draft(''), parameters: [{ name: 'T', value: 'hunter2', secret: true, stored: false }] });
  expect(JSON.stringify([...store])).not.toContain('hunter2');
});
