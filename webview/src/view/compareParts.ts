/** The tables of a comparison: parameters, data, environment; only what differs, until all is asked for. */
import { formatBytes, formatCount, formatNumber } from '../../../runner/src/domain/format';
import { maskedSecret } from '../../../runner/src/domain/results';
import type { ComparePageState, CompareSide, RunMessage } from '../protocol';
import { h, icon, link, versionBox, type Child } from './dom';
import { engineWords } from './engineWords';
import { foldable, letterMark, type Folding } from './sections';

export interface CompareChoices {
  readonly logScale: boolean;
  readonly allParameters: boolean;
  readonly allData: boolean;
  readonly allEnvironment: boolean;
  readonly picture: number;
}

export const firstCompareChoices: CompareChoices = {
  logScale: false,
  allParameters: false,
  allData: false,
  allEnvironment: false,
  picture: 0,
};

export interface ComparePageParts {
  readonly state: ComparePageState;
  readonly choices: CompareChoices;
  readonly choose: (part: Partial<CompareChoices>) => void;
  readonly folding: Folding;
  readonly send: (message: RunMessage) => void;
}

/** What a side is called in texts and tables. */
export const sideName = ({ run }: CompareSide): string =>
  run.version !== '' ? `version ${run.version}` : `${run.state.toLowerCase()} ${run.from}`.trim();

const sideBox = ({ run }: CompareSide): HTMLElement =>
  run.version !== '' ? versionBox(run.version) : h('span', {}, `${run.from} ${run.state.toLowerCase()}`);

/** A table with one column for each side. */
export function sidesTable(
  { left, right }: ComparePageState,
  first: string,
  rows: readonly HTMLElement[],
  change = false,
): HTMLElement {
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col', class: 'help' }, first),
    h('th', { scope: 'col' }, sideBox(left)),
    h('th', { scope: 'col' }, sideBox(right)),
    change && h('th', { scope: 'col', class: 'help' }, 'change'),
  );
  return h('table', { class: `sides${change ? ' numeric' : ''}` }, h('thead', {}, head), h('tbody', {}, ...rows));
}

interface Row {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly differs: boolean;
}

export function parameterRows({ left, right }: ComparePageState): Row[] {
  const names = [...new Set([...Object.keys(left.run.parameters), ...Object.keys(right.run.parameters)])].sort();
  return names.map((name) => {
    const [a, b] = [left.run.parameters[name], right.run.parameters[name]];
    return { name, left: a ?? 'not set', right: b ?? 'not set', differs: a !== b };
  });
}

const letterOf = ({ left, right }: Row): string => (left === 'not set' ? 'A' : right === 'not set' ? 'D' : 'M');

const markedRow = (row: Row): HTMLElement =>
  h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row', class: 'mono' },
      row.differs ? letterMark(letterOf(row)) : h('span', { class: 'letter' }),
      row.name,
    ),
    h('td', { class: 'mono' }, row.left),
    h('td', { class: 'mono' }, row.right),
  );

export function parametersView({ state, choices, choose, folding }: ComparePageParts) {
  const rows = parameterRows(state);
  const changed = rows.filter((row) => row.differs);
  const same = rows.filter((row) => !row.differs);
  const shown = choices.allParameters ? rows : changed;
  const names = same
    .map((row) => (row.left === maskedSecret ? `${row.name} (secret, values are not compared)` : row.name))
    .join(', ');
  return foldable(
    { title: 'Parameters', note: changed.length === 0 ? 'all the same' : `${changed.length} differ` },
    folding,
    shown.length > 0 && sidesTable(state, 'Parameter', shown.map(markedRow)),
    same.length > 0 &&
      h(
        'p',
        { class: 'help' },
        choices.allParameters ? '' : `Same: ${names}. `,
        link(choices.allParameters ? 'Show only differences' : `Show all ${rows.length}`, () =>
          choose({ allParameters: !choices.allParameters }),
        ),
      ),
  );
}

const fewData = 5;

