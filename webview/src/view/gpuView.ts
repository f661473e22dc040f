/** None, all, a number of GPUs, or which: from what the engine reports. */
import { engineWords, type EngineFacts, type EngineGpu } from '../../../runner/src/domain/engineFacts';
import { formatBytes } from '../../../runner/src/domain/format';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { engineWithGpu, goneIds, isUuid, troubleWords } from '../gpuProblems';
import type { Draft, PanelState } from '../protocol';
import { checkbox, radioGroup, textField } from '../toolkit';
import { engineOf } from '../words/planWords';
import { h, link } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';

export function gpuView(state: PanelState, context: FieldContext): HTMLElement {
  const { draft } = state;
  const engine = engineOf(state);
  const help = helpOf(state, engine);
  const isNone = engine?.state === 'ready' && engine.gpus.length === 0 && isSurelyNone(state, engine);
  const group = radioGroup({
    id: 'gpu',
    name: 'GPU',
    value: draft.gpuKind,
    // What was chosen stays enabled, so that it can be seen and left.
    disabled: new Set(isNone ? ['all', 'count', 'ids'].filter((kind) => kind !== draft.gpuKind) : []),
    problem: problemAt(context, 'gpu'),
    help,
    choices: [
      { value: 'none', text: 'None' },
      { value: 'all', text: 'All' },
      { value: 'count', text: 'Count' },
      { value: 'ids', text: 'Choose' },
    ],
    onChange: (value) => context.actions.edit({ gpuKind: value as Draft['gpuKind'] }),
  });
  const detail = gpuDetail(state, engine, context);
  const box = h('div', { class: 'gpu' }, field(context, 'gpu', 'GPU', group));
  if (help !== '' && problemAt(context, 'gpu') === '') box.append(helpLine(state, engine, help, context));
  if (detail !== undefined) box.append(detail);
  return box;
}

/** Where the engine was asked and has none. One that could not be asked may have one all the same. */
function isSurelyNone({ checks }: PanelState, { kind, name }: EngineFacts): boolean {
  if (kind === 'process') return true;
  const trouble = checks?.engine.name === name ? checks.gpuTrouble : null;
  return trouble !== null && trouble.kind !== 'not-asked' && trouble.kind !== 'other';
}

function helpOf({ engines = [], checks }: PanelState, engine: EngineFacts | undefined): string {
  if (engine === undefined || engine.state !== 'ready' || engine.gpus.length > 0) return '';
  const other = engineWithGpu(engines, engine);
  const none = troubleWords(engine, checks);
  return other === undefined ? none : `${none} ${engineWords(other.name)} has ${other.gpus.length}.`;
}

function helpLine(
  state: PanelState,
  engine: EngineFacts | undefined,
  help: string,
  { actions }: FieldContext,
): HTMLElement {
  const line = h('p', { class: 'help' }, help);
  const other = engine === undefined ? undefined : engineWithGpu(state.engines ?? [], engine);
  if (other !== undefined)
    line.append(
      ' ',
      link(`Use ${engineWords(other.name)}`, () => actions.edit({ engine: other.name })),
    );
  return line;
}

function gpuDetail(state: PanelState, engine: EngineFacts | undefined, context: FieldContext): HTMLElement | undefined {
  const { draft } = state;
  if (draft.gpuKind === 'count') {
    const onInput = (gpuCount: string): void => context.actions.edit({ gpuCount });
    const problem = problemAt(context, 'gpuCount');
    const control = textField({ id: 'gpuCount', name: 'Number of GPUs', value: draft.gpuCount, problem, onInput });
    const total = engine === undefined || engine.gpus.length === 0 ? '' : `of ${engine.gpus.length}`;
    return h('div', { class: 'short' }, field(context, 'gpuCount', 'How many', control, total));
  }
  if (draft.gpuKind !== 'ids') return undefined;
  if (engine === undefined || engine.gpus.length === 0) return typedIds(state, context);
  return field(context, 'gpuIds', 'Which', gpuList(state, engine, context));
}

/** Where the engine names no GPUs, their ids are typed. */
function typedIds({ draft }: PanelState, context: FieldContext): HTMLElement {
  const onInput = (text: string): void => {
    const ids = text.split(',').map((id) => id.trim());
    context.actions.edit({ gpuIds: ids.filter((id) => id !== '') });
  };
  const problem = problemAt(context, 'gpuIds');
  const control = textField({
    id: 'gpuIds',
    name: 'GPU ids',
    value: draft.gpuIds.join(','),
    placeholder: '0,1',
    problem,
    onInput,
  });
  return field(context, 'gpuIds', 'Which', control, 'Ids with commas between them, as nvidia-smi shows them.');
}

function gpuList({ draft, runs }: PanelState, engine: EngineFacts, { actions }: FieldContext): HTMLElement {
  const gone = goneIds(draft, engine);
  const list = h('ul', { id: 'gpuIds', class: 'gpus', tabindex: '-1', 'aria-label': 'GPUs' });
  const toggle = (id: string, on: boolean): void => {
    const others = draft.gpuIds.filter((one) => one !== id);
    actions.edit({ gpuIds: on ? [...others, id].sort() : others });
  };
  const row = (id: string, words: string, note: string): HTMLElement => {
    const box = checkbox(words, draft.gpuIds.includes(id), (on) => toggle(id, on));
    return h('li', { 'data-key': id }, box, h('span', { class: 'help' }, note));
  };
  for (const gpu of engine.gpus) list.append(row(gpu.id, gpuName(gpu), holderWords(runs, engine, gpu)));
  for (const id of draft.gpuIds.filter(isUuid)) list.append(row(id, id, 'by its UUID'));
  for (const id of gone) list.append(row(id, `GPU ${id} (gone)`, 'not reported any more'));
  return list;
}

/** "GPU 0, NVIDIA RTX 4090, 24 GB" */
function gpuName({ id, model, memory }: EngineGpu): string {
  const size = memory === null ? 'unified memory' : formatBytes(memory);
  return [`GPU ${id}`, model, size].filter((part) => part !== '').join(', ');
}

/** Of the runs that this workspace knows; others on the same machine are not asked for. */
function holderWords(runs: readonly Run[], engine: EngineFacts, { id }: EngineGpu): string {
  const holder = runs.find((run) => !hasEnded(run.state) && run.engine === engine.name && holds(run.gpu.requested, id));
  return holder === undefined ? '' : `${holder.pipeline} has it`;
}

const holds = (requested: string, id: string): boolean => requested === 'all' || requested.split(',').includes(id);
