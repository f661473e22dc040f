/** What a run keeps beside its version. */
import { formatBytes } from '../../../runner/src/domain/format';
import type { PanelState } from '../protocol';
import { checkbox, textField } from '../toolkit';
import { h, section } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';

export function outputSection(state: PanelState, context: FieldContext): HTMLElement {
  const { draft, dataset } = state;
  const { edit } = context.actions;
  const cost = dataset === undefined || dataset.partial ? '' : ` Adds ${formatBytes(dataset.bytes)} to each run.`;
  const help = `Keeps a copy of the dataset with the run, under data_directory.${cost}`;
  const save = (saveTrainingData: boolean): void => edit({ saveTrainingData });
  const artifacts = textField({
    id: 'artifactsDirectory',
    name: 'Artifacts directory',
    value: draft.artifactsDirectory,
    placeholder: 'artifacts',
    problem: problemAt(context, 'artifactsDirectory'),
    help: artifactsHelp,
    onInput: (artifactsDirectory) => edit({ artifactsDirectory }),
  });
  return section(
    'Output',
    h(
      'div',
      { class: 'check' },
      checkbox('Save training data', draft.saveTrainingData, save, 'Save training data', {
        id: 'saveTrainingData',
        help,
      }),
      h('p', { class: 'help' }, help),
    ),
    h(
      'div',
      { class: 'pair' },
      field(context, 'artifactsDirectory', 'Artifacts directory', artifacts),
      h('p', { class: 'help beside' }, artifactsHelp),
    ),
  );
}

const artifactsHelp = 'What train.py writes there is kept with the run.';
