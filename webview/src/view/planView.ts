/** What Run will do, in three lines, or what keeps it from running. */
import { engineTitle, engineWords } from '../../../runner/src/domain/engineFacts';
import type { FieldProblem, PanelState, PlanFacts } from '../protocol';
import { button } from '../toolkit';
import { datasetLine, whyWords } from '../words/planWords';
import { arrow, h, icon, link, versionBox } from './dom';
import { sentence } from './fieldView';
import type { PanelActions } from './panelActions';

export function planView(state: PanelState, problems: readonly FieldProblem[], actions: PanelActions): HTMLElement {
  const [only] = problems;
  if (only?.field === 'engine' && problems.length === 1) return engineView(only, state, actions);
  if (problems.length > 0) return problemsView(problems, actions);
  const { plan } = state;
  const box = h('div', { class: 'plan', role: 'status', 'data-key': 'plan' });
  if (plan === undefined) {
    const text = state.planning ? 'Looking at the package and the dataset.' : 'Choose a package and a dataset.';
    box.append(h('p', { class: 'sentence' }, text), h('p', {}, datasetLine(state)));
    return box;
  }
  box.append(planSentence(state, plan), h('p', {}, datasetLine(state)));
  const why = whyWords(plan);
  if (why === '') return box;
  const line = h('p', { class: 'help' }, why);
  if (plan.publishes && plan.changedSince !== null)
    line.append(
      ' ',
      link('Show changes', () => actions.send({ kind: 'showChanges' })),
    );
  box.append(line);
  return box;
}

/** START → [N.0 →] N.m on ENGINE */
function planSentence({ draft, packages, engines = [] }: PanelState, plan: PlanFacts): HTMLElement {
  const line = h('p', { class: 'sentence' });
  const engine = engines.find((one) => one.name === plan.engine);
  const hasFolder = packages.find((one) => (one.folder ?? one.name) === draft.package)?.folder !== null;
  if (plan.publishes) line.append('Working folder ', arrow(), ' ', versionBox(plan.from, true));
  else if (draft.from === '' && hasFolder) line.append('Working folder, same as ', versionBox(plan.from));
  else line.append(versionBox(plan.from));
  line.append(
    ' ',
    arrow(),
    ' ',
    versionBox(plan.makes, true),
    ` on ${engine === undefined ? engineWords(plan.engine) : engineTitle(engine)}`,
  );
  return line;
}

export const problemCount = (count: number): string => (count === 1 ? '1 problem' : `${count} problems`);

function problemsView(problems: readonly FieldProblem[], { goTo }: PanelActions): HTMLElement {
  const list = h('ul', { class: 'problems' });
  for (const problem of problems) {
    const name = problem.field === '' ? problem.label : link(problem.label, () => goTo(problem.field));
    list.append(h('li', {}, name, `: ${(problem.summary ?? problem.message).replace(/\.$/, '')}`));
  }
  return h(
    'div',
    { class: 'plan invalid', role: 'status', 'data-key': 'plan' },
    h('p', { class: 'sentence' }, icon('error', 'red'), ` Can't run yet: ${problemCount(problems.length)}`),
    h('div', { class: 'indented' }, list, h('p', { class: 'help' }, 'F8 goes to the next problem.')),
  );
}

/** The form stays below and can be edited. */
function engineView(problem: FieldProblem, { draft }: PanelState, { edit, send }: PanelActions): HTMLElement {
  const { fix } = problem;
  const again = button('Try again', () => send({ kind: 'askEngines' }));
  const buttons = h('div', { class: 'buttons' }, again);
  if (fix !== undefined) buttons.append(button(fix.text, () => edit(fix.edit)));
  buttons.append(link('Show log', () => send({ kind: 'command', command: 'showRunnerLog' })));
  return h(
    'div',
    { class: 'plan invalid', role: 'status', 'data-key': 'plan' },
    h(
      'p',
      { class: 'sentence' },
      icon('debug-disconnect', 'red'),
      ` Can't run yet: ${engineWords(draft.engine)} doesn't answer`,
    ),
    h(
      'div',
      { class: 'indented' },
      h('p', {}, sentence(problem.message)),
      h('p', { class: 'help' }, 'Runs in progress there go on. Their logs and versions arrive when it answers.'),
      buttons,
    ),
  );
}
