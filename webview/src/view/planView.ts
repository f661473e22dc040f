/** What Run will do, in one sentence, or what keeps it from running. */
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import type { PanelState } from '../protocol';
import { engineWords } from './engineWords';
import { arrow, h, icon, link, versionBox } from './dom';

export function planView(state: PanelState, goTo: (field: string) => void): HTMLElement {
  const { problems } = state;
  if (problems.length > 0) return problemsView(state, goTo);
  const { plan } = state;
  const box = h('div', { class: 'plan', role: 'status' });
  if (plan === undefined) {
    box.append(
      h('p', { class: 'sentence' }, state.planning ? 'Looking at the package…' : 'Choose a package and a dataset.'),
    );
    return box;
  }
  const start = plan.publishes
    ? 'Working folder'
    : plan.why.startsWith('Nothing')
      ? 'Working folder, same as'
      : 'Version';
  const sentence = h('p', { class: 'sentence' }, start, ' ');
  if (plan.publishes) sentence.append(arrow(), ' ', versionBox(plan.from, true));
  else sentence.append(versionBox(plan.from));
  sentence.append(' ', arrow(), ' ', versionBox(plan.makes, true), ` on ${engineWords(plan.engine)}`);
  box.append(sentence, h('p', {}, datasetLine(state)), h('p', { class: 'help' }, plan.why));
  return box;
}

function datasetLine({ dataset, draft }: PanelState): string {
  const gpu = `GPU ${draft.gpuKind === 'count' ? draft.gpuCount : draft.gpuKind === 'ids' ? draft.gpuIds.join(', ') : draft.gpuKind}`;
  if (dataset === undefined) return gpu;
  const more = dataset.partial ? 'over ' : '';
  return `${dataset.path}: ${more}${formatNumber(dataset.files, 'file')}, ${more}${formatBytes(dataset.bytes)}, ${gpu}.`;
}

function problemsView({ problems }: PanelState, goTo: (field: string) => void): HTMLElement {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const list = h('ul', { class: 'problems' });
  for (const problem of problems) {
    const name = problem.field === '' ? problem.label : link(problem.label, () => goTo(problem.field));
    list.append(h('li', {}, name, `: ${problem.message}`));
  }
  return h(
    'div',
    { class: 'plan invalid', role: 'status' },
    h('p', { class: 'sentence' }, icon('error', 'red'), ` Can't run yet: ${count}`),
    list,
    h('p', { class: 'help' }, 'F8 goes to the next problem.'),
  );
}
