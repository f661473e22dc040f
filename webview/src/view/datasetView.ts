/** Which data, and a look inside. */
import { formatBytes, formatNumber } from '../../../runner/src/domain/format';
import type { DatasetView, PanelState } from '../protocol';
import { button, dropdown, textField } from '../toolkit';
import { changeWords, countWords } from '../words/planWords';
import { h, link, section } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';

const shownEntries = 4;

export function datasetSection(state: PanelState, context: FieldContext): HTMLElement {
  const { draft, dataset, recentDatasets } = state;
  const { edit, send } = context.actions;
  const folder = textField({
    id: 'dataset',
    name: 'Dataset folder',
    value: draft.dataset,
    placeholder: 'data/…',
    problem: problemAt(context, 'dataset'),
    help: 'Down shows recent folders, Ctrl+O browses.',
    onInput: (value) => edit({ dataset: value, subFolder: '' }),
    onKey: (event) => {
      if (event.key !== 'ArrowDown' || event.altKey || event.ctrlKey) return;
      event.preventDefault();
      send({ kind: 'recentDatasets' });
    },
  });
  const subFolders = (dataset?.subFolders ?? []).map((name) => ({ value: name, text: name }));
  const subFolder = dropdown({
    id: 'subFolder',
    name: 'Sub-folder',
    value: draft.subFolder,
    // While the folder is looked at, its sub-folders are not known, and none is gone.
    choices: [
      { value: '', text: 'Whole folder' },
      ...(dataset === undefined && draft.subFolder !== ''
        ? [{ value: draft.subFolder, text: draft.subFolder }]
        : subFolders),
    ],
    onChange: (name) => edit({ subFolder: name }),
  });
  const browse = button('Browse…', () => send({ kind: 'browse' }));
  return section(
    'Dataset',
    h(
      'div',
      { class: 'pair' },
      field(context, 'dataset', 'Folder', h('div', { class: 'row' }, folder, browse)),
      field(context, 'subFolder', 'Sub-folder', subFolder),
    ),
    recentDatasets.length > 0 && recentView(recentDatasets, (dataset) => edit({ dataset, subFolder: '' })),
    dataset !== undefined && peekView(dataset, () => send({ kind: 'showDifferences' })),
  );
}

function recentView(recent: readonly string[], choose: (path: string) => void): HTMLElement {
  const line = h('p', { class: 'help recent' }, h('span', {}, 'Recent:'));
  for (const path of recent.slice(0, 3))
    line.append(
      ' ',
      link(path, () => choose(path)),
    );
  return line;
}

function peekView(dataset: DatasetView, showDifferences: () => void): HTMLElement {
  const head = h('p', {}, countWords(dataset));
  const changes = changeWords(dataset);
  if (changes !== '') head.append(` ${changes}`);
  if (changes.startsWith('Since')) head.append(' ', link('Show differences', showDifferences));
  const { entries, pictures = [] } = dataset;
  if (entries.length === 0) return h('div', { class: 'peek' }, head, h('p', {}, 'The folder is empty.'));
  return h(
    'div',
    { class: 'peek' },
    head,
    h('div', { class: 'peek-body' }, entriesView(dataset), picturesView(pictures)),
  );
}

function entriesView({ entries }: DatasetView): HTMLElement {
  const table = h('table', {}, h('caption', { class: 'hidden' }, 'First entries of the folder'));
  const columns = ['Name', 'Files', 'Size'].map((title) => h('th', { scope: 'col' }, title));
  table.append(h('thead', { class: 'hidden' }, h('tr', {}, ...columns)));
  const body = h('tbody', {});
  for (const entry of entries.slice(0, shownEntries)) {
    const isFolder = entry.kind === 'folder';
    body.append(
      h(
        'tr',
        {},
        h('th', { scope: 'row', class: 'mono' }, isFolder ? `${entry.name}/` : entry.name),
        h('td', {}, isFolder ? formatNumber(entry.files, 'file') : ''),
        h('td', {}, formatBytes(entry.bytes)),
      ),
    );
  }
  table.append(body);
  const rest = entries.slice(shownEntries);
  const kind = rest.every(({ kind }) => kind === 'folder')
    ? 'folder'
    : rest.every(({ kind }) => kind === 'file')
      ? 'file'
      : 'entry';
  const more = h(
    'p',
    { class: 'help' },
    `and ${rest.length} more ${rest.length === 1 ? kind : kind === 'entry' ? 'entries' : `${kind}s`}`,
  );
  return h('div', { class: 'entries' }, table, rest.length > 0 && more);
}

function picturesView(pictures: readonly { readonly name: string; readonly source: string }[]): HTMLElement | false {
  if (pictures.length === 0) return false;
  const row = h('div', { class: 'thumbnails' });
  for (const { name, source } of pictures.slice(0, 10)) row.append(h('img', { src: source, alt: name, title: name }));
  return row;
}
