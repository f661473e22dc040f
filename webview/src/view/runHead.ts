/** The head of a run's page: what it is, how it stands, its phases, and its last numbers. */
import { formatCount, formatSeconds, stateInWords } from '../../../runner/src/domain/format';
import { formatValue } from '../../../runner/src/domain/metrics';
import { activeStates, hasEnded, type Run } from '../../../runner/src/domain/run';
import type { Baseline, RunCommand, RunPageState } from '../protocol';
import { button } from '../toolkit';
import { arrow, h, icon, versionBox } from './dom';
import { engineWords } from './engineWords';
import type { MetricSeries } from './logBuffer';
import { stateIcon } from './runStrip';
import { wish } from './wish';

export interface RunActions {
  readonly command: (command: RunCommand) => void;
  readonly showPhase: (index: number) => void;
}

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (text: string): string => {
  const time = new Date(text);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
};

/** "today 14:02:11 to 14:02:17" */
export function timesInWords(run: Run, now: Date): string {
  const start = new Date(run.startedAt);
  const isToday = start.toDateString() === now.toDateString();
  const day = isToday ? 'today' : `${start.getFullYear()}-${two(start.getMonth() + 1)}-${two(start.getDate())}`;
  return run.endedAt === null
    ? `Since ${day} ${clock(run.startedAt)}`
    : `${isToday ? 'Today' : day} ${clock(run.startedAt)} to ${clock(run.endedAt)}`;
}

function sentenceOf(run: Run): string {
  if (run.problem !== null) return `${run.problem.message} ${run.problem.hint}`;
  const ended = hasEnded(run.state);
  const verb = ended ? (run.state === 'Successful' ? 'Trained ' : '') : 'Training ';
  const cause = run.cause === null ? '' : `Cause: ${run.cause.kind.replaceAll('-', ' ')}. `;
  const from = run.from === '' ? '' : ` from ${run.from}`;
  const files = run.dataset.files === 0 ? '' : `, ${formatCount(run.dataset.files)} files`;
  const rest = ended ? '' : " Closing this window doesn't stop it.";
  return `${cause}${verb}${run.package}${from} with ${run.dataset.path}${files}, on ${engineWords(run.engine)}, GPU ${run.gpu.requested}. ${timesInWords(run, new Date())}.${rest}`;
}

export function bumpOf(run: Run): HTMLElement {
  const text = h('span', { class: 'bump' });
  if (run.from !== '') text.append(versionBox(run.from));
  if (run.version === '') return text;
  if (run.from !== '') text.append(' ', arrow(), ' ');
  text.append(versionBox(run.version, !hasEnded(run.state)));
  return text;
}

export function headView({ run, marks }: RunPageState, actions: RunActions): HTMLElement {
  const { command } = actions;
  const main = hasEnded(run.state)
    ? [
        button('Run again', () => command('runAgain')),
        button('Run with changes', () => command('runWithChanges')),
        button('Compare…', () => command('compareRuns')),
      ]
    : [button('Stop', () => command('stopRun'), 'secondary', 'debug-stop')];
  const star = marks.starred
    ? button('Remove star', () => command('unstarRun'), 'icon', 'star-full')
    : button('Star', () => command('starRun'), 'icon', 'star-empty');
  const words = stateInWords(run, new Date());
  const name = marks.name === null ? '' : marks.name;
  return h(
    'header',
    { class: 'run-head' },
    h(
      'div',
      { class: 'run-title' },
      stateIcon(run),
      h('h1', {}, name === '' ? run.pipeline : name),
      name !== '' && h('span', { class: 'help' }, run.pipeline),
      bumpOf(run),
      // Elapsed time counts on silently; the state is announced when it changes.
      h('span', { class: 'state' }, words),
      h('span', { class: 'hidden', role: 'status' }, run.state),
    ),
    h('div', { class: 'buttons' }, ...main, star, moreMenu(run, actions)),
    h('p', { class: 'help' }, sentenceOf(run)),
    marks.note !== '' && h('p', {}, icon('note'), ` ${marks.note}`),
  );
}

function moreMenu(run: Run, { command }: RunActions): HTMLElement {
  const items: readonly (readonly [string, RunCommand])[] = [
    ['Show log', 'showLog'],
    ...(run.results === null ? [] : [['Open _results.json', 'showResults'] as const]),
    ...(hasEnded(run.state) ? [] : [['Run with changes', 'runWithChanges'] as const]),
    ['Rename…', 'renameRun'],
    ['Note…', 'noteRun'],
    ['Reveal run folder', 'revealRun'],
    ...(hasEnded(run.state) ? [['Delete run…', 'deleteRun'] as const] : []),
  ];
  const summary = h(
    'summary',
    { 'aria-label': 'More actions', title: 'More actions' },
    h('span', { class: 'codicon codicon-ellipsis', 'aria-hidden': 'true' }),
  );
  const list = h('div', { class: 'menu-items' });
  for (const [text, id] of items)
    list.append(
      wish(h('button', { type: 'button' }, text), {
        handlers: {
          click: (event) => {
            closeMenu(event);
            command(id);
          },
        },
      }),
    );
  return wish(h('details', { class: 'menu', 'data-key': 'more' }, summary, list), {
    handlers: {
      keydown: (event) => {
        if ((event as KeyboardEvent).key === 'Escape') closeMenu(event);
      },
    },
  });
}

