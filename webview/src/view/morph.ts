/** Lays a new description of the page over the page, so that what did not change is not touched. */
import { grant, wish, wishOf } from './wish';

const isComponent = (element: Element): boolean => element.tagName.startsWith('VSCODE-');
const given = new WeakMap<Element, ReadonlySet<string>>();

export function morphChildren(into: Element, from: ParentNode): void {
  const wanted = [...from.childNodes];
  let at = into.firstChild;
  for (const node of wanted) {
    const match = at !== null && fits(at, node) ? at : laterTwin(at, node);
    if (match === null) {
      note(node);
      into.insertBefore(node, at);
      settle(node);
      continue;
    }
    if (match !== at) into.insertBefore(match, at);
    at = match.nextSibling;
    morph(match, node);
  }
  while (at !== null) {
    const next: ChildNode | null = at.nextSibling;
    at.remove();
    at = next;
  }
}

function fits(old: Node, node: Node): boolean {
  if (old.nodeType !== node.nodeType) return false;
  if (!(old instanceof Element) || !(node instanceof Element)) return true;
  return old.tagName === node.tagName && keyOf(old) === keyOf(node);
}

/** Components may give themselves an id, so only ours (`data-key`) counts there. */
const keyOf = (element: Element): string => element.getAttribute('data-key') ?? '';

function laterTwin(from: Node | null, node: Node): ChildNode | null {
  if (!(node instanceof Element) || keyOf(node) === '') return null;
  let at = from === null ? null : from.nextSibling;
  while (at !== null) {
    if (fits(at, node)) return at;
    at = at.nextSibling;
  }
  return null;
}

function morph(old: Node, node: Node): void {
  if (!(old instanceof Element) || !(node instanceof Element)) {
    if (old.nodeValue !== node.nodeValue) old.nodeValue = node.nodeValue;
    return;
  }
  morphAttributes(old, node);
  if (!old.hasAttribute('data-keep')) morphInside(old, node);
}

function morphInside(old: Element, node: Element): void {
  const before = wishOf(old);
  const wanted = wishOf(node);
  if (wanted?.signature === undefined) morphChildren(old, node);
  else if (wanted.signature !== before?.signature) {
    const fresh = [...node.childNodes];
    fresh.forEach(note);
    old.replaceChildren(...fresh);
  }
  if (wanted === undefined || !(old instanceof HTMLElement)) return;
  wish(old, wanted);
  grant(old, before);
}

function morphAttributes(old: Element, node: Element): void {
  const names = new Set(node.getAttributeNames());
  const removable = isComponent(old) ? (given.get(old) ?? new Set<string>()) : new Set(old.getAttributeNames());
  for (const name of removable) if (!names.has(name) && !isOwnedByComponent(old, name)) old.removeAttribute(name);
  for (const name of names) {
    const value = node.getAttribute(name) ?? '';
    if (old.getAttribute(name) !== value && !isOwnedByComponent(old, name)) old.setAttribute(name, value);
  }
  given.set(old, names);
}

/** The component changes these itself as the user works with it; the wish carries them. */
const isOwnedByComponent = (element: Element, name: string): boolean =>
  (isComponent(element) && (name === 'value' || name === 'checked' || name === 'class')) ||
  // What the user unfolded stays so.
  (element.tagName === 'DETAILS' && name === 'open');

/** Before insertion: what we gave. Components give themselves roles and states once they are connected; those stay. */
function note(node: Node): void {
  if (!(node instanceof Element)) return;
  for (const element of [node, ...node.querySelectorAll('*')]) given.set(element, new Set(element.getAttributeNames()));
}

/** After insertion: components have connected now and may have overwritten what they were given. */
function settle(node: Node): void {
  if (!(node instanceof HTMLElement)) return;
  for (const element of [node, ...node.querySelectorAll<HTMLElement>('*')]) {
    if (wishOf(element) === undefined) continue;
    grant(element, undefined);
    requestAnimationFrame(() => grant(element, undefined));
  }
}
