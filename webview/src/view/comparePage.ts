/** Compare two runs: which is better, and what was different. */
import { formatBytes, formatNumber, formatSeconds, runSeconds, stateInWords } from '../../../runner/src/domain/format';
import { formatValue, headlineMetric } from '../../../runner/src/domain/metrics';
import type { ComparePageState, CompareSide } from '../protocol';
import { button, checkbox, dropdown } from '../toolkit';
import { lineChart } from './chart';
import { h, redraw } from './dom';
import { engineWords } from './engineWords';
import { bumpOf } from './runHead';
import { changeList, figureOf } from './runSections';
import { stateIcon } from './runStrip';
import {
  computeRows,
  dataView,
  environmentView,
  libraryRows,
  parameterRows,
  parametersView,
  sideName,
  sidesTable,
  type ComparePageParts,
} from './compareParts';
import { foldable } from './sections';

export function drawComparePage(root: HTMLElement, page: ComparePageParts): void {
  const { state, send } = page;
  const { left, right } = state;
  redraw(
    root,
    h(
      'main',
      { class: 'run compare' },
      h(
        'header',
        { class: 'run-head' },
        h('div', { class: 'run-title' }, h('h1', {}, 'Compare runs')),
        h(
          'div',
          { class: 'buttons' },
          button(
            'Swap sides',
            () => send({ kind: 'chooseRuns', left: right.run.id, right: left.run.id }),
            'secondary',
            'arrow-swap',
          ),
          button('Run with changes', () => send({ kind: 'runCommand', command: 'runWithChanges' })),
        ),
      ),
      h(
        'div',
        { class: 'pickers' },
        picker(page, 'left'),
        h('span', { class: 'codicon codicon-arrow-right', 'aria-hidden': 'true' }),
        picker(page, 'right'),
      ),
      verdict(state),
      metricsView(page),
      h(
        'div',
        { class: 'halves' },
        h('div', {}, numbersView(page), parametersView(page), picturesView(page)),
        h('div', {}, filesView(page), dataView(page), environmentView(page)),
      ),
    ),
  );
}

function picker({ state, send }: ComparePageParts, which: 'left' | 'right'): HTMLElement {
  const side = state[which];
  const other = which === 'left' ? state.right : state.left;
  const choose = (id: string): void =>
    send({
      kind: 'chooseRuns',
      left: which === 'left' ? id : other.run.id,
      right: which === 'left' ? other.run.id : id,
    });
  return h(
    'div',
    { class: 'picker' },
    h('span', {
      class: `swatch series-${which === 'left' ? 0 : 1} dash-${which === 'left' ? 0 : 1}`,
      'aria-hidden': 'true',
    }),
    dropdown({
      id: `${which}Run`,
      name: which === 'left' ? 'First run' : 'Second run',
      value: side.run.id,
      choices: state.choices.map(({ id, text }) => ({ value: id, text })),
      onChange: choose,
    }),
    h(
      'p',
      {},
      stateIcon(side.run),
      ' ',
      bumpOf(side.run),
      ` ${stateInWords(side.run, new Date())} `,
      h('span', { class: 'help' }, `${engineWords(side.run.engine)}, GPU ${side.run.gpu.requested}`),
    ),
  );
}

const lastOf = (side: CompareSide, name: string): number | undefined =>
  side.metrics.find((one) => one.name === name)?.points.at(-1)?.[1];

/** Of the metrics that both have. */
const headline = ({ left, right }: ComparePageState): string | undefined =>
  headlineMetric(right.metrics.map((one) => one.name).filter((name) => lastOf(left, name) !== undefined));

function verdict(state: ComparePageState): HTMLElement {
  const { left, right } = state;
  const name = headline(state);
  const differs = differences(state);
  const what =
    differs.length === 0
      ? 'Nothing that was recorded differs.'
      : `What differs: ${differs.join(', ')}.${differs.length > 1 ? " Two runs can't tell which of these moved it." : ''}`;
  return h(
    'div',
    { class: 'plan', role: 'status' },
    h('p', { class: 'sentence' }, name === undefined ? 'No metric is in both runs.' : headlineWords(left, right, name)),
    h('p', { class: 'help' }, what),
  );
}

function headlineWords(left: CompareSide, right: CompareSide, name: string): string {
  const [a, b] = [lastOf(left, name) ?? 0, lastOf(right, name) ?? 0];
  const change = b - a;
  const how = change === 0 ? 'the same' : `${formatValue(Math.abs(change))} ${change > 0 ? 'higher' : 'lower'}`;
  return `${name} ${formatValue(a)} in ${sideName(left)}, ${formatValue(b)} in ${sideName(right)}: ${how}.`;
}