export function dataView({ state, choices, choose, folding }: ComparePageParts) {
  const { data } = state;
  const total = data.added + data.changed + data.removed;
  const shown = choices.allData ? data.changes : data.changes.slice(0, fewData);
  const list = h('ul', { class: 'changes' });
  for (const change of shown) list.append(h('li', {}, letterMark(change.letter), h('span', {}, change.path)));
  const counts = [
    `${formatCount(data.added)} added`,
    `${formatCount(data.changed)} changed`,
    `${formatCount(data.removed)} removed`,
  ];
  const all = data.changes.length === total ? 'all' : 'the first';
  const more = choices.allData ? 'Show fewer' : `Show ${all} ${formatCount(data.changes.length)}`;
  const differs = total === 0 ? 'differs' : `${formatCount(total)} differ`;
  return foldable(
    { title: 'Data', note: data.same ? 'the same' : differs },
    folding,
    total > 0 && h('p', {}, counts.join(', ')),
    shown.length > 0 && list,
    h(
      'p',
      { class: 'help' },
      dataWords(state),
      ' ',
      data.changes.length > fewData && link(more, () => choose({ allData: !choices.allData })),
    ),
  );
}

function dataWords({ data, left, right }: ComparePageState): string {
  const [a, b] = [left.run.dataset, right.run.dataset];
  const place = a.path === b.path ? a.path : `${a.path} and ${b.path}`;
  const facts = (side: CompareSide): string =>
    `${formatNumber(side.run.dataset.files, 'file')}, ${formatBytes(side.run.dataset.bytes)} in ${sideName(side)}`;
  if (data.same) return `${place}: the same content, ${formatNumber(b.files, 'file')}, ${formatBytes(b.bytes)}.`;
  const basis = data.known
    ? 'Names and hashes are on record, so this holds even after the folder changes.'
    : 'The names were not kept, so only the digests could be compared.';
  return `${place}: ${facts(left)}; ${facts(right)}. ${basis}`;
}

/** Distributions of different versions. */
export function libraryRows({ left, right }: ComparePageState): Row[] {
  if (left.distributions === null || right.distributions === null) return [];
  const read = (lines: readonly string[]) => new Map(lines.map((line) => line.split('==') as [string, string]));
  const [a, b] = [read(left.distributions), read(right.distributions)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .sort()
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({ name, left: a.get(name) ?? 'not set', right: b.get(name) ?? 'not set', differs: true }));
}

export function computeRows({ left, right }: ComparePageState): Row[] {
  const row = (name: string, a: string, b: string): Row => ({ name, left: a, right: b, differs: a !== b });
  const gpus = ({ run }: CompareSide): string =>
    run.gpu.got.length === 0 ? run.gpu.requested : run.gpu.got.map((gpu) => gpu.model).join(', ');
  return [
    row('image', left.run.image ?? 'none', right.run.image ?? 'none'),
    row('python', left.python, right.python),
    row('engine', engineWords(left.run.engine), engineWords(right.run.engine)),
    row('GPU', gpus(left), gpus(right)),
  ].filter((one) => one.left !== '' && one.right !== '');
}

export function environmentView({ state, choices, choose, folding }: ComparePageParts) {
  const compute = computeRows(state);
  const rows = [...libraryRows(state), ...compute.filter((row) => row.differs || choices.allEnvironment)];
  const differing = rows.filter((row) => row.differs).length;
  const same = compute.filter((row) => !row.differs);
  const words: Child = same.length === 0 ? false : `Same: ${same.map((row) => `${row.name} ${row.left}`).join(', ')}. `;
  return foldable(
    {
      title: 'Environment',
      note: differing === 0 ? 'the same' : `${differing} ${differing === 1 ? 'differs' : 'differ'}`,
    },
    folding,
    rows.length > 0 && sidesTable(state, 'Image and compute', rows.map(markedRow)),
    h(
      'p',
      { class: 'help' },
      choices.allEnvironment ? '' : words,
      same.length > 0 &&
        link(choices.allEnvironment ? 'Show only differences' : `Show all ${compute.length}`, () =>
          choose({ allEnvironment: !choices.allEnvironment }),
        ),
    ),
    (state.left.distributions === null || state.right.distributions === null) &&
      h('p', { class: 'help' }, icon('info'), ' Libraries are recorded with versions, and one of the runs made none.'),
  );
}
