/** Where and with what a run goes, what it keeps, and what few change. */
import { formatBytes } from '../../../runner/src/domain/format';
import type { EngineFacts } from '../../../runner/src/domain/engineFacts';
import type { Draft, PanelState } from '../protocol';
import { checkbox, dropdown, radioGroup, textField } from '../toolkit';
import { engineWords } from './engineWords';
import { h, link, section } from './dom';
import { field } from './fieldView';
import type { PanelActions } from './panelActions';

export function computeSection(state: PanelState, { edit, send }: PanelActions): HTMLElement {
  const { draft } = state;
  return section(
    'Compute',
    h('div', { class: 'pair' }, engineField(state, edit), engineFacts(state, send)),
    field(state, 'gpu', 'GPU', gpuChoice(draft, edit)),
    gpuDetail(state, edit),
    limits(state, edit),
    h('p', { class: 'help' }, 'Empty means: all memory, all CPUs, half of the memory as shared memory, no time limit.'),
  );
}

type Edit = PanelActions['edit'];

function engineField(state: PanelState, edit: Edit): HTMLElement {
  const known = (state.engines ?? []).map(({ name, state: is, version }) => ({
    value: name,
    text: is === 'ready' ? `${engineWords(name)}, ${version}` : `${engineWords(name)}, ${is}`,
  }));
  const choices = [{ value: '', text: 'Automatic: Docker, else the local Python' }, ...known];
  const onChange = (engine: string): void => edit({ engine });
  const control = dropdown({ id: 'engine', name: 'Engine', value: state.draft.engine, choices, onChange });
  return field(state, 'engine', 'Engine', control);
}

function engineFacts({ draft, engines }: PanelState, send: PanelActions['send']): HTMLElement {
  const engine = engines?.find((one) => one.name === draft.engine);
  const again = link('Ask again', () => send({ kind: 'askEngines' }));
  if (engines === undefined) return h('p', { class: 'help' }, 'Asking the engines… ', again);
  return h(
    'p',
    { class: 'help' },
    automatic(engines, draft.engine) ?? (engine === undefined ? '' : factsOf(engine)),
    ' ',
    again,
  );
}

/** What "automatic" means just now. */
function automatic(engines: readonly EngineFacts[], chosen: string): string | undefined {
  if (chosen !== '') return undefined;
  const docker = engines.find((one) => one.name === 'docker');
  if (docker === undefined || docker.problem === null) return docker === undefined ? '' : factsOf(docker);
  return `Runs use the local Python now, without isolation. ${docker.problem.message}`;
}

function factsOf({ problem, cpus, memory }: EngineFacts): string {
  if (problem !== null) return problem.message;
  return `${cpus ?? 0} CPUs, ${formatBytes(memory ?? 0)} memory.`;
}

function gpuChoice(draft: Draft, edit: Edit): HTMLElement {
  return radioGroup({
    id: 'gpu',
    name: 'GPU',
    value: draft.gpuKind,
    disabled: new Set(),
    choices: [
      { value: 'none', text: 'None' },
      { value: 'all', text: 'All' },
      { value: 'count', text: 'Count' },
      { value: 'ids', text: 'Choose' },
    ],
    onChange: (value) => edit({ gpuKind: value as Draft['gpuKind'] }),
  });
}

function gpuDetail(state: PanelState, edit: Edit): HTMLElement | false {
  const { gpuKind, gpuCount, gpuIds } = state.draft;
  if (gpuKind === 'count') {
    const onInput = (value: string): void => edit({ gpuCount: value });
    return field(
      state,
      'gpuCount',
      'How many',
      textField({ id: 'gpuCount', name: 'Number of GPUs', value: gpuCount, onInput }),
    );
  }
  if (gpuKind !== 'ids') return false;
  const onInput = (text: string): void => {
    const ids = text.split(',').map((id) => id.trim());
    edit({ gpuIds: ids.filter((id) => id !== '') });
  };
  const control = textField({ id: 'gpuIds', name: 'GPU ids', value: gpuIds.join(','), placeholder: '0,1', onInput });
  return field(state, 'gpuIds', 'Which', control);
}

function limits(state: PanelState, edit: Edit): HTMLElement {
  const limit = (id: 'memory' | 'cpus' | 'shm' | 'timeout', label: string, placeholder: string): HTMLElement => {
    const onInput = (value: string): void => edit({ [id]: value });
    return field(state, id, label, textField({ id, name: label, value: state.draft[id], placeholder, onInput }));
  };
  return h(
    'div',
    { class: 'four' },
    limit('memory', 'Memory', 'no limit'),
    limit('cpus', 'CPUs', 'all'),
    limit('shm', 'Shared memory', 'half'),
    limit('timeout', 'Time limit', 'no limit'),
  );
}

export function outputSection(state: PanelState, { edit }: PanelActions): HTMLElement {
  const { draft } = state;
  return section(
    'Output',
    checkbox('Save training data', draft.saveTrainingData, (saveTrainingData) => edit({ saveTrainingData })),
    h('p', { class: 'help' }, 'Keeps a copy of the dataset with the run, under data_directory.'),
    field(
      state,
      'artifactsDirectory',
      'Artifacts directory',
      textField({
        id: 'artifactsDirectory',
        name: 'Artifacts directory',
        value: draft.artifactsDirectory,
        placeholder: 'artifacts',
        onInput: (artifactsDirectory) => edit({ artifactsDirectory }),
      }),
      'What train.py writes there is kept with the run.',
    ),
  );
}

export function advancedSection(state: PanelState, { edit }: PanelActions): HTMLElement {
  const { draft } = state;
  const summary = `${draft.image === '' ? 'python:3.12-slim' : draft.image}, network ${draft.network}, dataset ${draft.datasetAccess}`;
  const details = h(
    'details',
    {},
    h('summary', {}, summary),
    field(
      state,
      'image',
      'Image',
      textField({
        id: 'image',
        name: 'Base image',
        value: draft.image,
        placeholder: 'python:3.12-slim',
        onInput: (image) => edit({ image }),
      }),
    ),
    h(
      'div',
      { class: 'pair' },
      field(
        state,
        'network',
        'Network',
        dropdown({
          id: 'network',
          name: 'Network',
          value: draft.network,
          choices: [
            { value: 'bridge', text: 'bridge' },
            { value: 'none', text: 'none' },
          ],
          onChange: (value) => edit({ network: value as Draft['network'] }),
        }),
      ),
      field(
        state,
        'datasetAccess',
        'Dataset access',
        dropdown({
          id: 'datasetAccess',
          name: 'Dataset access',
          value: draft.datasetAccess,
          choices: [
            { value: 'read-only', text: 'read-only' },
            { value: 'copy', text: 'a private writable view' },
          ],
          onChange: (value) => edit({ datasetAccess: value as Draft['datasetAccess'] }),
        }),
      ),
    ),
  );
  return section('Advanced', details);
}