function differences(state: ComparePageState): string[] {
  const { files, data } = state;
  const parameters = parameterRows(state).filter((row) => row.differs).length;
  const source = files?.changes.filter((change) => !change.madeByTraining).length ?? 0;
  const libraries = libraryRows(state).length;
  const dataFiles = data.added + data.changed + data.removed;
  return [
    ...(parameters === 0 ? [] : [formatNumber(parameters, 'parameter')]),
    ...(source === 0 ? [] : [formatNumber(source, 'source file')]),
    ...(dataFiles > 0 ? [formatNumber(dataFiles, 'data file')] : data.same ? [] : ['the dataset']),
    ...(libraries === 0 ? [] : [formatNumber(libraries, 'library', 'libraries')]),
    ...(computeRows(state).some((row) => row.differs) ? ['the environment'] : []),
  ];
}

function metricsView({ state, choices, choose, folding }: ComparePageParts) {
  const { left, right } = state;
  const names = [...new Set([...right.metrics, ...left.metrics].map((one) => one.name))];
  if (names.length === 0)
    return foldable({ title: 'Metrics' }, folding, h('p', { class: 'help' }, 'Neither run printed metrics.'));
  const charts = names.map((name) => {
    const series = [left, right].flatMap((side, index) => {
      const found = side.metrics.find((one) => one.name === name);
      return found === undefined
        ? []
        : [{ name: sideName(side), points: found.points.map(([x, y]) => ({ x, y })), index }];
    });
    return lineChart({ title: name, note: '', series, logScale: choices.logScale, named: true, wide: true });
  });
  const tools = [checkbox('Log scale', choices.logScale, (logScale) => choose({ logScale }))];
  return foldable(
    { title: 'Metrics', note: 'by step', tools },
    folding,
    h('div', { class: 'charts wide-charts' }, ...charts),
  );
}

function numbersView({ state, folding }: ComparePageParts) {
  const { left, right } = state;
  const names = [...new Set([...right.metrics, ...left.metrics].map((one) => one.name))];
  const rows = names.map((name) => numberRow(name, lastOf(left, name), lastOf(right, name), formatValue));
  const now = new Date();
  rows.push(numberRow('duration', runSeconds(left.run, now), runSeconds(right.run, now), formatSeconds));
  if (left.peakMemory !== null || right.peakMemory !== null)
    rows.push(numberRow('peak memory', left.peakMemory ?? undefined, right.peakMemory ?? undefined, formatBytes));
  return foldable({ title: 'Numbers' }, folding, sidesTable(state, 'Metric, last value', rows, true));
}

function numberRow(
  name: string,
  a: number | undefined,
  b: number | undefined,
  words: (value: number) => string,
): HTMLElement {
  const change = a === undefined || b === undefined ? undefined : b - a;
  const sign = change === undefined || change === 0 ? '' : change > 0 ? '+' : '−';
  const shown = change === undefined ? '' : change === 0 ? 'same' : `${sign}${words(Math.abs(change))}`;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, a === undefined ? 'none' : words(a)),
    h('td', {}, b === undefined ? 'none' : words(b)),
    h('td', {}, shown),
  );
}

function picturesView({ state, choices, choose, folding, send }: ComparePageParts) {
  const { left, right } = state;
  const shared = right.pictures.filter((picture) => left.pictures.some((one) => one.name === picture.name));
  if (shared.length === 0) return false;
  const index = ((choices.picture % shared.length) + shared.length) % shared.length;
  const picture = shared[index];
  const before = left.pictures.find((one) => one.name === picture?.name);
  if (picture === undefined || before === undefined) return false;
  const step = (by: number) => (): void => choose({ picture: index + by });
  const tools =
    shared.length < 2
      ? []
      : [
          button('Previous picture', step(-1), 'icon', 'arrow-left'),
          button('Next picture', step(1), 'icon', 'arrow-right'),
        ];
  const open = (path: string) => (): void => send({ kind: 'openFile', path });
  return foldable(
    { title: 'Pictures', note: `${picture.name}, ${index + 1} of ${shared.length}`, tools },
    folding,
    h(
      'div',
      { class: 'pictures two' },
      figureOf(before, open(before.path), sideName(left)),
      figureOf(picture, open(picture.path), sideName(right)),
    ),
  );
}

function filesView({ state, folding, send }: ComparePageParts) {
  const { files } = state;
  if (files === null)
    return foldable(
      { title: 'Files' },
      folding,
      h('p', { class: 'help' }, 'A version of one of the runs was deleted, so their files cannot be compared.'),
    );
  const { changes, same } = files;
  const made = changes.filter((change) => change.madeByTraining).length;
  const note =
    changes.length === 0
      ? 'all the same'
      : [`${changes.length - made} in the source`, ...(made === 0 ? [] : [`${made} made by training`])].join(', ');
  const tools = changes.length < 2 ? [] : [button('Open all changes', () => send({ kind: 'openAllChanges' }))];
  return foldable(
    { title: 'Files', note, tools },
    folding,
    changes.length > 0 && changeList(changes, (path) => send({ kind: 'openChange', path })),
    h(
      'p',
      { class: 'help' },
      `${formatNumber(same, 'file')} ${same === 1 ? 'is' : 'are'} the same.${changes.length > 0 ? ' Enter opens a file side by side.' : ''}`,
    ),
  );
}
