/** The log of a run: appended to and never drawn anew, so that it can be long; searched, and followed until the user scrolls up. */
import { parseMetric } from '../../../runner/src/domain/metrics';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { LogLine, PageMessage } from '../protocol';
import { button, textField } from '../toolkit';
import { ansiSpans } from './ansi';
import { h, section } from './dom';

/** Lines of the log by their number in the file; the oldest are forgotten. */
export interface LogBuffer {
  readonly first: number;
  readonly lines: readonly LogLine[];
}

const keptLines = 100_000;
const shownLines = 20_000;

export function appendLines(buffer: LogBuffer, from: number, lines: readonly LogLine[]): LogBuffer {
  const isNext = from >= buffer.first && from <= buffer.first + buffer.lines.length;
  if (!isNext) return { first: from, lines };
  const all = [...buffer.lines.slice(0, from - buffer.first), ...lines];
  const over = Math.max(0, all.length - keptLines);
  return { first: buffer.first + over, lines: over === 0 ? all : all.slice(over) };
}

interface Drawn {
  first: number;
  lines: LogLine[];
  matches: HTMLElement[];
  current: number;
}
const drawn = new WeakMap<HTMLElement, Drawn>();

export function logSection(run: Run, buffer: LogBuffer, send: (message: PageMessage) => void): HTMLElement {
  const { lines } = buffer;
  const search = textField({
    id: 'logSearch',
    name: 'Search the log',
    value: '',
    placeholder: 'Search the log',
    onInput: (text) => find(text),
  });
  const log = h('div', {
    class: 'log mono',
    role: 'log',
    'aria-live': 'off',
    tabindex: '0',
    id: 'log',
    'aria-label': 'Log',
    'data-keep': '',
  });
  const tools = h(
    'div',
    { class: 'buttons log-tools' },
    search,
    h('span', { class: 'help', id: 'logMatches', role: 'status', 'data-keep': '' }),
    button('Open log in an editor', () => send({ kind: 'showLog' })),
  );
  const errors = lines.filter((line) => line.stream === 'stderr').length;
  const more = lines.length > shownLines ? `; the last ${shownLines.toLocaleString('en')} are shown` : '';
  const said = lines.length === 1 ? '1 line' : `${lines.length.toLocaleString('en')} lines`;
  const count = errors === 0 ? `${said}${more}` : `${said}, ${errors.toLocaleString('en')} on stderr (marked)${more}`;
  return section(
    'Log',
    tools,
    log,
    h('p', { class: 'help' }, lines.length === 0 && hasEnded(run.state) ? 'The run printed nothing.' : count),
  );
}

function stateOf(log: HTMLElement, first = 0): Drawn {
  const known = drawn.get(log) ?? { first, lines: [], matches: [], current: -1 };
  drawn.set(log, known);
  return known;
}

/** Brings what is on the screen up to the buffer. */
export function fillLog(buffer: LogBuffer): void {
  const log = document.getElementById('log');
  if (log === null) return;
  const known = stateOf(log, buffer.first);
  const isFollowing = log.scrollTop + log.clientHeight >= log.scrollHeight - 24;
  const start = Math.max(buffer.first, buffer.first + buffer.lines.length - shownLines);
  const wanted = buffer.lines.slice(start - buffer.first);
  const same = keepSame(log, known, start, wanted);
  while (log.childNodes.length > same) log.lastChild?.remove();
  const began = Date.parse(buffer.lines[0]?.time ?? '');
  log.append(...wanted.slice(same).map((line) => lineView(line, began)));
  known.first = start;
  known.lines = wanted;
  if (isFollowing) log.scrollTop = log.scrollHeight;
}

/** Drops what fell out at the top; answers how many lines are right as they are. */
function keepSame(log: HTMLElement, known: Drawn, start: number, wanted: readonly LogLine[]): number {
  const shift = start - known.first;
  if (shift < 0 || shift > known.lines.length) return 0;
  for (let i = 0; i < shift; i += 1) log.firstChild?.remove();
  known.lines = known.lines.slice(shift);
  const differs = known.lines.findIndex((line, i) => line !== wanted[i]);
  return differs === -1 ? known.lines.length : differs;
}

function lineView(line: LogLine, began: number): HTMLElement {
  const time = (Math.max(0, Date.parse(line.time) - began) / 1000).toFixed(1);
  const mark = line.stream === 'stderr' && h('span', { class: 'hidden' }, 'stderr: ');
  const kind = parseMetric(line.text) === undefined ? '' : ' metric';
  return h(
    'div',
    { class: `line ${line.stream}${kind}` },
    h('span', { class: 'time' }, time),
    h('span', { class: 'text' }, mark, ...ansiSpans(line.text)),
  );
}

function find(text: string): void {
  const log = document.getElementById('log');
  if (log === null) return;
  const state = stateOf(log);
  for (const match of state.matches) match.classList.remove('match', 'current');
  const wanted = text.toLowerCase();
  const lines = [...log.children].filter((one): one is HTMLElement => one instanceof HTMLElement);
  state.matches = wanted === '' ? [] : lines.filter((line) => line.textContent.toLowerCase().includes(wanted));
  for (const match of state.matches) match.classList.add('match');
  state.current = -1;
  if (wanted === '') say('');
  else nextMatch(1);
}

/** F3 and Shift+F3. */
export function nextMatch(step: 1 | -1): void {
  const log = document.getElementById('log');
  const state = log === null ? undefined : stateOf(log);
  if (state === undefined || state.matches.length === 0) return say('no match');
  const { matches } = state;
  matches[state.current]?.classList.remove('current');
  state.current = (state.current + step + matches.length) % matches.length;
  matches[state.current]?.classList.add('current');
  matches[state.current]?.scrollIntoView({ block: 'nearest' });
  say(`${state.current + 1} of ${matches.length}`);
}

function say(text: string): void {
  const place = document.getElementById('logMatches');
  if (place !== null) place.textContent = text;
}
