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
  // The toolkit reads the theme on the window's load event only.
  window.dispatchEvent(new Event('load'));
}

type ValueElement = HTMLElement & { value: string };

/** The component drops `aria-label` when it is connected, so the name goes to its inner input after every insertion. */
function keepName(element: HTMLElement, name: string, problem: () => string): void {
  const apply = (): void => {
    element.setAttribute('aria-label', name);
    const input = element.shadowRoot?.querySelector('input');
    input?.setAttribute('aria-label', name);
    input?.setAttribute('aria-invalid', String(problem() !== ''));
    if (problem() === '') input?.removeAttribute('aria-description');
    else input?.setAttribute('aria-description', problem());
  };
  queueMicrotask(apply);
  requestAnimationFrame(apply);
}

export interface FieldOptions {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
  readonly problem?: string;
  readonly onInput: (value: string) => void;
}

export function textField(options: FieldOptions): HTMLElement {
  const element = document.createElement('vscode-text-field') as ValueElement & { placeholder: string; type: string };
  element.id = options.id;
  element.setAttribute('value', options.value);
  element.value = options.value;
  element.setAttribute('placeholder', options.placeholder ?? '');
  if (options.secret === true) element.setAttribute('type', 'password');
  if ((options.problem ?? '') !== '') element.classList.add('invalid');
  element.addEventListener('input', () => options.onInput(element.value));
  keepName(element, options.name, () => options.problem ?? '');
  return element;
}

export interface ChoiceOptions {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly onChange: (value: string) => void;
}

interface Dropdown extends ValueElement {
  keydownHandler(event: KeyboardEvent): boolean | void;
  selectedIndex: number;
  open: boolean;
}

/** A choice that is not among `choices` any more is shown as gone, never silently replaced. */
export function dropdown(options: ChoiceOptions): HTMLElement {
  const element = document.createElement('vscode-dropdown') as Dropdown;
  element.id = options.id;
  const isGone = options.value !== '' && !options.choices.some((choice) => choice.value === options.value);
  const gone = isGone ? [{ value: options.value, text: `${options.value} (gone)` }] : [];
  for (const choice of [...gone, ...options.choices]) {
    const option = document.createElement('vscode-option');
    option.setAttribute('value', choice.value);
    option.textContent = choice.text;
    option.title = choice.text;
    if (isGone && choice.value === options.value) option.setAttribute('disabled', '');
    element.append(option);
  }
  requestAnimationFrame(() => {
    element.value = options.value;
    mendKeys(element);
  });
  element.addEventListener('change', () => options.onChange(element.value));
  element.setAttribute('aria-label', options.name);
  return element;
}

function mendKeys(element: Dropdown): void {
  const original = element.keydownHandler.bind(element);
  let opened = -1;
  element.addEventListener('click', () => (opened = element.selectedIndex));
  element.keydownHandler = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return true;
    if (!element.open) opened = element.selectedIndex;
    if (event.key === 'Escape' && element.open && opened !== -1) element.selectedIndex = opened;
    return original(event);
  };
}

export function checkbox(name: string, checked: boolean, onChange: (checked: boolean) => void): HTMLElement {
  const element = document.createElement('vscode-checkbox') as HTMLElement & { checked: boolean };
  element.textContent = name;
  if (checked) element.setAttribute('checked', '');
  element.checked = checked;
  element.addEventListener('change', () => onChange(element.checked));
  return element;
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
  element.addEventListener('click', onClick);
  return element;
}

export function radioGroup(options: ChoiceOptions & { readonly disabled: ReadonlySet<string> }): HTMLElement {
  const group = document.createElement('vscode-radio-group') as ValueElement;
  group.id = options.id;
  group.setAttribute('aria-label', options.name);
  for (const choice of options.choices) {
    const radio = document.createElement('vscode-radio');
    radio.setAttribute('value', choice.value);
    if (choice.value === options.value) radio.setAttribute('checked', '');
    if (options.disabled.has(choice.value)) radio.setAttribute('disabled', '');
    radio.textContent = choice.text;
    group.append(radio);
  }
  requestAnimationFrame(() => (group.value = options.value));
  group.addEventListener('change', () => {
    if (group.value !== options.value && group.value !== '') options.onChange(group.value);
  });
  return group;
}
