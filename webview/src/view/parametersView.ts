/** The parameters as an editable grid: defaults first, then rows, then an empty one. */
import { defaultParameters, parameterNameProblem } from '../../../runner/src/domain/parameters';
import type { Draft, ParameterRow } from '../protocol';
import { button, checkbox, textField } from '../toolkit';
import { h } from './dom';

export function parametersView(draft: Draft, change: Change): HTMLElement {
  const table = h('table', { class: 'parameters' }, h('caption', { class: 'hidden' }, 'Parameters of the run'));
  const widths = ['', '', 'narrow', 'narrowest'].map((name) => h('col', { class: name }));
  table.append(h('colgroup', {}, ...widths));
  const head = h('tr', {});
  for (const title of ['Name', 'Value', 'Secret']) head.append(h('th', { scope: 'col' }, title));
  head.append(h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'Remove')));
  table.append(head);
  for (const [name, value] of Object.entries(defaultParameters)) {
    if (draft.parameters.some((row) => row.name === name)) continue;
    table.append(
      h(
        'tr',
        { class: 'default' },
        h('td', { class: 'mono' }, name),
        h('td', { class: 'mono' }, value),
        h('td', {}, 'default'),
        h('td', {}),
      ),
    );
  }
  const rows = [...draft.parameters, { name: '', value: '', secret: false, stored: false }];
  rows.forEach((row, i) => table.append(rowView(rows, row, i, change)));
  return table;
}

type Change = (parameters: readonly ParameterRow[]) => void;

function rowView(rows: readonly ParameterRow[], row: ParameterRow, i: number, change: Change): HTMLElement {
  const isLast = i === rows.length - 1;
  const called = row.name === '' ? `parameter ${i + 1}` : row.name;
  const problem = isLast && row.name === '' ? undefined : rowProblem(rows, row);
  const put = (part: Partial<ParameterRow>): void => {
    const next = rows.map((one, at) => (at === i ? { ...one, ...part } : one));
    change(next.filter(isKept(rows.length)));
  };
  const name = h(
    'td',
    {},
    nameField(i, row, problem, (value) => put({ name: value })),
  );
  if (problem !== undefined) name.append(h('p', { class: 'problem', role: 'alert' }, problem));
  const secret = checkbox(
    `${called} is secret`,
    row.secret,
    (checked) => put({ secret: checked }),
    row.stored ? 'stored' : '',
  );
  const without = rows.slice(0, -1).filter((_, at) => at !== i);
  const remove = isLast ? '' : button(`Remove ${called}`, () => change(without), 'icon', 'close');
  const value = valueField(i, row, called, (text) => put({ value: text }));
  return h('tr', {}, name, h('td', {}, value), h('td', {}, secret), h('td', {}, remove));
}

/** The empty row at the end counts once something is in it. */
const isKept =
  (length: number) =>
  (row: ParameterRow, at: number): boolean =>
    at < length - 1 || row.name !== '' || row.value !== '';

function nameField(i: number, row: ParameterRow, problem = '', onInput: (value: string) => void): HTMLElement {
  const id = `parameter-${i}-name`;
  return textField({ id, name: `Name of parameter ${i + 1}`, value: row.name, placeholder: 'name', problem, onInput });
}

function valueField(i: number, row: ParameterRow, called: string, onInput: (value: string) => void): HTMLElement {
  const placeholder = row.stored ? 'type to replace' : 'value';
  const id = `parameter-${i}-value`;
  return textField({ id, name: `Value of ${called}`, value: row.value, placeholder, secret: row.secret, onInput });
}

export function rowProblem(rows: readonly ParameterRow[], row: ParameterRow): string | undefined {
  const doubled = rows.filter((one) => one.name !== '' && one.name === row.name).length > 1;
  return doubled ? `${row.name} is there twice.` : parameterNameProblem(row.name);
}
