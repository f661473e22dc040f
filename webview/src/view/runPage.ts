/** Run details: did it work, what did it make, how good is it, why not. */
import { formatSeconds } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { RunMessage, RunPageState, UsageView } from '../protocol';
import { button, checkbox, textField } from '../toolkit';
import { h, icon, redraw } from './dom';
import type { LogBuffer, MetricStore, MetricSeries } from './logBuffer';
import { countInWords, type LogView } from './logView';
import { failureView, type FailureActions } from './runFailure';
import { headView, numbersView, phasesView } from './runHead';
import * as parts from './runSections';
import { foldable, type Folding } from './sections';

/** What the user chose on this page; kept while it is open. */
export interface RunPageChoices {
  readonly logScale: boolean;
  readonly asTable: boolean;
  readonly isRaw: boolean;
  readonly wholeLog: boolean;
  readonly wraps: boolean;
  readonly allFrames: boolean;
}

export const firstChoices: RunPageChoices = {
  logScale: false,
  asTable: false,
  isRaw: false,
  wholeLog: false,
  wraps: true,
  allFrames: false,
};

export interface RunPageParts {
  readonly state: RunPageState;
  /** The same object while they are the same. */
  readonly packageFiles: ReadonlySet<string>;
  readonly buffer: LogBuffer;
  readonly metrics: MetricStore;
  readonly usage: readonly UsageView[];
  readonly log: LogView;
  readonly folding: Folding;
  readonly choices: RunPageChoices;
  readonly choose: (part: Partial<RunPageChoices>) => void;
  readonly send: (message: RunMessage) => void;
}

/** When Running began, in milliseconds. */
export function runningSince(run: Run): number {
  const before = run.phases.slice(
    0,
    Math.max(
      0,
      run.phases.findIndex((phase) => phase.name === 'Running'),
    ),
  );
  return Date.parse(run.startedAt) + before.reduce((sum, phase) => sum + phase.seconds, 0) * 1000;
}

export function drawRunPage(root: HTMLElement, page: RunPageParts): void {
  const { state, metrics, send } = page;
  const { run } = state;
  const actions = actionsOf(page);
  const { series } = metrics;
  const steps = stepsOf(run, series, metrics.steps);
  redraw(
    root,
    h(
      'main',
      { class: 'run' },
      headView(state, actions),
      phasesView(run, actions, steps.words),
      ...run.warnings.map((warning) => h('p', { class: 'warning' }, icon('warning', 'yellow'), ` ${warning.message}`)),
      numbersView(run, series, state.baseline, steps.left),
      failureView(state, actions, page.choices.allFrames),
      columns(page, series),
      parts.madeOfView(state, send, page.folding),
    ),
  );
  mountLog(page);
}

function columns(page: RunPageParts, series: readonly MetricSeries[]): HTMLElement {
  const { state, usage, choices, choose, send, folding } = page;
  const { run } = state;
  const choice = {
    logScale: choices.logScale,
    asTable: choices.asTable,
    setLogScale: (logScale: boolean) => choose({ logScale }),
    setTable: (asTable: boolean) => choose({ asTable }),
  };
  const metrics = parts.metricsView(run, series, choice, folding);
  const resources = parts.resourcesView(state, usage, folding);
  const artifacts = parts.artifactsView(state, send, folding);
  const results = parts.resultsView(
    state,
    { isRaw: choices.isRaw, setRaw: (isRaw) => choose({ isRaw }) },
    send,
    folding,
  );
  const inputs = parts.inputsView(run, folding);
  const log = logSection(page);
  if (!hasEnded(run.state)) return twoColumns([log, metrics], [resources, inputs]);
  if (run.state === 'Successful') return twoColumns([metrics, artifacts, log], [results, resources]);
  const changed = parts.changedSinceView(state, send, folding);
  return twoColumns([log, artifacts, series.length > 0 && metrics], [inputs, changed, resources, results]);
}

const twoColumns = (main: readonly (HTMLElement | false)[], aside: readonly (HTMLElement | false)[]): HTMLElement =>
  h('div', { class: 'columns' }, h('div', {}, ...main), h('aside', { 'aria-label': 'More about this run' }, ...aside));

