/** The pipeline panel: what will happen, with what, and whether anything is in the way. */
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import { hasEnded } from '../../../runner/src/domain/run';
import type { PanelState } from '../protocol';
import { button, dropdown, textField } from '../toolkit';
import { advancedSection, computeSection, outputSection } from './computeView';
import { h, link, redraw, section } from './dom';
import { field } from './fieldView';
import type { PanelActions } from './panelActions';
import { parametersView } from './parametersView';
import { planView } from './planView';
import { runStrip } from './runStrip';

export function drawPanel(root: HTMLElement, state: PanelState, actions: PanelActions): void {
  if (state.packages.length === 0) return redraw(root, emptyView(actions));
  const goTo = (field: string): void => document.getElementById(field)?.focus();
  const { draft } = state;
  const saved = state.saved ? 'Saved' : 'Edited, not saved. Run uses what you see.';
  const active = state.runs.filter((run) => !hasEnded(run.state)).slice(0, 3);
  const [latest] = state.runs.filter((run) => hasEnded(run.state));
  const strips = active.length > 0 ? active : latest === undefined ? [] : [latest];
  redraw(
    root,
    h(
      'main',
      { class: 'panel' },
      h(
        'header',
        {},
        h('h1', {}, draft.name === '' ? 'New pipeline' : draft.name),
        h('span', { class: 'help' }, saved),
      ),
      planView(state, goTo),
      ...strips.map((run) => runStrip(run, actions.send)),
      h(
        'form',
        {},
        packageSection(state, actions),
        datasetSection(state, actions),
        computeSection(state, actions),
        section(
          'Parameters',
          parametersView(draft, (parameters) => actions.edit({ parameters: [...parameters] })),
        ),
        outputSection(state, actions),
        advancedSection(state, actions),
      ),
    ),
    footer(state, actions),
  );
}

function emptyView({ send }: PanelActions): HTMLElement {
  return h(
    'main',
    { class: 'panel' },
    h('h1', {}, 'No ML package in this workspace yet'),
    h(
      'p',
      {},
      'An ML package is a folder whose train.py defines a class Main with train(self, data_directory) and save(self). A run trains it in a container and keeps the result as a new version.',
    ),
    h(
      'div',
      { class: 'buttons' },
      button('New ML package', () => send({ kind: 'command', command: 'newPackage' }), 'primary', 'new-folder'),
      button('Import package zip…', () => send({ kind: 'command', command: 'importPackage' }), 'secondary', 'file-zip'),
    ),
  );
}

const keyOf = (choice: { readonly name: string; readonly folder: string | null }): string =>
  choice.folder ?? choice.name;

function packageSection(state: PanelState, { edit }: PanelActions): HTMLElement {
  const { draft, packages } = state;
  const current = packages.find((one) => keyOf(one) === draft.package);
  const versions = (current?.versions ?? []).map((version) => ({ value: version, text: `version ${version}` }));
  const working = current?.folder === null ? [] : [{ value: '', text: 'Working folder' }];
  return section(
    'Package',
    h(
      'div',
      { class: 'pair' },
      field(
        state,
        'package',
        'ML package',
        dropdown({
          id: 'package',
          name: 'ML package',
          value: draft.package,
          choices: packages.map((one) => ({ value: keyOf(one), text: one.name })),
          onChange: (value) => edit({ package: value, from: '' }),
        }),
      ),
      field(
        state,
        'from',
        'Start from',
        dropdown({
          id: 'from',
          name: 'Start from',
          value: draft.from,
          choices: [...working, ...versions],
          onChange: (from) => edit({ from }),
        }),
      ),
    ),
  );
}

function datasetSection(state: PanelState, { edit, send }: PanelActions): HTMLElement {
  const { draft, dataset } = state;
  const folder = textField({
    id: 'dataset',
    name: 'Dataset folder',
    value: draft.dataset,
    placeholder: 'data/…',
    problem: state.problems.find((one) => one.field === 'dataset')?.message ?? '',
    onInput: (value) => edit({ dataset: value, subFolder: '' }),
  });
  const subFolders = (dataset?.subFolders ?? []).map((name) => ({ value: name, text: name }));
  const recent = h('p', { class: 'help' }, 'Recent: ');
  for (const path of state.recentDatasets.slice(0, 3))
    recent.append(
      link(path, () => edit({ dataset: path, subFolder: '' })),
      ' ',
    );
  const body = [
    h(
      'div',
      { class: 'pair' },
      field(
        state,
        'dataset',
        'Folder',
        h(
          'div',
          { class: 'row' },
          folder,
          button('Browse…', () => send({ kind: 'browse' })),
        ),
      ),
      field(
        state,
        'subFolder',
        'Sub-folder',
        dropdown({
          id: 'subFolder',
          name: 'Sub-folder',
          value: draft.subFolder,
          choices: [{ value: '', text: 'Whole folder' }, ...subFolders],
          onChange: (subFolder) => edit({ subFolder }),
        }),
      ),
    ),
    state.recentDatasets.length > 0 && recent,
    dataset !== undefined && peekView(dataset),
  ];
  return section('Dataset', ...body);
}

function peekView(dataset: NonNullable<PanelState['dataset']>): HTMLElement {
  const more = dataset.partial ? 'over ' : '';
  const table = h(
    'table',
    {},
    h(
      'caption',
      {},
      `${more}${formatNumber(dataset.files, 'file')} in ${formatNumber(dataset.folders, 'folder')}, ${more}${formatBytes(dataset.bytes)}`,
    ),
  );
  for (const entry of dataset.entries.slice(0, 4)) {
    table.append(
      h(
        'tr',
        {},
        h('td', { class: 'mono' }, entry.kind === 'folder' ? `${entry.name}/` : entry.name),
        h('td', {}, entry.kind === 'folder' ? formatNumber(entry.files, 'file') : ''),
        h('td', {}, formatBytes(entry.bytes)),
      ),
    );
  }
  const rest = dataset.entries.length - 4;
  if (rest > 0) table.append(h('tr', {}, h('td', { class: 'help' }, `and ${rest} more`)));
  return h('div', { class: 'peek' }, table);
}

function footer(state: PanelState, { send }: PanelActions): HTMLElement {
  const { draft, problems } = state;
  const run = button('Run', () => send({ kind: 'run', draft }), 'primary', 'play');
  run.id = 'run';
  const [first] = problems;
  const text =
    first === undefined
      ? ''
      : `${problems.length === 1 ? '1 problem' : `${problems.length} problems`}. Run goes to the first.`;
  return h(
    'footer',
    {},
    run,
    h('kbd', {}, 'Ctrl+Enter'),
    button('Save', () => send({ kind: 'save', draft, as: false })),
    button('Save as…', () => send({ kind: 'save', draft, as: true })),
    h('span', { class: 'help' }, text),
  );
}
