/** Sections of a page that fold, and are remembered so. */
import { h, type Child } from './dom';
import { wish } from './wish';

export interface Folding {
  readonly folded: ReadonlySet<string>;
  readonly toggle: (section: string) => void;
}

export interface SectionOptions {
  readonly title: string;
  /** By what it is remembered; the title may hold a version. */
  readonly key?: string;
  /** Beside the title. */
  readonly note?: string;
  /** At the right of the heading, outside of what folds. */
  readonly tools?: readonly Child[];
}

export function foldable(
  { title, key = title, note = '', tools = [] }: SectionOptions,
  folding: Folding,
  ...body: readonly Child[]
) {
  const id = `section-${key.toLowerCase().replaceAll(/\W+/g, '-')}`;
  const isOpen = !folding.folded.has(key);
  const heading = wish(
    h(
      'button',
      { type: 'button', class: 'fold', 'aria-expanded': String(isOpen), 'aria-controls': `${id}-body` },
      h('span', { class: `codicon codicon-chevron-${isOpen ? 'down' : 'right'}`, 'aria-hidden': 'true' }),
      h('span', { id: `${id}-title` }, title),
    ),
    { handlers: { click: () => folding.toggle(key) } },
  );
  return h(
    'section',
    { class: 'foldable', 'aria-labelledby': `${id}-title`, 'data-key': id },
    h(
      'div',
      { class: 'section-head' },
      h('h2', {}, heading),
      note !== '' && h('span', { class: 'help' }, note),
      tools.length > 0 && h('div', { class: 'tools' }, ...tools),
    ),
    h('div', { id: `${id}-body`, class: isOpen ? 'section-body' : 'section-body folded' }, ...body),
  );
}

/** Rows of a name and what belongs to it. */
export function fieldTable(title: string, rows: readonly (readonly [string, Child])[]): HTMLElement {
  const table = h('table', { class: 'fields' }, h('caption', {}, title));
  for (const [name, value] of rows)
    table.append(h('tr', {}, h('th', { scope: 'row', class: 'mono' }, name), h('td', { class: 'mono' }, value)));
  return table;
}

export const letterMark = (letter: string): HTMLElement => {
  const words = { A: 'added', M: 'changed', D: 'removed' }[letter] ?? letter;
  return h(
    'span',
    { class: `letter letter-${letter}` },
    h('span', { 'aria-hidden': 'true' }, letter),
    h('span', { class: 'hidden' }, words),
  );
};
