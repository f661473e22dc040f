/** A label, its control, and what is wrong with it. */
import type { PanelState } from '../protocol';
import { h, icon } from './dom';

export function field(state: PanelState, id: string, label: string, control: HTMLElement, help = ''): HTMLElement {
  const problem = state.problems.find((one) => one.field === id);
  const parts = h(
    'div',
    { class: problem === undefined ? 'field' : 'field invalid' },
    h('span', { class: 'label' }, label),
    control,
  );
  if (problem !== undefined)
    parts.append(h('p', { class: 'problem', role: 'alert' }, icon('error', 'red'), ` ${problem.message}`));
  if (help !== '') parts.append(h('p', { class: 'help' }, help));
  return parts;
}
