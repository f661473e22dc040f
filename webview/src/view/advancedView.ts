/** What few change, folded to one line that states its values. */
import { formatBytes } from '../../../runner/src/domain/format';
import type { Draft, PanelState } from '../protocol';
import { checkbox, dropdown, textField } from '../toolkit';
import { advancedWords, defaultImage } from '../words/environmentWords';
import { h, section } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';

export function advancedSection(state: PanelState, context: FieldContext): HTMLElement {
  const { draft, dataset, checks } = state;
  const { edit } = context.actions;
  const isLocal = checks?.engine.name === 'process';
  const image = textField({
    id: 'image',
    name: 'Base image',
    value: draft.image,
    placeholder: checks?.environment?.base ?? defaultImage,
    problem: problemAt(context, 'image'),
    onInput: (text) => edit({ image: text }),
  });
  const network = dropdown({
    id: 'network',
    name: 'Network',
    value: draft.network,
    choices: [
      { value: 'bridge', text: 'bridge' },
      { value: 'none', text: 'none' },
    ],
    onChange: (value) => edit({ network: value as Draft['network'] }),
  });
  const size = dataset === undefined || dataset.partial ? 'the dataset' : formatBytes(dataset.bytes);
  const copyHelp = `For code that writes into its dataset. Up to ${size} more on the engine during the run; your folder stays untouched.`;
  const copy = (on: boolean): void => edit({ datasetAccess: on ? 'copy' : 'read-only' });
  const copyName = 'Give train.py its own writable copy of the dataset';
  const details = h(
    'details',
    { 'data-key': 'advanced' },
    h('summary', { id: 'advanced' }, advancedWords(state)),
    h(
      'div',
      { class: 'pair' },
      field(context, 'image', 'Base image', image, imageWords(state, isLocal)),
      field(
        context,
        'network',
        'Network',
        network,
        isLocal ? 'The local Python is not cut off the network.' : 'None also blocks downloads from train.py.',
      ),
    ),
    h(
      'div',
      { class: 'check' },
      checkbox(copyName, draft.datasetAccess === 'copy', copy, copyName, { id: 'datasetAccess', help: copyHelp }),
      h('p', { class: 'help' }, copyHelp),
    ),
  );
  return section('Advanced', details);
}

function imageWords({ draft, checks }: PanelState, isLocal: boolean): string {
  if (isLocal) return 'The local Python has no image.';
  if (checks?.environment?.base === 'Dockerfile') return 'The package has a Dockerfile, so its image is used.';
  return draft.image === '' ? `Empty means ${checks?.environment?.base ?? defaultImage}.` : '';
}