/** "step 38 of 60" and the time left, only where the number of steps is known. */
function stepsOf(run: Run, series: readonly MetricSeries[], steps: number | null): { words: string; left: string } {
  const longest = series.map((one) => one.points).sort((a, b) => b.length - a.length)[0] ?? [];
  const [first, last] = [longest[0], longest.at(-1)];
  if (hasEnded(run.state) || steps === null || last === undefined || first === undefined)
    return { words: '', left: '' };
  const words = `step ${last.x} of ${steps}`;
  const pace = last.x > first.x ? (last.time - first.time) / (last.x - first.x) : 0;
  const left = pace > 0 && steps > last.x ? formatSeconds((pace * (steps - last.x)) / 1000) : '';
  return { words, left };
}

function actionsOf({ state, log, choose, send }: RunPageParts): FailureActions {
  const { run } = state;
  return {
    command: (command) => send({ kind: 'runCommand', command }),
    openFrame: (file, line) => send({ kind: 'openFrame', file, line }),
    copy: (text) => send({ kind: 'copy', text }),
    showFrames: () => choose({ allFrames: true }),
    showPhase: (index) => {
      const before = run.phases.slice(0, index).reduce((sum, phase) => sum + phase.seconds, 0);
      choose({ wholeLog: true });
      log.showTime(Date.parse(run.startedAt) + before * 1000);
    },
  };
}

function logSection(page: RunPageParts): HTMLElement {
  const { state, buffer, log, folding } = page;
  const { run } = state;
  const { isFollowing, unseen } = log.status;
  const isEmpty = buffer.lines.length === 0 && hasEnded(run.state);
  const news = unseen === 1 ? '1 new line' : `${unseen.toLocaleString('en')} new lines`;
  return foldable(
    { title: 'Log', tools: logTools(page) },
    folding,
    h('div', { class: 'log-place', 'data-key': 'log-place', id: 'log-place', 'data-keep': '' }),
    unseen > 0 && !isFollowing && button(news, () => log.follow(true), 'secondary', 'arrow-down'),
    h(
      'div',
      { class: 'log-foot help' },
      h('span', {}, isEmpty ? 'The run printed nothing.' : countInWords(buffer)),
      h('span', {}, freshness(run, buffer)),
    ),
  );
}

/** Of a success the end is shown until more is asked for. */
const isTail = ({ state, choices }: RunPageParts): boolean => state.run.state === 'Successful' && !choices.wholeLog;

function logTools(page: RunPageParts): (HTMLElement | false)[] {
  const { state, log, choices, choose, send } = page;
  const { matches, isFollowing } = log.status;
  const search = (text: string): void => {
    if (isTail(page)) choose({ wholeLog: true });
    log.find(text);
  };
  const wraps = choices.wraps ? 'Do not wrap lines' : 'Wrap lines';
  return [
    textField({
      id: 'logSearch',
      name: 'Search the log',
      value: '',
      placeholder: 'Search the log',
      onInput: search,
    }),
    h('span', { class: 'help', id: 'logMatches', role: 'status' }, matches),
    matches !== '' && button('Previous match', () => log.go(-1), 'icon', 'arrow-up'),
    matches !== '' && button('Next match', () => log.go(1), 'icon', 'arrow-down'),
    !hasEnded(state.run.state) && checkbox('Follow', isFollowing, (wanted) => log.follow(wanted)),
    isTail(page) && button('Show whole log', () => choose({ wholeLog: true })),
    button(wraps, () => choose({ wraps: !choices.wraps }), 'icon', 'word-wrap'),
    button('Open log in an editor', () => send({ kind: 'runCommand', command: 'showLog' }), 'icon', 'go-to-file'),
  ];
}

/** "Live, last line 0.2 s ago" or "Ended 14:17:23". */
function freshness(run: Run, { lines }: LogBuffer): string {
  if (run.endedAt !== null) return `Ended ${new Date(run.endedAt).toLocaleTimeString()}`;
  const last = Date.parse(lines.at(-1)?.time ?? '');
  if (run.problem !== null) return run.problem.message;
  return Number.isNaN(last)
    ? 'Live'
    : `Live, last line ${formatSeconds(Math.max(0, Math.round((Date.now() - last) / 1000)))} ago`;
}

/** The log is an element of its own that no redrawing touches. */
function mountLog(page: RunPageParts): void {
  const { state, packageFiles, buffer, log, choices } = page;
  const place = document.getElementById('log-place');
  if (place === null) return;
  if (log.element.parentElement !== place) place.replaceChildren(log.element);
  place.classList.toggle('tail', isTail(page));
  place.classList.toggle('live', !hasEnded(state.run.state));
  log.wrap(choices.wraps);
  log.describe(runningSince(state.run), packageFiles);
  log.take(buffer);
}
