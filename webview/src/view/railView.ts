/** The checks that really ran, and the last three runs; folded to one line where the page is narrow. */
import { formatSeconds, formatWhen, runSeconds } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { FieldProblem, PanelState } from '../protocol';
import { button } from '../toolkit';
import { checkLines, checkSummary, type CheckLine } from '../words/checkWords';
import { headlineOf, metricWords } from '../words/metricWords';
import { arrow, h, icon } from './dom';
import type { PanelActions } from './panelActions';
import { stateIcon } from './runStrip';
import { wish } from './wish';

const shownRuns = 3;

export function railView(
  state: PanelState,
  problems: readonly FieldProblem[],
  actions: PanelActions,
  isNarrow: boolean,
): HTMLElement {
  const lines = checkLines(state, problems);
  const runs = state.runs.filter((run) => hasEnded(run.state)).slice(0, shownRuns);
  const body = [checksView(lines, actions), runs.length > 0 && recentView(state, runs, actions)];
  if (!isNarrow) return h('aside', { 'aria-label': 'Checks and recent runs', 'data-key': 'rail' }, ...body);
  const summary = checkSummary(lines);
  const fold = h('summary', {}, icon(...iconOf(summary.state)), h('span', {}, summary.text));
  const details = h('details', { class: 'rail-fold' }, fold, ...body);
  return h('aside', { 'aria-label': 'Checks and recent runs', 'data-key': 'rail-narrow' }, details);
}

function iconOf(state: CheckLine['state']): [string, string] {
  switch (state) {
    case 'passed':
      return ['pass', 'green'];
    case 'failed':
      return ['error', 'red'];
    case 'warning':
      return ['info', 'blue'];
    default:
      return ['circle-slash', ''];
  }
}

const spoken: Readonly<Record<CheckLine['state'], string>> = {
  passed: 'passed: ',
  failed: 'failed: ',
  warning: 'note: ',
  unchecked: '',
};

function checksView(lines: readonly CheckLine[], { send }: PanelActions): HTMLElement {
  const list = h('ul', { class: 'checks' });
  for (const { name, state, text } of lines) {
    const said = h('span', { class: 'hidden' }, spoken[state]);
    list.append(
      h('li', { 'data-key': name }, icon(...iconOf(state)), h('span', {}, h('b', {}, name), ' ', said, text)),
    );
  }
  const again = button('Check again', () => send({ kind: 'checkAgain' }), 'icon', 'refresh');
  return h('div', {}, h('div', { class: 'rail-head' }, h('h2', {}, 'Checks'), again), list);
}

function recentView(state: PanelState, runs: readonly Run[], { send }: PanelActions): HTMLElement {
  const list = h('ul', { class: 'recent-runs' });
  const now = new Date();
  for (const run of runs) {
    const title = h('span', { class: 'run-bump' }, run.from);
    if (run.version !== '') title.append(' ', arrow(), ' ', run.version);
    const open = wish(
      h('button', { class: 'run-link', type: 'button' }, title, h('span', { class: 'help' }, whenWords(run, now))),
      { handlers: { click: () => send({ kind: 'openRun', id: run.id }) } },
    );
    const line = h(
      'li',
      { 'data-key': run.id },
      stateIcon(run),
      h('div', {}, open, h('p', { class: 'help' }, runWords(state, run))),
    );
    list.append(line);
  }
  const name = state.draft.name === '' ? 'this package' : state.draft.name;
  return h('div', { class: 'recent-box' }, h('h2', {}, `Recent runs of ${name}`), list);
}

function whenWords(run: Run, now: Date): string {
  return formatWhen(new Date(run.endedAt ?? run.startedAt), now).replace(
    /^(today|yesterday|[A-Z]\w+day) .*$/,
    (all, day: string) => (day === 'today' ? all : day),
  );
}

/** "6.1 s, val_accuracy 0.949", "stopped after 2.4 s", or the cause. */
function runWords({ live = [] }: PanelState, run: Run): string {
  const time = formatSeconds(runSeconds(run, new Date()));
  if (run.state === 'Killed') return `stopped after ${time}`;
  if (run.state === 'Failed') return `failed after ${time}: ${run.cause?.message ?? ''}`;
  const metric = headlineOf(live.find((one) => one.id === run.id)?.metrics ?? []);
  return metric === undefined ? time : `${time}, ${metricWords(metric)}`;
}
