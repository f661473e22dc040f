/** Run details: did it work, what did it make, how good is it, why not. */
import { formatBytes, formatSeconds, stateInWords } from '../../../runner/src/domain/format';
import { parseMetric } from '../../../runner/src/domain/metrics';
import { hasEnded, type Frame, type Run } from '../../../runner/src/domain/run';
import type { LogLine, PageMessage, RunPageState } from '../protocol';
import { button } from '../toolkit';
import { chart, type Series } from './chart';
import { engineWords } from './engineWords';
import { h, icon, link, redraw, section } from './dom';
import { fillLog, logSection, type LogBuffer } from './logView';
import { bump, stateIcon } from './runStrip';

export function drawRunPage(
  root: HTMLElement,
  state: RunPageState,
  buffer: LogBuffer,
  send: (message: PageMessage) => void,
): void {
  const { lines } = buffer;
  const { run } = state;
  redraw(
    root,
    h(
      'main',
      { class: 'run' },
      headView(run, send),
      phasesView(run),
      run.cause !== null && run.state === 'Failed' && failureView(run, send),
      ...run.warnings.map((warning) => h('p', { class: 'warning' }, icon('warning', 'yellow'), ` ${warning.message}`)),
      h(
        'div',
        { class: 'columns' },
        h('div', {}, metricsView(run, lines), artifactsView(state, send), logSection(run, buffer, send)),
        h('aside', {}, resultsView(run), state.madeOf.length > 0 && madeOfView(state)),
      ),
    ),
  );
  fillLog(buffer);
}

function headView(run: Run, send: (message: PageMessage) => void): HTMLElement {
  const times = `${new Date(run.startedAt).toLocaleTimeString()}${run.endedAt === null ? '' : ` to ${new Date(run.endedAt).toLocaleTimeString()}`}`;
  const sentence = `${run.package}${run.from === '' ? '' : ` from ${run.from}`} with ${run.dataset.path}, on ${engineWords(run.engine)}, GPU ${run.gpu.requested}. ${times}.`;
  const buttons = h('div', { class: 'buttons' });
  if (hasEnded(run.state)) buttons.append(button('Run again', () => send({ kind: 'runAgain', id: run.id })));
  else buttons.append(button('Stop', () => send({ kind: 'stop', id: run.id }), 'secondary', 'debug-stop'));
  if (run.results !== null) buttons.append(button('Open _results.json', () => send({ kind: 'showResults' })));
  return h(
    'header',
    { class: 'run-head' },
    h(
      'h1',
      {},
      stateIcon(run),
      ` ${run.pipeline} `,
      bump(run),
      ' ',
      h('span', { class: 'state' }, stateInWords(run, new Date())),
    ),
    buttons,
    h('p', {}, run.problem === null ? sentence : `${run.problem.message} ${run.problem.hint}`),
  );
}

const colours = ['orange', 'purple', 'yellow', 'blue', 'green'];

function phasesView(run: Run): HTMLElement {
  const total = Math.max(
    0.001,
    run.phases.reduce((sum, phase) => sum + phase.seconds, 0),
  );
  const bar = h('div', { class: 'phases', 'aria-hidden': 'true' });
  const words = h('ul', { class: 'phase-words' });
  run.phases.forEach((phase, i) => {
    const failed = run.state === 'Failed' && phase.name === 'Running';
    const part = h('span', { class: `phase ${failed ? 'red' : (colours[i] ?? 'blue')}` });
    part.style.flexGrow = String(phase.seconds / total);
    bar.append(part);
    words.append(
      h(
        'li',
        {},
        h('span', { class: `dot ${failed ? 'red' : (colours[i] ?? 'blue')}`, 'aria-hidden': 'true' }),
        `${phase.name}${failed ? ', failed' : ''}`,
        h('br'),
        formatSeconds(phase.seconds),
      ),
    );
  });
  return h('div', {}, bar, words);
}