/** What is unfolded stays so when the page is drawn again, so it is folded here. */
function closeMenu(event: Event): void {
  const menu = (event.currentTarget as HTMLElement).closest('details');
  if (menu === null) return;
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

const colours: Readonly<Record<string, string>> = {
  Scheduled: 'orange',
  Packaging: 'purple',
  'Waiting for resources': 'yellow',
  Running: 'blue',
  Finalizing: 'green',
};

/** Which phase a run that ended badly was in. */
function failedPhase(run: Run): string {
  if (run.state !== 'Failed' && run.state !== 'Killed') return '';
  const kind = run.cause?.kind;
  const inPackaging = kind === 'requirements';
  const named = inPackaging ? 'Packaging' : kind === 'invalid-output' ? 'Finalizing' : 'Running';
  return run.phases.some((phase) => phase.name === named) ? named : (run.phases.at(-1)?.name ?? '');
}

/** Seconds of the phase; the current one counts on. */
function secondsOf(run: Run, name: string, now: Date): number | undefined {
  const known = run.phases.find((phase) => phase.name === name);
  if (hasEnded(run.state)) return known?.seconds ?? 0;
  const isPast = activeStates.findIndex((one) => one === name) < activeStates.findIndex((one) => one === run.state);
  if (name !== run.state) return known?.seconds ?? (isPast ? 0 : undefined);
  const others = run.phases.reduce((sum, phase) => sum + (phase.name === name ? 0 : phase.seconds), 0);
  return Math.max(known?.seconds ?? 0, (now.getTime() - Date.parse(run.startedAt)) / 1000 - others);
}

export function phasesView(run: Run, actions: RunActions, step: string): HTMLElement {
  const now = new Date();
  const failed = failedPhase(run);
  const bar = h('div', { class: 'phases', 'aria-hidden': 'true' });
  const words = h('ol', { class: 'phase-words', 'aria-label': 'Phases' });
  activeStates.forEach((name, i) => {
    const seconds = secondsOf(run, name, now);
    const bad = name === failed && run.state === 'Failed';
    const colour = bad ? 'red' : (colours[name] ?? 'blue');
    if (seconds !== undefined && (seconds > 0 || name === run.state)) {
      const part = h('span', { class: `phase ${colour}` });
      part.style.flexGrow = String(Math.max(seconds, 0.0001));
      bar.append(part);
    }
    words.append(phaseWord(name, i, { seconds, colour, bad, run, step }, actions));
  });
  if (!hasEnded(run.state)) bar.append(h('span', { class: 'phase to-do' }));
  return h('div', { class: 'phase-line' }, bar, words);
}

interface PhaseFacts {
  readonly seconds: number | undefined;
  readonly colour: string;
  readonly bad: boolean;
  readonly run: Run;
  readonly step: string;
}

function phaseWord(name: string, index: number, facts: PhaseFacts, actions: RunActions): HTMLElement {
  const { seconds, colour, bad, run, step } = facts;
  const isNow = name === run.state;
  const time = seconds === undefined ? 'to do' : formatSeconds(seconds);
  const waits = isNow && name === 'Waiting for resources' ? `, GPU ${run.gpu.requested}` : '';
  const dot = h('span', { class: `dot ${seconds === undefined ? 'empty' : colour}`, 'aria-hidden': 'true' });
  const text = `${name}${waits}${bad ? ', failed' : ''}`;
  const label = wish(h('button', { type: 'button', class: 'plain', title: 'Show its place in the log' }, dot, text), {
    handlers: { click: () => actions.showPhase(index) },
  });
  const more = isNow && step !== '' ? `, ${step}` : '';
  return h('li', { class: isNow ? 'now' : '' }, label, h('span', { class: 'help' }, `${time}${more}`));
}

const shownNumbers = 4;

/** The last metrics, against the newest success. */
export function numbersView(run: Run, series: readonly MetricSeries[], baseline: Baseline | null, left: string) {
  if (series.length === 0) return false;
  const list = h('dl', { class: 'numbers' });
  for (const { name, points } of series.slice(0, left === '' ? shownNumbers : shownNumbers - 1)) {
    const last = points.at(-1)?.y;
    if (last === undefined) continue;
    const than = againstBaseline(run, name, last, baseline);
    list.append(h('div', {}, h('dt', { class: 'help' }, name), h('dd', {}, h('b', {}, formatValue(last)), than)));
  }
  if (left !== '')
    list.append(h('div', {}, h('dt', { class: 'help' }, 'left, at this pace'), h('dd', {}, h('b', {}, left))));
  return list;
}

function againstBaseline(run: Run, name: string, last: number, baseline: Baseline | null): HTMLElement | false {
  const before = baseline?.values[name];
  if (baseline === null || before === undefined) return false;
  if (!hasEnded(run.state)) return h('span', { class: 'help' }, ` version ${baseline.version}: ${formatValue(before)}`);
  const change = last - before;
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±';
  return h('span', { class: 'help' }, ` ${sign}${formatValue(Math.abs(change))} vs version ${baseline.version}`);
}
