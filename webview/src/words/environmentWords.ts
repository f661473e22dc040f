/** What the image costs, as the footer says it, and the folded line of Advanced. */
import { formatBytes } from '../../../runner/src/domain/format';
import { engineWords, type EngineFacts } from '../../../runner/src/domain/engineFacts';
import type { CheckFacts, Draft, PanelState } from '../protocol';
import { namesInWords } from './namesInWords';
import { engineOf } from './planWords';

export const defaultImage = 'python:3.12-slim';

type Environment = NonNullable<CheckFacts['environment']>;

/** "Will reuse the cached image. Nothing to install." */
export function costWords(state: PanelState): string {
  const { checks } = state;
  if (checks === undefined || checks.engine.problem !== null) return '';
  const engine = engineOf(state);
  const parts = [sendWords(state, engine)];
  if (checks.environment !== null) parts.push(environmentWords(checks.environment, checks.engine.name === 'process'));
  return parts.filter((part) => part !== '').join(' ');
}

export function environmentWords(environment: Environment, isLocal: boolean): string {
  const { kind, base, isBaseThere, files } = environment;
  const install = files.length === 0 ? '' : `, then install ${namesInWords(files)}`;
  if (!isBaseThere) return `Will pull ${base} first${install}.`;
  if (kind === 'build') return buildWords(environment, isLocal);
  if (base === 'Dockerfile') return 'Will reuse the image of the Dockerfile. Nothing to build.';
  if (files.length === 0) return `Will use ${base} as it is. Nothing to install.`;
  return isLocal
    ? 'Will reuse the virtual environment. Nothing to install.'
    : 'Will reuse the cached image. Nothing to install.';
}

function buildWords({ base, files, changed }: Environment, isLocal: boolean): string {
  if (base === 'Dockerfile') return 'Will build the image of the package’s Dockerfile.';
  const what = isLocal ? 'Will build the virtual environment' : 'Will build the image';
  const [first] = changed;
  if (first === undefined) return `${what}: ${namesInWords(files)} ${files.length > 1 ? 'are' : 'is'} new for ${base}.`;
  return `${what}: ${namesInWords(first.names, 'requirement')} changed in ${first.file}.`;
}

/** An engine elsewhere gets the dataset; what it has of it already is not sent again. */
function sendWords({ dataset, draft }: PanelState, engine: EngineFacts | undefined): string {
  if (engine === undefined || !isRemote(engine) || dataset === undefined || draft.dataset === '') return '';
  return `Will send up to ${formatBytes(dataset.bytes)} to ${engineWords(engine.name)}.`;
}

const isRemote = ({ kind, endpoint }: EngineFacts): boolean => kind === 'docker' && /^(ssh|tcp|https?):/.test(endpoint);

/** "python:3.12-slim plus requirements.txt (cached), network bridge, dataset read-only" */
export function advancedWords({ draft, checks }: PanelState): string {
  const environment = checks?.environment ?? undefined;
  const image = environment === undefined ? (draft.image === '' ? defaultImage : draft.image) : environment.base;
  const files =
    environment === undefined || environment.files.length === 0 || image === 'Dockerfile'
      ? ''
      : ` plus ${namesInWords(environment.files)}${environment.kind === 'ready' ? ' (cached)' : ''}`;
  return `${image}${files}, network ${draft.network}, ${accessWords(draft)}`;
}

const accessWords = ({ datasetAccess }: Draft): string =>
  datasetAccess === 'copy' ? 'own writable copy of the dataset' : 'dataset read-only';