function failureView(run: Run, send: (message: PageMessage) => void): HTMLElement {
  const { cause } = run;
  if (cause === null) return h('div');
  const frames = h('ol', { class: 'traceback mono' });
  for (const frame of cause.traceback)
    frames.append(
      h(
        'li',
        {},
        isOwn(frame)
          ? link(`${frame.file}:${frame.line}`, () => send({ kind: 'openFrame', file: frame.file, line: frame.line }))
          : `${frame.file}:${frame.line}`,
        ` in ${frame.function}`,
        h('code', {}, frame.text.trim()),
      ),
    );
  const own = cause.traceback.filter(isOwn).at(-1);
  const card = h(
    'section',
    { class: 'failure', 'aria-label': 'Failure' },
    h('h2', {}, icon('error', 'red'), ` ${cause.message}`),
  );
  if (cause.traceback.length > 0) card.append(frames);
  if (cause.hint !== '') card.append(h('p', {}, cause.hint));
  const buttons = h('div', { class: 'buttons' });
  if (own !== undefined)
    buttons.append(
      button(
        `Open ${own.file}:${own.line}`,
        () => send({ kind: 'openFrame', file: own.file, line: own.line }),
        'primary',
      ),
    );
  buttons.append(button('Show log', () => send({ kind: 'showLog' })));
  card.append(buttons, h('p', { class: 'help' }, 'No version was made; the log and the artifacts are kept.'));
  return card;
}

const isOwn = (frame: Frame): boolean => !frame.file.startsWith('/') && !frame.file.startsWith('<') && frame.line > 0;

function metricsView(run: Run, lines: readonly LogLine[]): HTMLElement {
  const series = new Map<string, Series>();
  for (const line of lines) {
    const metric = line.stream === 'stdout' ? parseMetric(line.text) : undefined;
    if (metric === undefined) continue;
    const known = series.get(metric.metric) ?? { name: metric.metric, points: [] };
    known.points.push({ x: metric.step ?? known.points.length, y: metric.value });
    series.set(metric.metric, known);
  }
  if (series.size === 0)
    return section(
      'Metrics',
      h(
        'p',
        { class: 'help' },
        hasEnded(run.state)
          ? 'No metrics. Print {"metric": "loss", "value": 0.3, "step": 1} on a line of its own.'
          : 'No metrics yet.',
      ),
    );
  return section('Metrics', h('div', { class: 'charts' }, ...[...series.values()].map(chart)));
}

function artifactsView({ pictures, files }: RunPageState, send: (message: PageMessage) => void): HTMLElement | false {
  if (pictures.length + files.length === 0) return false;
  const grid = h('div', { class: 'pictures' });
  for (const picture of pictures)
    grid.append(
      h(
        'figure',
        {},
        h('img', { src: picture.source, alt: picture.name }),
        h(
          'figcaption',
          {},
          link(picture.name, () => send({ kind: 'openFile', path: picture.path })),
          ` ${formatBytes(picture.bytes)}`,
        ),
      ),
    );
  const list = h('ul', { class: 'files' });
  for (const file of files)
    list.append(
      h(
        'li',
        {},
        link(file.name, () => send({ kind: 'openFile', path: file.path })),
        ` ${formatBytes(file.bytes)}`,
      ),
    );
  return section('Artifacts', grid, files.length > 0 && list);
}

function resultsView(run: Run): HTMLElement | false {
  const { results } = run;
  if (results === null) return false;
  const { inputs, env } = results.parameters;
  const { outputs, execution_time: seconds } = results.run_summary;
  const kept = (value: string): string => (value === '' ? 'not kept' : value);
  return section(
    'Results',
    fields('Outputs', [
      ['package', outputs.package],
      ['version', outputs.version === '' ? 'none' : outputs.version],
      ['artifacts_data', kept(outputs.artifacts_data)],
      ['train_data', kept(outputs.train_data)],
    ]),
    fields('Inputs', [
      ['package', inputs.package],
      ['version', inputs.version],
      ['train_data', inputs.train_data],
      ['gpu', inputs.gpu],
    ]),
    fields('Parameters', Object.entries(env)),
    fields('Times', [['execution_time', formatSeconds(seconds)]]),
  );
}

function fields(title: string, rows: readonly (readonly [string, string])[]): HTMLElement {
  const table = h('table', { class: 'fields' }, h('caption', {}, title));
  for (const [name, value] of rows)
    table.append(h('tr', {}, h('th', { scope: 'row', class: 'mono' }, name), h('td', { class: 'mono' }, value)));
  return table;
}

const madeOfView = ({ run, madeOf }: RunPageState): HTMLElement =>
  section(
    `What ${run.version} is made of`,
    fields(
      'Seal',
      madeOf.map(({ label, text }) => [label, text] as const),
    ),
  );
