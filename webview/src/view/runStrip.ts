/** A run of this pipeline, in one strip under the plan. */
import { formatSeconds, runSeconds, runTitle, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { engineWords } from '../../../runner/src/domain/engineFacts';
import type { LiveRun, PanelState } from '../protocol';
import { button } from '../toolkit';
import { outcomeLine, outcomeWords } from '../words/outcomeWords';
import { metricWords } from '../words/metricWords';
import { arrow, h, icon, versionBox } from './dom';
import type { PanelActions } from './panelActions';

export const stateIcons: Readonly<Record<Run['state'], readonly [string, string]>> = {
  Scheduled: ['clock', ''],
  Packaging: ['sync codicon-modifier-spin', 'blue'],
  'Waiting for resources': ['watch', ''],
  Running: ['sync codicon-modifier-spin', 'blue'],
  Finalizing: ['sync codicon-modifier-spin', 'blue'],
  Successful: ['pass', 'green'],
  Failed: ['error', 'red'],
  Killed: ['circle-slash', ''],
};

export function stateIcon(run: Run): HTMLElement {
  if (run.problem !== null && !hasEnded(run.state)) return icon('debug-disconnect', 'yellow');
  if (run.state === 'Failed' && (run.cause?.kind === 'lost' || run.cause?.kind === 'engine'))
    return icon('debug-disconnect', 'red');
  const [name, colour] = stateIcons[run.state];
  return icon(name, colour);
}

/** While it goes on, the version that it is to make is known by its number alone. */
const activeBump = (run: Run, live: LiveRun | undefined): HTMLElement =>
  bump(run.version === '' ? { ...run, version: live?.makes ?? '' } : run);

export function bump(run: Run): HTMLElement {
  const text = h('span', { class: 'bump' });
  if (run.from !== '') text.append(versionBox(run.from));
  if (run.version !== '') text.append(' ', arrow(), ' ', versionBox(run.version, !hasEnded(run.state)));
  return text;
}

const mostStrips = 3;

/** Runs in progress, three at most; else the last one that ended, until it is closed. */
export function runStrips(state: PanelState, closed: ReadonlySet<string>, actions: PanelActions): HTMLElement[] {
  const active = state.runs.filter((run) => !hasEnded(run.state));
  const strips = active.slice(0, mostStrips).map((run) => activeStrip(run, liveOf(state, run.id), actions));
  const more = active.length - mostStrips;
  if (more > 0) strips.push(h('p', { class: 'help', 'data-key': 'more-runs' }, `and ${more} more`));
  if (state.starting === true) strips.unshift(startingStrip());
  if (strips.length > 0) return strips;
  const latest = state.runs.find((run) => hasEnded(run.state));
  return latest === undefined || closed.has(latest.id) ? [] : [endedStrip(state, latest, actions)];
}

const liveOf = ({ live = [] }: PanelState, id: string): LiveRun | undefined => live.find((one) => one.id === id);

function startingStrip(): HTMLElement {
  return h(
    'div',
    { class: 'strip', 'data-key': 'starting' },
    icon('sync codicon-modifier-spin', 'blue'),
    h('div', { class: 'words' }, h('p', { role: 'status' }, h('b', {}, 'Starting the run'))),
  );
}

function activeStrip(run: Run, live: LiveRun | undefined, { send }: PanelActions): HTMLElement {
  const open = button('Open run', () => send({ kind: 'openRun', id: run.id }));
  const stop = button('Stop', () => send({ kind: 'stop', id: run.id }), 'secondary', 'debug-stop');
  const silent = live?.silentSince ?? null;
  const words = silent === null ? heardWords(run, live) : silentWords(run, live, silent);
  const isSilent = silent !== null;
  const strip = h(
    'div',
    { class: 'strip', 'data-key': run.id },
    isSilent ? icon('debug-disconnect', 'yellow') : stateIcon(run),
    words,
    h('div', { class: 'buttons' }, open, !isSilent && stop),
  );
  const progress = isSilent ? undefined : progressBar(live);
  if (progress !== undefined) strip.append(progress);
  return strip;
}

/** State and bump are announced when they change; the time that passes is not. */
function heardWords(run: Run, live: LiveRun | undefined): HTMLElement {
  const time = h('span', { 'aria-hidden': 'true' }, ` ${formatSeconds(Math.round(runSeconds(run, new Date())))}`);
  const status = h(
    'span',
    { role: 'status', 'aria-label': runTitle(run) },
    h('b', {}, run.state, time),
    ' ',
    activeBump(run, live),
  );
  const head = h('p', {}, status);
  for (const fact of factWords(run, live)) head.append(' ', h('span', { class: 'fact' }, fact));
  const line = lineWords(run, live);
  return h('div', { class: 'words' }, head, line !== '' && h('p', { class: 'help mono line' }, line));
}

function factWords(run: Run, live: LiveRun | undefined): string[] {
  if (live === undefined) return [];
  if (run.state !== 'Running') return live.progress === null ? [] : [live.progress.text];
  return [stepWords(live), ...live.metrics.slice(0, 4).map(metricWords)].filter((one) => one !== '');
}

function lineWords(run: Run, live: LiveRun | undefined): string {
  if (run.problem !== null) return run.problem.message;
  return run.state === 'Running' ? (live?.line ?? '') : waitingWords(run);
}

const waitingWords = ({ state }: Run): string =>
  state === 'Waiting for resources' ? 'Starts by itself, also with this window closed.' : '';

function stepWords({ metrics }: LiveRun): string {
  const newest = metrics.findLast((one) => one.step !== null);
  if (newest === undefined) return '';
  return newest.steps === null ? `step ${newest.step ?? 0}` : `step ${newest.step ?? 0} of ${newest.steps}`;
}

function silentWords(run: Run, live: LiveRun | undefined, since: number): HTMLElement {
  const where = engineWords(run.engine);
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  const time = h('span', { 'aria-hidden': 'true' }, ` for ${formatSeconds(seconds)}`);
  const head = h(
    'p',
    {},
    h('span', { role: 'status' }, h('b', {}, `No news from ${where}`, time), ' ', activeBump(run, live)),
  );
  head.append(' ', h('span', { class: 'fact' }, `last heard: ${run.state}`));
  const help = `The run goes on there. Its log continues at the next line when ${where} answers.`;
  return h('div', { class: 'words' }, head, h('p', { class: 'help' }, help));
}

/** Only where the steps are known. */
function progressBar(live: LiveRun | undefined): HTMLElement | undefined {
  const { done = 0, total = 0 } = live === undefined ? {} : (live.progress ?? stepsOf(live));
  if (total <= 0) return undefined;
  const part = Math.min(1, Math.max(0, done / total));
  return h('div', { class: 'bar', 'aria-hidden': 'true' }, h('div', { style: `width: ${(part * 100).toFixed(1)}%` }));
}

function stepsOf({ metrics }: LiveRun): { readonly done?: number; readonly total?: number } {
  const newest = metrics.findLast((one) => one.step !== null && one.steps !== null);
  return newest === undefined ? {} : { done: newest.step ?? 0, total: newest.steps ?? 0 };
}

function endedStrip(state: PanelState, run: Run, actions: PanelActions): HTMLElement {
  const status = h('span', { role: 'status' }, h('b', {}, stateInWords(run, new Date())), ' ', endedBump(run));
  const head = h('p', {}, status);
  const outcome = outcomeWords(state, run);
  if (outcome.text !== '') head.append(' ', h('span', { class: 'fact' }, outcome.text));
  const second = outcomeLine(run, liveOf(state, run.id));
  const close = button('Close', () => actions.closeStrip(run.id), 'icon', 'close');
  return h(
    'div',
    { class: 'strip', 'data-key': run.id },
    stateIcon(run),
    h('div', { class: 'words' }, head, second !== '' && h('p', { class: 'help' }, second)),
    h('div', { class: 'buttons' }, ...endedButtons(run, outcome.against, actions), close),
  );
}

/** What failed made no version; the one that it started from is kept. */
function endedBump(run: Run): HTMLElement {
  if (run.state === 'Successful' || run.from === '') return bump(run);
  return h('span', { class: 'bump' }, 'no version made, ', versionBox(run.from), ' kept');
}

function endedButtons(run: Run, against: Run | undefined, { send }: PanelActions): HTMLElement[] {
  const open = button('Open run', () => send({ kind: 'openRun', id: run.id }));
  if (run.state === 'Successful') {
    const show = button('Show results', () => send({ kind: 'showRunResults', id: run.id }));
    if (against === undefined) return [show, open];
    const compare = (): void => send({ kind: 'compareRuns', id: run.id, other: against.id });
    return [show, button(`Compare with ${against.version}`, compare)];
  }
  const frame = run.cause?.traceback.findLast(({ file }) => !/^(\/|[A-Za-z]:|<)/.test(file));
  if (frame === undefined) return [button('Run again', () => send({ kind: 'runAgain', id: run.id })), open];
  const { file, line } = frame;
  return [button(`Open ${file}:${line}`, () => send({ kind: 'openRunFrame', id: run.id, file, line })), open];
}
