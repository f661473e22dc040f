/** What keeps the form from running, as far as the page can tell by itself: as soon as it is typed. */
import { artifactsDirectoryProblem, defaultParameters, parameterNameProblem } from '../../runner/src/domain/parameters';
import { engineWords, type EngineFacts } from '../../runner/src/domain/engineFacts';
import { formatBytes, formatNumber } from '../../runner/src/domain/format';
import { normalTime, parseCpus, parseDuration, parseSize } from '../../runner/src/domain/quantities';
import type { Draft, FieldProblem, PanelState, ParameterRow } from './protocol';
import { gpuProblems } from './gpuProblems';
import { neededBytes } from './words/checkWords';
import { engineOf } from './words/planWords';

/** The page's own, then the extension's for fields where the page finds nothing; in the order of the page. */
export function allProblems(state: PanelState): FieldProblem[] {
  const own = draftProblems(state);
  const others = state.problems.filter(({ field }) => field === '' || !own.some((one) => one.field === field));
  return [...own, ...others].sort((a, b) => order(a.field) - order(b.field));
}

const fieldOrder = [
  'package',
  'from',
  'dataset',
  'subFolder',
  'engine',
  'gpu',
  'gpuCount',
  'gpuIds',
  'memory',
  'cpus',
  'shm',
  'timeout',
  'parameter',
  'artifactsDirectory',
  'image',
];

function order(field: string): number {
  const row = /^parameter-(\d+)-(name|value)$/.exec(field);
  if (row === null) return fieldOrder.indexOf(field) === -1 ? fieldOrder.length : fieldOrder.indexOf(field);
  return fieldOrder.indexOf('parameter') + (Number(row[1]) + (row[2] === 'value' ? 0.5 : 0)) / 10_000;
}

export function draftProblems(state: PanelState): FieldProblem[] {
  if (state.situation === 'untrusted') return [];
  const { draft } = state;
  const found = [
    packageProblem(state),
    fromProblem(state),
    draft.dataset.trim() === ''
      ? { field: 'dataset', label: 'Dataset folder', message: 'Choose the folder that holds the data.' }
      : undefined,
    engineProblem(state),
    ...gpuProblems(state),
    ...limitProblems(draft, engineOf(state)),
    ...parameterProblems(draft.parameters),
    artifactsProblem(draft),
    diskProblem(state),
  ];
  return found.filter((one) => one !== undefined);
}

const folderOf = (one: PanelState['packages'][number]): string => one.folder ?? one.name;

function packageProblem({ draft, packages }: PanelState): FieldProblem | undefined {
  const head = { field: 'package', label: 'ML package' };
  if (draft.package === '') return { ...head, message: 'Choose a package.' };
  if (packages.some((one) => folderOf(one) === draft.package || one.name === draft.package)) return undefined;
  return { ...head, message: `${draft.package} is not there any more.` };
}

function fromProblem({ draft, packages }: PanelState): FieldProblem | undefined {
  if (draft.from === '') return undefined;
  const found = packages.find((one) => folderOf(one) === draft.package);
  if (found === undefined || found.versions.includes(draft.from)) return undefined;
  const fix = found.folder === null ? undefined : { text: 'Use the working folder', edit: { from: '' } };
  return { field: 'from', label: 'Start from', message: `There is no version ${draft.from} any more.`, fix };
}

function engineProblem({ draft, engines }: PanelState): FieldProblem | undefined {
  if (draft.engine === '' || engines === undefined) return undefined;
  const head = { field: 'engine', label: 'Engine' };
  const engine = engines.find((one) => one.name === draft.engine);
  const other = engines.find((one) => one.state === 'ready' && one.name !== draft.engine);
  const fix =
    other === undefined ? undefined : { text: `Use ${engineWords(other.name)}`, edit: { engine: other.name } };
  if (engine === undefined) return { ...head, message: `There is no engine ${draft.engine} any more.`, fix };
  return engine.problem === null ? undefined : { ...head, message: engine.problem.message, fix };
}

