/**
 * The only import of the webview toolkit. It hides the toolkit's measured defects: names that components overwrite, a
 * dropdown that takes Ctrl+letter as typing and keeps a value on Escape, and options that vanish.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeRadio,
  vsCodeRadioGroup,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { wish, wishOf } from './view/wish';

export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeRadio(),
    vsCodeRadioGroup(),
    vsCodeTextField(),
  );
  // The toolkit reads the theme on the window's load event, which is still to come for the page's first module. Sending one
  // of our own would be taken for the real one by the workbench, which then never shows the page.
}

type ValueElement = HTMLElement & { value: string };

/**
 * Text fields and check boxes overwrite `aria-label` when they connect and drop `aria-description`, so the name goes to
 * the inner input, after every insertion.
 */
function nameInput(element: HTMLElement, { name, problem = '', help = '' }: Described): void {
  if (element.getAttribute('aria-label') !== name) element.setAttribute('aria-label', name);
  const input = element.shadowRoot?.querySelector('input');
  if (input === null || input === undefined) return;
  input.setAttribute('aria-label', name);
  input.setAttribute('aria-invalid', String(problem !== ''));
  describe(input, problem === '' ? help : problem);
}

interface Described {
  readonly name: string;
  readonly problem?: string;
  /** The help line under the field, for those who do not see it beside the field. */
  readonly help?: string;
}

function describe(element: Element, text: string): void {
  if (text === '') element.removeAttribute('aria-description');
  else element.setAttribute('aria-description', text);
}

export interface FieldOptions extends Described {
  readonly id: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
  /** In the editor's font: names, values, paths. */
  readonly mono?: boolean;
  readonly onInput: (value: string) => void;
  /** The field is left, or Enter is pressed in it. */
  readonly onCommit?: (value: string) => void;
  readonly onKey?: (event: KeyboardEvent) => void;
}

const valueOf = (event: Event): string => (event.currentTarget as ValueElement).value;

export function textField(options: FieldOptions): HTMLElement {
  const { id, value, placeholder = '', secret = false, problem = '', mono = false } = options;
  const element = document.createElement('vscode-text-field');
  element.id = id;
  if (mono) element.setAttribute('data-mono', '');
  element.setAttribute('placeholder', placeholder);
  element.setAttribute('type', secret ? 'password' : 'text');
  if (problem !== '') element.setAttribute('data-invalid', '');
  return wish(element, {
    value,
    handlers: {
      input: (event) => options.onInput(valueOf(event)),
      change: (event) => options.onCommit?.(valueOf(event)),
      keydown: (event) => options.onKey?.(event as KeyboardEvent),
    },
    mend: (mounted) => nameInput(mounted, options),
  });
}

export interface ChoiceOptions {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly problem?: string;
  readonly help?: string;
  readonly onChange: (value: string) => void;
}

interface Dropdown extends ValueElement {
  keydownHandler(event: KeyboardEvent): boolean | void;
  selectedIndex: number;
  open: boolean;
}

/** A choice that is not among `choices` any more is shown as gone, never silently replaced. */
export function dropdown(options: ChoiceOptions): HTMLElement {
  const { id, name, value, choices, problem = '', help = '', onChange } = options;
  const element = document.createElement('vscode-dropdown') as Dropdown;
  element.id = id;
  element.setAttribute('aria-label', name);
  describe(element, problem === '' ? help : problem);
  if (problem !== '') element.setAttribute('data-invalid', '');
  const isGone = value !== '' && !choices.some((choice) => choice.value === value);
  const gone = isGone ? [{ value, text: `${value} (gone)` }] : [];
  const all = [...gone, ...choices];
  for (const choice of all) {
    const option = document.createElement('vscode-option');
    option.setAttribute('value', choice.value);
    option.textContent = choice.text;
    option.title = choice.text;
    element.append(option);
  }
  return wish(element, {
    value,
    signature: JSON.stringify([isGone, all]),
    handlers: { change: (event) => onChange(valueOf(event)) },
    mend: (mounted) => {
      mendKeys(mounted);
      requestAnimationFrame(() => select(mounted as Dropdown));
    },
  });
}

/** After its options changed the component chooses one itself, a frame later. */
function select(element: Dropdown): void {
  const options = [...element.querySelectorAll('vscode-option')];
  const index = options.findIndex((option) => option.getAttribute('value') === wishOf(element)?.value);
  if (!element.open && index !== -1 && element.selectedIndex !== index) element.selectedIndex = index;
}

const mended = new WeakSet<HTMLElement>();

/** Ctrl+letter is a command and not typing; Escape puts back what was chosen when the list opened. */
function mendKeys(host: HTMLElement): void {
  const element = host as Dropdown;
  if (mended.has(host) || typeof element.keydownHandler !== 'function') return;
  mended.add(host);
  const original = element.keydownHandler.bind(element);
  let opened = -1;
  element.addEventListener('click', () => (opened = element.selectedIndex), { capture: true });
  element.keydownHandler = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return true;
    if (!element.open) opened = element.selectedIndex;
    if (event.key === 'Escape' && element.open && opened !== -1) element.selectedIndex = opened;
    return original(event);
  };
}

/** `shown` is the text beside the box; `name` is what a screen reader says. */
export function checkbox(
  name: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
  shown = name,
  options: { readonly id?: string; readonly help?: string } = {},
): HTMLElement {
  const element = document.createElement('vscode-checkbox');
  element.textContent = shown;
  if (options.id !== undefined) element.id = options.id;
  describe(element, options.help ?? '');
  if (checked) element.setAttribute('checked', '');
  return wish(element, {
    checked,
    handlers: {
      change: (event) => {
        const now = (event.currentTarget as HTMLElement & { checked: boolean }).checked;
        // Setting it from here makes the component report a change too.
        if (now !== checked) onChange(now);
      },
    },
    mend: (mounted) => mounted.setAttribute('aria-label', name),
  });
}

export function button(
  text: string,
  onClick: () => void,
  appearance: 'primary' | 'secondary' | 'icon' = 'secondary',
  icon = '',
): HTMLElement {
  const element = document.createElement('vscode-button');
  element.setAttribute('appearance', appearance);
  element.setAttribute('aria-label', text);
  if (icon !== '') {
    const glyph = document.createElement('span');
    glyph.className = `codicon codicon-${icon}`;
    if (appearance !== 'icon') glyph.slot = 'start';
    element.append(glyph);
  }
  if (appearance === 'icon') element.title = text;
  else element.append(text);
  return wish(element, { handlers: { click: onClick } });
}

export function radioGroup(options: ChoiceOptions & { readonly disabled: ReadonlySet<string> }): HTMLElement {
  const { id, name, value, choices, disabled, problem = '', help = '', onChange } = options;
  const group = document.createElement('vscode-radio-group');
  group.id = id;
  group.setAttribute('aria-label', name);
  describe(group, problem === '' ? help : problem);
  for (const choice of choices) {
    const radio = document.createElement('vscode-radio');
    radio.setAttribute('value', choice.value);
    if (choice.value === value) radio.setAttribute('checked', '');
    if (disabled.has(choice.value)) radio.setAttribute('disabled', '');
    radio.textContent = choice.text;
    group.append(radio);
  }
  return wish(group, {
    value,
    signature: JSON.stringify([choices, [...disabled]]),
    handlers: {
      change: (event) => {
        const chosen = (event.currentTarget as ValueElement).value;
        if (chosen !== value && chosen !== '') onChange(chosen);
      },
    },
    mend: (mounted) => {
      for (const radio of mounted.querySelectorAll('vscode-radio')) radio.setAttribute('aria-label', radio.textContent);
    },
  });
}
