/** Which runs a list shows. */
import { runTitle } from './format';
import type { Marks } from './marks';
import { hasEnded, type Run, type RunState } from './run';

export interface RunFilter {
  /** Any of these states; `In progress` stands for all that have not ended. Empty or absent: all. */
  readonly states?: readonly (RunState | 'In progress')[] | undefined;
  readonly packages?: readonly string[] | undefined;
  readonly pipelines?: readonly string[] | undefined;
  readonly engines?: readonly string[] | undefined;
  readonly starred?: boolean | undefined;
  /** Every word must occur: in the title, name, note, dataset, version, id, error or a parameter like `epochs=30`. */
  readonly text?: string | undefined;
}

const allows = <T>(wanted: readonly T[] | undefined, value: T): boolean =>
  wanted === undefined || wanted.length === 0 || wanted.includes(value);

export function matchesFilter(run: Run, marks: Marks, filter: RunFilter): boolean {
  const { packages, pipelines, engines, starred, text = '' } = filter;
  const isChosen =
    matchesState(run, filter.states ?? []) &&
    allows(packages, run.package) &&
    allows(pipelines, run.pipeline) &&
    allows(engines, run.engine);
  return isChosen && (starred !== true || marks.starred) && matchesText(run, marks, text);
}

const matchesState = (run: Run, states: NonNullable<RunFilter['states']>): boolean =>
  states.length === 0 || states.includes(run.state) || (!hasEnded(run.state) && states.includes('In progress'));

function matchesText(run: Run, marks: Marks, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const searched = searchText(run, marks);
  return words.every((word) => searched.includes(word));
}

function searchText(run: Run, marks: Marks): string {
  const parameters = Object.entries(run.parameters).map(([name, value]) => `${name}=${value}`);
  const parts = [
    marks.name ?? run.name ?? '',
    runTitle(run),
    run.package,
    run.state,
    run.engine,
    run.dataset.path,
    run.id,
    run.cause?.message ?? '',
    marks.note,
    ...parameters,
  ];
  return parts.join('\n').toLowerCase();
}

/** "failed, digits": what a filter says, in a few words; "" where it lets everything through. */
export function filterInWords(filter: RunFilter): string {
  const { states = [], packages = [], pipelines = [], engines = [], starred = false, text = '' } = filter;
  const quoted = text.trim() === '' ? [] : [`"${text.trim()}"`];
  return [
    ...(starred ? ['starred'] : []),
    ...states.map((state) => state.toLowerCase()),
    ...packages,
    ...pipelines,
    ...engines,
    ...quoted,
  ].join(', ');
}
