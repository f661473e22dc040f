/** Builds DOM: text always goes in as text. */
import { morphChildren } from './morph';
import { wish } from './wish';

export type Child = Node | string | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

export const icon = (name: string, colour = ''): HTMLElement =>
  h('span', { class: `codicon codicon-${name}${colour === '' ? '' : ` ${colour}`}`, 'aria-hidden': 'true' });

export function link(text: string, onClick: () => void): HTMLElement {
  const element = h('button', { class: 'link', type: 'button' }, text);
  return wish(element, { handlers: { click: onClick } });
}

/** A version as a box: solid where it exists, dashed where it will be made. */
export const versionBox = (version: string, isNew = false): HTMLElement =>
  h('span', { class: isNew ? 'version new' : 'version' }, version, isNew && h('span', { class: 'hidden' }, ' (new)'));

export const arrow = (): HTMLElement =>
  h('span', { class: 'arrow' }, h('span', { 'aria-hidden': 'true' }, '→'), h('span', { class: 'hidden' }, 'to'));

export function section(title: string, ...children: readonly Child[]): HTMLElement {
  const id = `section-${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return h(
    'section',
    { 'aria-labelledby': id, 'data-key': id },
    h('h2', { id }, title),
    h('div', { class: 'section-body' }, ...children),
  );
}

export function redraw(root: HTMLElement, ...children: readonly Child[]): void {
  const wanted = document.createDocumentFragment();
  for (const child of children) if (child !== undefined && child !== false) wanted.append(child);
  morphChildren(root, wanted);
}
