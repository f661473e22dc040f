/** Why a run failed: the cause, the user's lines as links, what to do next, and what was kept. */
import { causeSentence, formatNumber } from '../../../runner/src/domain/format';
import type { Cause, Frame, Run } from '../../../runner/src/domain/run';
import type { RunPageState } from '../protocol';
import { button } from '../toolkit';
import { h, icon, link, versionBox } from './dom';
import type { RunActions } from './runHead';

export interface FailureActions extends RunActions {
  readonly openFrame: (file: string, line: number) => void;
  readonly copy: (text: string) => void;
  /** Library frames are folded to one line until they are asked for. */
  readonly showFrames: () => void;
}

export const isOwn = (frame: Frame): boolean => !/^(\/|<|[A-Za-z]:)/.test(frame.file) && frame.line > 0;

export const ownFrame = (cause: Cause | null): Frame | undefined => cause?.traceback.findLast(isOwn);

export function failureView(state: RunPageState, actions: FailureActions, allFrames: boolean): HTMLElement | false {
  const { run } = state;
  const { cause } = run;
  if (cause === null || run.state !== 'Failed') return false;
  return h(
    'section',
    { class: 'failure', 'aria-labelledby': 'failure-title' },
    h('h2', { id: 'failure-title' }, icon('error', 'red'), ' ', causeSentence(cause)),
    h(
      'div',
      { class: 'failure-columns' },
      h('div', {}, ...tracebacks(state, cause, actions, allFrames)),
      h('div', {}, nextView(state, cause, actions), keptView(state)),
    ),
  );
}

function tracebacks(state: RunPageState, cause: Cause, actions: FailureActions, allFrames: boolean): HTMLElement[] {
  const { run, sourceChanged } = state;
  if (cause.traceback.length === 0) return [];
  const name = /^(?:.* raised )?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b.*)$/s.exec(
    cause.message,
  )?.[1];
  const shown = h(
    'div',
    { class: 'traceback-box' },
    frameList(cause.traceback, actions, allFrames),
    h('p', { class: 'mono' }, h('b', {}, name ?? cause.message)),
  );
  const copied = cause.traceback.map(
    (frame) => `  File "${frame.file}", line ${frame.line}, in ${frame.function}\n    ${frame.text.trim()}`,
  );
  const head = h(
    'div',
    { class: 'section-head' },
    h('h3', {}, 'Traceback'),
    h(
      'span',
      { class: 'help' },
      sourceChanged ? `Links open the files as they were in ${run.from}.` : 'your lines are links',
    ),
    h(
      'div',
      { class: 'tools' },
      button('Copy traceback', () => actions.copy(`${copied.join('\n')}\n${cause.message}`), 'icon', 'copy'),
    ),
  );
  const chained = cause.chain.map((one) =>
    h(
      'div',
      { class: 'traceback-box' },
      h('p', { class: 'help' }, 'It came from this exception:'),
      frameList(one.traceback, actions, allFrames),
      h('p', { class: 'mono' }, h('b', {}, one.message)),
    ),
  );
  return [head, shown, ...chained];
}

/** Neighbours that are not the user's are one line: "5 frames in torch". */
function frameList(frames: readonly Frame[], actions: FailureActions, allFrames: boolean): HTMLElement {
  const list = h('ol', { class: 'traceback mono' });
  let folded: Frame[] = [];
  const flush = (): void => {
    if (folded.length > 0) list.append(foldedFrames(folded, actions));
    folded = [];
  };
  for (const frame of frames) {
    if (!isOwn(frame) && !allFrames) {
      folded.push(frame);
      continue;
    }
    flush();
    list.append(frameView(frame, actions));
  }
  flush();
  return list;
}

function frameView(frame: Frame, actions: FailureActions): HTMLElement {
  const place = `${frame.file}:${frame.line}`;
  const shown = isOwn(frame) ? link(place, () => actions.openFrame(frame.file, frame.line)) : place;
  return h('li', {}, shown, ` in ${frame.function}`, h('code', {}, frame.text.trim()));
}

function foldedFrames(frames: readonly Frame[], actions: FailureActions): HTMLElement {
  const library =
    /(?:site|dist)-packages[\\/]([^\\/]+)/.exec(frames[0]?.file ?? '')?.[1]?.replace(/\.py$/, '') ?? 'Python';
  return h(
    'li',
    { class: 'folded-frames' },
    `${formatNumber(frames.length, 'frame')} in ${library} `,
    link('Show', () => actions.showFrames()),
  );
}

function nextView({ run }: RunPageState, cause: Cause, actions: FailureActions): HTMLElement {
  const own = ownFrame(cause);
  const steps = stepsOf(run, cause, own);
  const list = h('ol', { class: 'steps' });
  for (const step of steps) list.append(h('li', {}, step));
  const buttons = h('div', { class: 'buttons' });
  if (own !== undefined)
    buttons.append(button(`Open ${own.file}:${own.line}`, () => actions.openFrame(own.file, own.line), 'primary'));
  else buttons.append(button('Show log', () => actions.command('showLog'), 'primary'));
  buttons.append(
    cause.kind === 'out-of-memory' || cause.kind === 'timed-out'
      ? button('Raise the limit', () => actions.command('runWithChanges'))
      : button('Run again', () => actions.command('runAgain')),
  );
  return h('div', {}, h('h3', {}, 'Next'), list, buttons);
}

function stepsOf(run: Run, cause: Cause, own: Frame | undefined): string[] {
  const hint = cause.hint === '' ? [] : [cause.hint];
  if (own !== undefined)
    return [
      ...hint,
      `Fix the line. It is marked in the editor until ${own.file} changes or a run succeeds.`,
      'Run again. What was installed for it is kept.',
    ].slice(0, 3);
  switch (cause.kind) {
    case 'out-of-memory':
      return [...hint, 'Raise the limit, or train with less at a time.'].slice(0, 3);
    case 'lost':
    case 'engine':
      return [...hint, `Look at whether ${run.engine} answers, then run again.`].slice(0, 3);
    default:
      return hint.length > 0 ? hint : ['Read the end of the log, then run again.'];
  }
}

function keptView({ run, published, pictures, files }: RunPageState): HTMLElement {
  const artifacts = pictures.length + files.length;
  const words = ['the log', ...(artifacts === 0 ? [] : [formatNumber(artifacts, 'artifact')])].join(' and ');
  return h(
    'div',
    {},
    h('h3', {}, 'Kept'),
    h(
      'p',
      {},
      ...(published && run.from !== '' ? [versionBox(run.from), ' published for this run, '] : []),
      `${words}. No version was made; ${run.dataset.path} is untouched.`,
    ),
  );
}
