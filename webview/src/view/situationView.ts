/** What the panel shows where there is nothing to fill in: no folder, no package, or no trust. */
import type { PanelSituation } from '../protocol';
import { button } from '../toolkit';
import { h, link } from './dom';
import type { PanelActions } from './panelActions';

export function situationView(situation: PanelSituation, actions: PanelActions): HTMLElement {
  switch (situation) {
    case 'no-folder':
      return page('No folder is open', noFolder, openFolder(actions));
    case 'virtual':
      return page('This workspace has no files on disk', virtual, openFolder(actions));
    case 'loading':
      return page('Pipeline', 'Reading the packages of this workspace.');
    default:
      return emptyView(actions);
  }
}

const noFolder = 'Open a folder to train in. Its packages, versions and runs are kept inside it.';
const virtual =
  'This workspace has no files on disk, so nothing can be trained here. Past runs are kept with the folder they ran in.';
export const untrusted =
  'This workspace is not trusted. train.py is checked and past runs can be read; nothing runs and nothing connects.';

const page = (title: string, text: string, ...more: readonly HTMLElement[]): HTMLElement =>
  h('main', { class: 'panel situation' }, h('h1', {}, title), h('p', {}, text), ...more);

const openFolder = ({ send }: PanelActions): HTMLElement =>
  h(
    'div',
    { class: 'buttons' },
    button('Open Folder', () => send({ kind: 'command', command: 'openFolder' }), 'primary'),
  );

function emptyView({ send }: PanelActions): HTMLElement {
  return page(
    'No ML package in this workspace yet',
    'An ML package is a folder whose train.py defines a class Main with train(self, data_directory) and save(self). A run trains it in a container and keeps the result as a new version.',
    h(
      'div',
      { class: 'buttons' },
      button('New ML package', () => send({ kind: 'command', command: 'newPackage' }), 'primary', 'new-folder'),
      button('Import package zip…', () => send({ kind: 'command', command: 'importPackage' }), 'secondary', 'file-zip'),
      link('Use a folder that has a train.py', () => send({ kind: 'command', command: 'usePackageFolder' })),
    ),
    h('p', { class: 'help' }, 'New ML package makes a small sample that trains in under 10\u00a0s without a GPU.'),
  );
}

/** In place of the plan: the form can be looked at and edited, and nothing runs. */
export function untrustedView({ send }: PanelActions): HTMLElement {
  const manage = button('Manage Workspace Trust', () => send({ kind: 'command', command: 'manageTrust' }));
  return h(
    'div',
    { class: 'plan', role: 'status', 'data-key': 'plan' },
    h('p', {}, untrusted),
    h('div', { class: 'buttons' }, manage),
  );
}

/** The runner is on its way back, or was given up. */
export function runnerView(state: 'restarting' | 'gone', { send }: PanelActions): HTMLElement {
  const text =
    state === 'restarting'
      ? 'The runner stopped and starts again. Runs in progress go on.'
      : 'The runner stopped several times within a minute. Runs in progress go on.';
  const box = h('div', { class: 'plan', role: 'status', 'data-key': 'runner' }, h('p', {}, text));
  if (state === 'restarting') return box;
  box.append(
    h(
      'div',
      { class: 'buttons' },
      button('Restart runner', () => send({ kind: 'command', command: 'restartRunner' })),
      link('Show log', () => send({ kind: 'command', command: 'showRunnerLog' })),
    ),
  );
  return box;
}
