/** A run of this pipeline, in one strip. */
import { runTitle, stateInWords } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import type { PageMessage } from '../protocol';
import { button } from '../toolkit';
import { arrow, h, icon, versionBox } from './dom';

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
  const [name, colour] = stateIcons[run.state];
  return icon(name, colour);
}

export function bump(run: Run): HTMLElement {
  const text = h('span', { class: 'bump' });
  if (run.from !== '') text.append(versionBox(run.from));
  if (run.version !== '') text.append(' ', arrow(), ' ', versionBox(run.version));
  return text;
}

export function runStrip(run: Run, send: (message: PageMessage) => void): HTMLElement {
  const second = run.problem?.message ?? run.cause?.message ?? run.warnings[0]?.message ?? '';
  const buttons = h(
    'div',
    { class: 'buttons' },
    button('Open run', () => send({ kind: 'openRun', id: run.id })),
  );
  if (hasEnded(run.state)) buttons.append(button('Run again', () => send({ kind: 'runAgain', id: run.id })));
  else buttons.append(button('Stop', () => send({ kind: 'stop', id: run.id }), 'secondary', 'debug-stop'));
  const words = h('div', { class: 'words' }, h('p', {}, h('b', {}, stateInWords(run, new Date())), ' ', bump(run)));
  if (second !== '') words.append(h('p', { class: 'help' }, second));
  return h('div', { class: 'strip', role: 'status', 'aria-label': runTitle(run) }, stateIcon(run), words, buttons);
}
