/** A label, its control, and what is wrong with it. */
import type { FieldProblem } from '../protocol';
import { h, icon, link } from './dom';
import type { PanelActions } from './panelActions';

export interface FieldContext {
  readonly problems: readonly FieldProblem[];
  readonly actions: PanelActions;
}

export const problemAt = ({ problems }: FieldContext, id: string): string =>
  problems.find((one) => one.field === id)?.message ?? '';

export function field(context: FieldContext, id: string, label: string, control: HTMLElement, help = ''): HTMLElement {
  const problem = context.problems.find((one) => one.field === id);
  const parts = h(
    'div',
    { class: problem === undefined ? 'field' : 'field invalid' },
    h('span', { class: 'label', 'aria-hidden': 'true' }, label),
    control,
  );
  if (problem !== undefined) parts.append(problemLine(problem, context.actions));
  if (help !== '') parts.append(h('p', { class: 'help' }, help));
  return parts;
}

/** The message in the field's own box, with what mends it. */
export function problemLine(problem: FieldProblem, { edit, goTo }: PanelActions): HTMLElement {
  const { fix, message, field } = problem;
  const line = h('p', { class: 'problem', role: 'alert' }, icon('error', 'red'), h('span', {}, sentence(message)));
  if (fix === undefined) return line;
  const mend = (): void => {
    edit(fix.edit);
    goTo(field);
  };
  line.lastElementChild?.append(' ', link(fix.text, mend));
  return line;
}

export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
