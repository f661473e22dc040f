import { expect, it } from 'vitest';
import { DraftKeeper } from '../../../client/src/panel/draftKeeper';
import { emptyDraft } from '../../../webview/src/protocol';

function keeper(now = 1_000, first?: string) {
  const written: string[] = [];
  let release: (() => void) | undefined;
  const place = {
    read: async () => written.at(-1) ?? first,
    write: (text: string) =>
      new Promise<void>((resolve) => {
        written.push(text);
        release = resolve;
        if (written.length > 1 || !held.on) resolve();
      }),
  };
  const held = { on: false };
  return { written, held, release: () => release?.(), keeper: new DraftKeeper(place, () => now) };
}
const draft = (memory: string) => ({ ...emptyDraft, name: 'digits', memory });
const page = (memory: string, at: number) => ({ draft: draft(memory), at, closed: [] });

it('a draft that was kept later than the page remembered wins', async () => {
  const { keeper: kept } = keeper(2_000);
  await kept.keep(draft('4g'));
  expect((await kept.restore(page('', 1_999)))?.memory).toBe('4g');
  expect((await kept.restore(page('8g', 2_001)))?.memory).toBe('8g');
});

it('a page that remembers nothing gets what was kept', async () => {
  const { keeper: kept } = keeper();
  await kept.keep(draft('4g'));
  expect((await kept.restore(undefined))?.memory).toBe('4g');
  expect((await kept.restore({ draft: 'broken' }))?.memory).toBe('4g');
});

it('what cannot be read is passed over', async () => {
  expect(await keeper().keeper.restore(undefined)).toBeUndefined();
  expect((await keeper(1, '{"at":').keeper.restore(page('8g', 1)))?.memory).toBe('8g');
  expect((await keeper(1, '{"at":"yesterday"}').keeper.restore(page('8g', 1)))?.memory).toBe('8g');
});

it('edits that come while one is written are written together, the last one last', async () => {
  const { keeper: kept, written, held, release } = keeper();
  held.on = true;
  const done = [kept.keep(draft('1g')), kept.keep(draft('2g')), kept.keep(draft('3g'))];
  release();
  await Promise.all(done);
  expect(written.map((text) => (JSON.parse(text) as { draft: { memory: string } }).draft.memory)).toEqual(['1g', '3g']);
});

it('values of secrets are not kept', async () => {
  const { written, keeper: kept } = keeper();
  await kept.keep({ ...draft(''), parameters: [{ name: 'T', value: 'hunter2', secret: true, stored: false }] });
  expect(written.join()).not.toContain('hunter2');
});
