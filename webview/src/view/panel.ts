/** The pipeline panel: what will happen, with what, and whether anything is in the way. */
import { allProblems } from '../draftProblems';
import type { FieldProblem, PanelState } from '../protocol';
import { button } from '../toolkit';
import { costWords } from '../words/environmentWords';
import { advancedSection } from './advancedView';
import { computeSection } from './computeView';
import { datasetSection } from './datasetView';
import { h, icon, redraw } from './dom';
import type { FieldContext } from './fieldView';
import { outputSection } from './outputView';
import { packageSection } from './packageView';
import type { PanelActions } from './panelActions';
import { parametersSection } from './parametersView';
import { planView, problemCount } from './planView';
import { railView } from './railView';
import { runStrips } from './runStrip';
import { runnerView, situationView, untrustedView } from './situationView';

export interface PanelLook {
  /** Below 960 px: one column, the rail folded. */
  readonly isNarrow: boolean;
  readonly closed: ReadonlySet<string>;
}

export function drawPanel(root: HTMLElement, state: PanelState, actions: PanelActions, look: PanelLook): void {
  const { situation = 'ready' } = state;
  const isFormless = situation === 'no-folder' || situation === 'virtual' || state.packages.length === 0;
  if (isFormless) return redraw(root, situationView(situation, actions));
  const problems = allProblems(state);
  const context: FieldContext = { problems, actions };
  const page = h(
    'div',
    { class: 'panel-page' },
    mainView(state, context, look),
    railView(state, problems, actions, look.isNarrow),
  );
  redraw(root, page, footer(state, problems, actions));
}

function mainView(state: PanelState, context: FieldContext, look: PanelLook): HTMLElement {
  const { draft, saved, situation, runner = 'up' } = state;
  const { actions, problems } = context;
  const words = saved
    ? 'Saved'
    : draft.name === ''
      ? 'Not saved yet. Run uses what you see.'
      : 'Edited, not saved. Run uses what you see.';
  return h(
    'main',
    { class: 'panel' },
    h('header', {}, h('h1', {}, draft.name === '' ? 'New pipeline' : draft.name), h('span', { class: 'help' }, words)),
    runner !== 'up' && runnerView(runner, actions),
    situation === 'untrusted' ? untrustedView(actions) : planView(state, problems, actions),
    ...runStrips(state, look.closed, actions),
    h(
      'form',
      { 'data-key': 'form', 'aria-label': 'Pipeline' },
      packageSection(state, context),
      datasetSection(state, context),
      computeSection(state, context),
      parametersSection(state, context),
      outputSection(state, context),
      advancedSection(state, context),
    ),
  );
}

function footer(state: PanelState, problems: readonly FieldProblem[], actions: PanelActions): HTMLElement {
  const { draft, situation } = state;
  const run = button('Run', actions.run, 'primary', 'play');
  run.id = 'run';
  const words =
    situation === 'untrusted'
      ? h('span', { class: 'help' }, 'Nothing runs in a workspace that is not trusted.')
      : problems.length > 0
        ? h(
            'span',
            { class: 'help' },
            icon('error', 'red'),
            ` ${problemCount(problems.length)}. Run goes to the first.`,
          )
        : h('span', { class: 'help' }, costWords(state));
  return h(
    'footer',
    { class: 'panel-footer' },
    h(
      'div',
      { class: 'buttons' },
      run,
      h('kbd', {}, 'Ctrl+Enter'),
      button('Save', () => actions.send({ kind: 'save', draft, as: false })),
      button('Save as…', () => actions.send({ kind: 'save', draft, as: true })),
    ),
    words,
  );
}