function limitProblems(draft: Draft, engine: EngineFacts | undefined): FieldProblem[] {
  const checks = [
    ['memory', 'Memory', 'A size like 512m or 8g.', (text: string) => parseSize('memory', text)],
    ['cpus', 'CPUs', 'A number like 4 or 1.5.', (text: string) => parseCpus(text)],
    ['shm', 'Shared memory', 'A size like 512m or 8g.', (text: string) => parseSize('shm', text)],
    ['timeout', 'Time limit', 'A time like 45s, 90m or 2h.', (text: string) => parseDuration(normalTime(text))],
  ] as const;
  return checks.flatMap(([field, label, wanted, parse]): FieldProblem[] => {
    if (draft[field].trim() === '') return [];
    try {
      const tooMuch = excess(field, parse(draft[field]), engine);
      if (tooMuch === undefined) return [];
      const summary = `${draft[field].trim()} is more than ${tooMuch.replace(' has ', ' has, ')}`;
      return [{ field, label, message: tooMuch, summary }];
    } catch {
      return [{ field, label, message: wanted }];
    }
  });
}

/** Local Python enforces no limits, so none can be too high there. */
function excess(field: string, value: number, engine: EngineFacts | undefined): string | undefined {
  if (engine === undefined || engine.kind === 'process') return undefined;
  const most = field === 'memory' ? engine.memory : field === 'cpus' ? engine.cpus : null;
  if (most === null || most === 0 || value <= most) return undefined;
  return `${engineWords(engine.name)} has ${field === 'memory' ? formatBytes(most) : formatNumber(most, 'CPU')}.`;
}

export function parameterProblems(rows: readonly ParameterRow[]): FieldProblem[] {
  return rows.flatMap((row, i) => {
    const name = rowProblem(rows, row);
    const at = `parameter-${i}`;
    if (name !== undefined) {
      const use = suggestedName(row.name);
      const edit = { parameters: rows.map((one, k) => (k === i ? { ...one, name: use } : one)) };
      const fix = use === '' || rows.some((one) => one.name === use) ? undefined : { text: `Use ${use}`, edit };
      return [{ field: `${at}-name`, label: 'Parameter name', message: name, summary: summaryOf(row.name, name), fix }];
    }
    if (row.secret && !row.stored && row.value === '')
      return [{ field: `${at}-value`, label: row.name, message: 'This secret has no value yet.' }];
    return [];
  });
}

/** Away from its field a problem says which name it is about. */
const summaryOf = (name: string, problem: string): string =>
  name === '' || problem.includes(name) ? problem : `${name}: ${problem}`;

export function rowProblem(rows: readonly ParameterRow[], row: ParameterRow): string | undefined {
  const { name } = row;
  if (Object.hasOwn(defaultParameters, name)) return `${name} is set under Output.`;
  if (name !== '' && rows.filter((one) => one.name === name).length > 1) return `${name} is there twice.`;
  return parameterNameProblem(name);
}

/** The nearest name that will do, for names that only have a wrong character; else "". */
function suggestedName(name: string): string {
  const use = name.trim().replaceAll(/[^A-Za-z0-9_]+/g, '_');
  return use === name || use === '' || /^_*$/.test(use) || parameterNameProblem(use) !== undefined ? '' : use;
}

function artifactsProblem({ artifactsDirectory }: Draft): FieldProblem | undefined {
  if (artifactsDirectory === '') return undefined;
  const message = artifactsDirectoryProblem(artifactsDirectory);
  if (message === undefined) return undefined;
  const fix = { text: 'Use artifacts', edit: { artifactsDirectory: '' } };
  return { field: 'artifactsDirectory', label: 'Artifacts directory', message, fix };
}

function diskProblem(state: PanelState): FieldProblem | undefined {
  const free = state.checks?.disk.free ?? null;
  const needs = neededBytes(state);
  if (free === null || needs <= free) return undefined;
  const message = `${formatBytes(free)} are free where runs are kept; this run needs about ${formatBytes(needs)}.`;
  return { field: '', label: 'Disk', message };
}
