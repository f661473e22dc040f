/** The sections of a run's page: metrics, resources, artifacts, inputs, results, what the version is made of. */
import { formatBytes, formatNumber, formatSeconds } from '../../../runner/src/domain/format';
import { directionOf, formatValue } from '../../../runner/src/domain/metrics';
import { maskedSecret, type Results } from '../../../runner/src/domain/results';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { ChangeView, FileView, PictureView, RunMessage, RunPageState, UsageView } from '../protocol';
import { button, checkbox } from '../toolkit';
import { areaChart, lineChart } from './chart';
import { h, icon, link, versionBox, type Child } from './dom';
import type { MetricSeries } from './logBuffer';
import { fieldTable, foldable, letterMark, type Folding } from './sections';
import { wish } from './wish';

export interface MetricChoice {
  readonly logScale: boolean;
  readonly asTable: boolean;
  readonly setLogScale: (wanted: boolean) => void;
  readonly setTable: (wanted: boolean) => void;
}

const baseOf = (name: string): string => name.replace(/^(?:val|valid|validation|test|train|eval)[_/]/, '');

/** `loss` and `val_loss` belong into one chart. */
export function chartGroups<T extends { readonly name: string }>(series: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of series) groups.set(baseOf(one.name), [...(groups.get(baseOf(one.name)) ?? []), one]);
  return groups;
}

export function metricsView(run: Run, series: readonly MetricSeries[], choice: MetricChoice, folding: Folding) {
  const live = hasEnded(run.state) ? '' : 'live';
  if (series.length === 0)
    return foldable(
      { title: 'Metrics', note: live },
      folding,
      h('p', { class: 'help' }, 'No metrics. Print {"metric": "loss", "value": 0.3, "step": 1} on a line of its own.'),
    );
  const tools = [
    checkbox('Log scale', choice.logScale, choice.setLogScale),
    button(
      choice.asTable ? 'Show metrics as charts' : 'Show metrics as a table',
      () => choice.setTable(!choice.asTable),
      'icon',
      choice.asTable ? 'graph-line' : 'table',
    ),
  ];
  const body = choice.asTable ? metricTable(series) : metricCharts(series, choice.logScale);
  return foldable({ title: 'Metrics', note: live, tools }, folding, body);
}

function metricCharts(series: readonly MetricSeries[], logScale: boolean): HTMLElement {
  const charts = [...chartGroups(series)].map(([base, group]) => {
    const [only] = group;
    const last = only?.points.at(-1);
    const title = group.length === 1 ? (only?.name ?? base) : base;
    const shown = group.map((one, index) => ({ name: one.name, points: one.points, index }));
    return lineChart({
      title,
      note: noteOf(group.length === 1 ? only : undefined, last),
      series: shown,
      logScale,
      named: group.length > 1,
    });
  });
  return h('div', { class: 'charts' }, ...charts);
}

function noteOf(
  series: MetricSeries | undefined,
  last: { readonly x: number; readonly y: number } | undefined,
): string {
  if (last === undefined) return '';
  const best = series === undefined ? undefined : bestOf(series);
  const isKnown = series !== undefined && best !== undefined && best.y !== last.y;
  return isKnown
    ? `best ${formatValue(best.y)}, last ${formatValue(last.y)}`
    : `${formatValue(last.y)} at step ${last.x}`;
}

function bestOf({ name, points }: MetricSeries) {
  const direction = directionOf(name);
  if (direction === 0) return undefined;
  return points.reduce(
    (best, point) => ((point.y - best.y) * direction > 0 ? point : best),
    points[0] ?? { x: 0, y: 0 },
  );
}

const tableRows = 500;

function metricTable(series: readonly MetricSeries[]): HTMLElement {
  const steps = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].sort((a, b) => a - b);
  const values = series.map((one) => new Map(one.points.map((point) => [point.x, point.y])));
  const shown = steps.slice(-tableRows);
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'step'),
    ...series.map((one) => h('th', { scope: 'col' }, one.name)),
  );
  const body = shown.map((step) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, String(step)),
      ...values.map((one) => h('td', {}, one.has(step) ? formatValue(one.get(step) ?? 0) : '')),
    ),
  );
  const caption =
    shown.length === steps.length ? 'Metrics by step' : `Metrics by step, the last ${shown.length} of ${steps.length}`;
  return h(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Metrics by step' },
    h(
      'table',
      { class: 'numbers-table' },
      h('caption', { class: 'help' }, caption),
      h('thead', {}, head),
      h('tbody', {}, ...body),
    ),
  );
}

const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const cores = (value: number): string =>
  `${value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0${value.toFixed(1) === '1.0' ? 'core' : 'cores'}`;
const percent = (share: number): string => `${Math.round(share * 100)}\u00a0%`;
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

