/** The parameters as an editable grid: defaults first, then rows, then an empty one. */
import { defaultParameters } from '../../../runner/src/domain/parameters';
import type { ParameterRow, PanelState } from '../protocol';
import { button, checkbox, textField } from '../toolkit';
import { h, link, section } from './dom';
import { problemLine, type FieldContext } from './fieldView';
import { gridKey, type Column } from './parameterKeys';

const emptyRow: ParameterRow = { name: '', value: '', secret: false, stored: false };

export function parametersSection(state: PanelState, context: FieldContext): HTMLElement {
  return section('Parameters', gridView(state, context), readsView(state, context));
}

function gridView(state: PanelState, context: FieldContext): HTMLElement {
  const { draft } = state;
  const table = h('table', { class: 'parameters' }, h('caption', { class: 'hidden' }, 'Parameters of the run'));
  const widths = ['', '', 'narrow', 'narrowest'].map((name) => h('col', { class: name }));
  table.append(h('colgroup', {}, ...widths));
  const head = h('tr', {});
  for (const title of ['Name', 'Value', 'Secret']) head.append(h('th', { scope: 'col' }, title));
  head.append(h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'Remove')));
  table.append(h('thead', {}, head));
  const body = h('tbody', {});
  const set: Readonly<Record<string, string>> = {
    artifacts_directory: draft.artifactsDirectory,
    save_training_data: draft.saveTrainingData ? 'true' : '',
  };
  for (const [name, value] of Object.entries(defaultParameters)) body.append(defaultRow(name, value, set[name] ?? ''));
  const rows = [...draft.parameters, emptyRow];
  rows.forEach((row, i) => body.append(...rowView(rows, row, i, context)));
  table.append(body);
  return table;
}

function defaultRow(name: string, value: string, set: string): HTMLElement {
  return h(
    'tr',
    { class: 'default', 'data-key': `default-${name}` },
    h('td', { class: 'mono' }, name),
    h('td', { class: 'mono' }, set === '' ? value : set),
    h('td', {}, set === '' ? 'default' : 'set below'),
    h('td', {}),
  );
}

function rowView(
  rows: readonly ParameterRow[],
  row: ParameterRow,
  i: number,
  context: FieldContext,
): readonly HTMLElement[] {
  const { edit, send } = context.actions;
  const isLast = i === rows.length - 1;
  const called = row.name === '' ? `parameter ${i + 1}` : row.name;
  const put = (part: Partial<ParameterRow>): void => {
    const next = rows.map((one, at) => (at === i ? { ...one, ...part } : one));
    edit({ parameters: next.filter((one, at) => at < rows.length - 1 || one.name !== '' || one.value !== '') });
  };
  const remove = (): void => edit({ parameters: rows.slice(0, -1).filter((_, at) => at !== i) });
  const problems = context.problems.filter((one) => one.field.startsWith(`parameter-${i}-`));
  const problemOf = (column: Column): string =>
    problems.find((one) => one.field === `parameter-${i}-${column}`)?.message ?? '';
  const onKey =
    (column: Column) =>
    (event: KeyboardEvent): void =>
      gridKey(event, { row: i, column, last: rows.length - 1, remove: isLast ? undefined : remove });
  const name = textField({
    id: `parameter-${i}-name`,
    name: `Name of parameter ${i + 1}`,
    value: row.name,
    placeholder: 'name',
    mono: true,
    problem: problemOf('name'),
    onInput: (text) => put({ name: text }),
    onKey: onKey('name'),
  });
  const value = textField({
    id: `parameter-${i}-value`,
    name: `Value of ${called}`,
    value: row.value,
    placeholder: row.stored ? 'type to replace' : 'value',
    secret: row.secret,
    mono: true,
    problem: problemOf('value'),
    onInput: (text) => put({ value: text }),
    onCommit: (text) => {
      // From here on the extension keeps it, and the page forgets it.
      if (row.secret && text !== '' && row.name !== '') send({ kind: 'secret', name: row.name, value: text });
    },
    onKey: onKey('value'),
  });
  const secret = checkbox(
    `${called} is secret`,
    row.secret,
    (checked) => put({ secret: checked, ...(checked ? {} : { stored: false }) }),
    row.stored ? 'stored' : '',
  );
  const cells = [name, value, secret].map((cell) => h('td', {}, cell));
  const close = h('td', {}, isLast ? '' : button(`Remove ${called}`, remove, 'icon', 'close'));
  const line = h('tr', {}, ...cells, close);
  const lines = problems.map((problem) => problemRow(problem, context));
  return [line, ...lines];
}

function problemRow(problem: FieldContext['problems'][number], { actions }: FieldContext): HTMLElement {
  const isValue = problem.field.endsWith('value');
  const cell = h('td', isValue ? { colspan: '3' } : {}, problemLine(problem, actions));
  const others = isValue ? [] : [h('td', { colspan: '3' })];
  return h('tr', { class: 'row-problem' }, ...(isValue ? [h('td', {})] : []), cell, ...others);
}

/** "train.py also reads batch_size, 64 if not set. Add batch_size." */
function readsView({ checks, draft }: PanelState, { actions }: FieldContext): HTMLElement | false {
  const taken = new Set([...draft.parameters.map(({ name }) => name), ...Object.keys(defaultParameters), 'save_data']);
  const reads = (checks?.reads ?? []).filter(({ name }) => !taken.has(name) && !isOfTheSystem(name));
  if (reads.length === 0) return false;
  const line = h('p', { class: 'help' }, 'train.py also reads ');
  reads.slice(0, 5).forEach(({ name, fallback }, i) => {
    const words =
      fallback === null ? ', which is not set' : fallback === '' ? ', empty if not set' : `, ${fallback} if not set`;
    line.append(i === 0 ? '' : '; ', h('code', {}, name), words);
  });
  line.append('.');
  for (const { name, fallback } of reads.slice(0, 5)) {
    const row = { ...emptyRow, name, value: fallback ?? '' };
    line.append(
      ' ',
      link(`Add ${name}`, () => {
        actions.edit({ parameters: [...draft.parameters, row] });
        actions.goTo(`parameter-${draft.parameters.length}-value`);
      }),
    );
  }
  return line;
}

/** Set by every system, so nobody means a parameter by them. */
const isOfTheSystem = (name: string): boolean => /^(PATH|HOME|USER|LANG|TMPDIR|TEMP|PWD|SHELL)$/.test(name);
