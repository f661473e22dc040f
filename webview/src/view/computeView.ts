/** Where and with what a run goes. */
import { formatBytes, formatSeconds } from '../../../runner/src/domain/format';
import { engineTitle, engineWords, type EngineFacts } from '../../../runner/src/domain/engineFacts';
import type { PanelState } from '../protocol';
import { dropdown, textField } from '../toolkit';
import { engineOf } from '../words/planWords';
import { h, link, section } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';
import { gpuView } from './gpuView';

export function computeSection(state: PanelState, context: FieldContext): HTMLElement {
  const engine = engineOf(state);
  return section(
    'Compute',
    h('div', { class: 'pair' }, engineField(state, context), engineFacts(state, engine, context)),
    gpuView(state, context),
    limits(state, engine, context),
  );
}

function engineField(state: PanelState, context: FieldContext): HTMLElement {
  const { draft, engines, plan } = state;
  const known = (engines ?? []).map((one) => ({
    value: one.name,
    text: one.state === 'ready' ? engineTitle(one) : `${engineTitle(one)}, ${stateWords[one.state]}`,
  }));
  const found = plan === undefined || draft.engine !== '' ? '' : `: ${engineWords(plan.engine)}`;
  // Before they were asked, an engine is not known to be gone.
  const own =
    engines === undefined && draft.engine !== '' ? [{ value: draft.engine, text: engineWords(draft.engine) }] : [];
  const control = dropdown({
    id: 'engine',
    name: 'Engine',
    value: draft.engine,
    choices: [{ value: '', text: `Automatic${found}` }, ...own, ...known],
    problem: problemAt(context, 'engine'),
    onChange: (engine) => context.actions.edit({ engine }),
  });
  return field(context, 'engine', 'Engine', control);
}

const stateWords: Readonly<Record<EngineFacts['state'], string>> = {
  ready: 'ready',
  unreachable: 'doesn’t answer',
  permission: 'no permission',
  unsupported: 'not supported',
  offered: 'from your ssh configuration',
};

const freshMilliseconds = 30_000;

/** Facts with their age: over 30 s old they say so, and can be asked for again. */
function engineFacts(state: PanelState, engine: EngineFacts | undefined, { actions }: FieldContext): HTMLElement {
  const { engines, asking = false, enginesAt = 0 } = state;
  const again = link('Ask again', () => actions.send({ kind: 'askEngines' }));
  // Nothing connects there.
  const pending = state.situation === 'untrusted' ? 'Engines are not asked.' : 'Asking the engines.';
  if (engines === undefined || asking) return h('p', { class: 'help facts' }, pending);
  const age = Date.now() - enginesAt;
  const facts = engine === undefined ? noEngine(state) : factsWords(engine);
  const line = h('p', { class: 'help facts' }, facts);
  const fallback = fallbackWords(state, engine);
  if (fallback !== '') line.append(` ${fallback}`);
  if (enginesAt > 0 && age > freshMilliseconds)
    line.append(` Asked ${formatSeconds(Math.round(age / 10_000) * 10)} ago.`);
  line.append(' ', again);
  return line;
}

const noEngine = ({ draft }: PanelState): string =>
  draft.engine === '' ? 'No engine answers.' : `${engineWords(draft.engine)} is gone.`;

function factsWords({ kind, version, cpus, memory, problem }: EngineFacts): string {
  if (problem !== null) return problem.message;
  const name =
    kind === 'process' ? `Python ${version.replace(/^Python /, '')}, without isolation` : `Docker Engine ${version}`;
  return `${name}: ${cpus ?? 0} CPUs, ${formatBytes(memory ?? 0)} memory.`;
}

/** Why the automatic choice is what it is. */
function fallbackWords({ draft, engines = [] }: PanelState, engine: EngineFacts | undefined): string {
  if (draft.engine !== '' || engine?.kind !== 'process') return '';
  return engines.find((one) => one.problem !== null)?.problem?.message ?? '';
}

function limits(state: PanelState, engine: EngineFacts | undefined, context: FieldContext): HTMLElement {
  const cpus = engine?.cpus ?? null;
  const help = limitWords(engine);
  const limit = (id: 'memory' | 'cpus' | 'shm' | 'timeout', label: string, placeholder: string): HTMLElement => {
    const onInput = (value: string): void => context.actions.edit({ [id]: value });
    const problem = problemAt(context, id);
    const value = state.draft[id];
    return field(context, id, label, textField({ id, name: label, value, placeholder, problem, help, onInput }));
  };
  return h(
    'div',
    { class: 'limits' },
    h(
      'div',
      { class: 'four' },
      limit('memory', 'Memory', 'no limit'),
      limit('cpus', 'CPUs', cpus === null || cpus === 0 ? 'all' : `all ${cpus}`),
      limit('shm', 'Shared memory', shmWords(state, engine)),
      limit('timeout', 'Time limit', 'no limit'),
    ),
    h('p', { class: 'help' }, help),
  );
}

/** Half of the memory, as the engine does it. */
function shmWords({ draft }: PanelState, engine: EngineFacts | undefined): string {
  if (engine?.kind === 'process') return 'as the system';
  const { memory = null } = engine ?? {};
  return draft.memory.trim() !== '' || memory === null || memory === 0 ? 'half the memory' : formatBytes(memory / 2);
}

/** What empty means here. */
function limitWords(engine: EngineFacts | undefined): string {
  if (engine?.kind === 'process')
    return 'The local Python is not held to memory, CPU and shared memory limits; the time limit holds.';
  const { cpus = null } = engine ?? {};
  return `Empty means: all memory, all ${cpus === null || cpus === 0 ? '' : `${cpus} `}CPUs, half of the memory as shared memory, no time limit.`;
}
