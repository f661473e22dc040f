/**
 * What a component should be, kept beside the element: handlers, value, name. The page is described anew for every change
 * and laid over what is there (`morph`), so that focus, caret, selection and open lists survive; handlers therefore live
 * here and not in listeners of their own.
 */
export interface Wish {
  readonly handlers?: Readonly<Record<string, (event: Event) => void>>;
  /** Applied where it differs from what the element last was told, never over what is being typed. */
  readonly value?: string;
  readonly checked?: boolean;
  /** Children of components that manage their own are replaced only where this differs. */
  readonly signature?: string;
  /** Runs after every insertion and every morph: what a component overwrites when it is connected. */
  readonly mend?: (element: HTMLElement) => void;
}

const wishes = new WeakMap<Element, Wish>();
const listening = new WeakMap<Element, Set<string>>();

export const wishOf = (element: Element): Wish | undefined => wishes.get(element);

export function wish<E extends HTMLElement>(element: E, wanted: Wish): E {
  wishes.set(element, wanted);
  const known = listening.get(element) ?? new Set<string>();
  listening.set(element, known);
  for (const type of Object.keys(wanted.handlers ?? {})) {
    if (known.has(type)) continue;
    known.add(type);
    element.addEventListener(type, (event) => wishes.get(element)?.handlers?.[type]?.(event));
  }
  return element;
}

type Control = HTMLElement & { value?: string; checked?: boolean };

/** `before`: what the element was told last; a value that the page did not change stays as the user made it. */
export function grant(element: Control, before: Wish | undefined): void {
  const wanted = wishes.get(element);
  if (wanted === undefined) return;
  if (wanted.checked !== undefined && element.checked !== wanted.checked) element.checked = wanted.checked;
  if (needsValue(element, wanted, before)) element.value = wanted.value ?? '';
  wanted.mend?.(element);
}

function needsValue(element: Control, wanted: Wish, before: Wish | undefined): boolean {
  if (wanted.value === undefined || element.value === wanted.value) return false;
  // In the field that is being typed in, only a text that is not newer than what was told last is replaced.
  const isTypedIn = document.activeElement === element && element.tagName === 'VSCODE-TEXT-FIELD';
  if (isTypedIn) return before !== undefined && before.value === element.value;
  return before === undefined || before.value !== wanted.value || before.signature !== wanted.signature;
}