export function resourcesView({ run, limits }: RunPageState, usage: readonly UsageView[], folding: Folding) {
  if (usage.length === 0) return false;
  const ended = hasEnded(run.state);
  const charts: HTMLElement[] = [];
  const add = (
    name: string,
    values: readonly number[],
    words: (value: number) => string,
    most: number | null,
    colour: string,
    all = '',
  ): void => {
    if (values.length === 0) return;
    const peak = largest(values);
    const first = ended ? `mean ${words(mean(values))}` : words(values.at(-1) ?? 0);
    const of = most === null ? '' : all === '' ? ` of ${words(most)}` : ` of ${all}`;
    charts.push(
      areaChart({
        name,
        first,
        second: `peak ${words(peak)}${of}`,
        values,
        most: Math.max(peak, most !== null && most < peak * 8 ? most : 0),
        colour,
      }),
    );
  };
  const gpus = Math.max(0, ...usage.map((point) => point.gpu.length));
  for (let i = 0; i < gpus; i += 1) {
    add(`GPU ${i}`, present(usage.map((point) => point.gpu[i]?.utilization ?? null)), percent, null, 'green');
    add(`GPU ${i} memory`, present(usage.map((point) => point.gpu[i]?.memory ?? null)), formatBytes, null, 'green');
  }
  add(
    'CPU',
    present(usage.map((point) => point.cpu)),
    cores,
    limits.cpus,
    'blue',
    limits.cpus === null ? '' : String(limits.cpus),
  );
  add('Memory', present(usage.map((point) => point.memory)), formatBytes, limits.memory, 'purple');
  if (charts.length === 0) return false;
  const gpuWords = gpus > 0 ? '' : run.gpu.requested === 'none' ? 'GPU: none asked for. ' : 'GPU: not measured. ';
  return foldable(
    { title: 'Resources' },
    folding,
    ...charts,
    h('p', { class: 'help' }, `${gpuWords}Sampled every second.`),
  );
}

export function artifactsView(
  { run, pictures, files }: RunPageState,
  send: (message: RunMessage) => void,
  folding: Folding,
) {
  const all = [...pictures, ...files];
  if (all.length === 0) return false;
  const size = formatBytes(all.reduce((sum, file) => sum + file.bytes, 0));
  const counts = [
    ...(pictures.length === 0 ? [] : [formatNumber(pictures.length, 'picture')]),
    ...(files.length === 0 ? [] : [formatNumber(files.length, pictures.length === 0 ? 'file' : 'other file')]),
  ];
  const note = `${counts.join(', ')}, ${size}${run.state === 'Failed' ? ', written before the failure' : ''}`;
  const open = (path: string) => (): void => send({ kind: 'openFile', path });
  const list = h('ul', { class: 'files' });
  for (const file of files)
    list.append(
      h(
        'li',
        {},
        icon('file'),
        ' ',
        link(file.name, open(file.path)),
        h('span', { class: 'help' }, formatBytes(file.bytes)),
      ),
    );
  return foldable(
    {
      title: 'Artifacts',
      note,
      tools: [
        button('Reveal run folder', () => send({ kind: 'runCommand', command: 'revealRun' }), 'icon', 'folder-opened'),
      ],
    },
    folding,
    pictures.length > 0 &&
      h('div', { class: 'pictures' }, ...pictures.map((picture) => figureOf(picture, open(picture.path)))),
    files.length > 0 && list,
  );
}

export const figureOf = (picture: PictureView, open: () => void, caption?: string): HTMLElement =>
  h(
    'figure',
    {},
    h('img', { src: picture.source, alt: picture.name, loading: 'lazy' }),
    h('figcaption', {}, link(caption ?? picture.name, open), h('span', { class: 'help' }, formatBytes(picture.bytes))),
  );

const secret = (value: string): Child =>
  value === maskedSecret ? h('span', {}, '*** ', h('span', { class: 'help' }, 'secret')) : value;

export function inputsView(run: Run, folding: Folding): HTMLElement {
  const got = run.gpu.got.map((gpu) => gpu.model).filter(Boolean);
  const gpu = got.length === 0 ? run.gpu.requested : `${run.gpu.requested}: ${got.join(', ')}`;
  const rows: (readonly [string, Child])[] = [
    ['package', `${run.package} ${run.from}`.trim()],
    ['train_data', run.dataset.path],
    ['gpu', gpu],
    ...Object.entries(run.parameters).map(([name, value]) => [name, secret(value)] as const),
  ];
  return foldable({ title: 'Inputs' }, folding, fieldTable('What went in', rows));
}

export interface ResultsChoice {
  readonly isRaw: boolean;
  readonly setRaw: (raw: boolean) => void;
}

export function resultsView(
  state: RunPageState,
  choice: ResultsChoice,
  send: (message: RunMessage) => void,
  folding: Folding,
) {
  const { results } = state.run;
  if (results === null) return false;
  const tools = [
    pair('Fields', !choice.isRaw, () => choice.setRaw(false)),
    pair('Raw', choice.isRaw, () => choice.setRaw(true)),
    button('Open _results.json', () => send({ kind: 'runCommand', command: 'showResults' }), 'icon', 'json'),
  ];
  const raw = h('pre', { class: 'raw mono', tabindex: '0', 'aria-label': '_results.json' }, state.raw);
  return foldable({ title: 'Results', tools }, folding, ...(choice.isRaw ? [raw] : resultTables(results)));
}

const pair = (text: string, isOn: boolean, act: () => void): HTMLElement =>
  wish(h('button', { type: 'button', class: 'toggle', 'aria-pressed': String(isOn) }, text), {
    handlers: { click: act },
  });

const when = (seconds: number): string => {
  const time = new Date(seconds * 1000);
  return `${time.toLocaleDateString()} ${time.toLocaleTimeString()}.${String(time.getMilliseconds()).padStart(3, '0')}`;
};

/** In the order of the file. */
function resultTables({ parameters, run_summary: summary }: Results): HTMLElement[] {
  const { inputs, env, pipeline } = parameters;
  const { outputs } = summary;
  const kept = (value: string): string => (value === '' ? 'not kept' : value);
  return [
    fieldTable('Inputs', [
      ['pipeline', pipeline],
      ['package', inputs.package],
      ['version', inputs.version],
      ['train_data', inputs.train_data],
      ['gpu', inputs.gpu],
    ]),
    fieldTable(
      'Parameters',
      Object.entries(env).map(([name, value]) => [name, secret(value)] as const),
    ),
    fieldTable('Times', [
      ['execution_time', formatSeconds(summary.execution_time)],
      ['start_at', when(summary.start_at)],
      ['end_at', when(summary.end_at)],
    ]),
    fieldTable('Outputs', [
      ['train_data', kept(outputs.train_data)],
      ['artifacts_data', kept(outputs.artifacts_data)],
      ['package', outputs.package],
      ['version', outputs.version === '' ? 'none' : outputs.version],
    ]),
  ];
}

export function madeOfView({ run, madeOf }: RunPageState, send: (message: RunMessage) => void, folding: Folding) {
  if (madeOf.length === 0) return false;
  const table = h(
    'table',
    { class: 'made-of' },
    h('caption', { class: 'hidden' }, `What version ${run.version} is made of`),
  );
  for (const { label, text, digest, changes = [], action } of madeOf) {
    const marks = changes.map((change) => h('span', { class: 'change' }, letterMark(change.letter), ` ${change.text}`));
    const cell = h(
      'td',
      {},
      label === 'Code' ? versionBox(run.from) : false,
      label === 'Code' ? ' ' : false,
      text,
      ...marks,
      digest !== undefined && h('span', { class: 'mono help' }, ` ${digest}`),
    );
    const act = action === undefined ? '' : link(action.text, () => send({ kind: 'madeOf', action: action.what }));
    table.append(h('tr', {}, h('th', { scope: 'row', class: 'help' }, label), cell, h('td', { class: 'act' }, act)));
  }
  const tools = [button('Open version.json', () => send({ kind: 'madeOf', action: 'record' }), 'icon', 'json')];
  return foldable(
    { title: `What ${run.version} is made of`, key: 'What it is made of', note: 'version.json, sealed', tools },
    folding,
    table,
  );
}

export const sizesOf = ({ letter, before, after, lines }: ChangeView): string => {
  if (lines !== null) return `+${lines.added} −${lines.removed}`;
  if (letter === 'A') return formatBytes(after);
  return letter === 'D' ? formatBytes(before) : `${formatBytes(before)} to ${formatBytes(after)}`;
};

export function changeList(changes: readonly ChangeView[], open: (path: string) => void): HTMLElement {
  const list = h('ul', { class: 'changes' });
  for (const change of changes)
    list.append(
      h(
        'li',
        {},
        letterMark(change.letter),
        link(change.path, () => open(change.path)),
        h('span', { class: 'help' }, `${sizesOf(change)}${change.madeByTraining ? ', made by training' : ''}`),
      ),
    );
  return list;
}

export function changedSinceView(
  { changedSince }: RunPageState,
  send: (message: RunMessage) => void,
  folding: Folding,
) {
  if (changedSince === null) return false;
  const { version, changes, words } = changedSince;
  return foldable(
    { title: `Changed since the last success, ${version}`, key: 'Changed since the last success' },
    folding,
    changes.length > 0 && changeList(changes, (path) => send({ kind: 'openChange', path })),
    changes.length === 0 && h('p', {}, 'The code is the same.'),
    h('p', { class: 'help' }, words),
  );
}

export type { FileView };
