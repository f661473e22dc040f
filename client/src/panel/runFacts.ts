/** What pages show of a run beyond its document: files, what its version is made of, and how it stands to others. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatCount, formatNumber } from '../../../runner/src/domain/format';
import { maskedSecret, resultsFileName } from '../../../runner/src/domain/results';
import { hasEnded, type Run } from '../../../runner/src/domain/run';
import { versionId, type VersionFile } from '../../../runner/src/domain/version';
import {
  compareVersionsRequest,
  getVersionRequest,
  readMetricsRequest,
  runPageRequest,
  type VersionDifference,
} from '../../../runner/src/protocol';
import type { Baseline, FileView, MadeOfRow, PictureView, RunPageState } from '../../../webview/src/protocol';
import type { PageParts } from './pageParts';

const pictureNames = /\.(png|jpe?g|gif|svg|webp)$/i;
const mostFiles = 500;

/** Files that the run wrote for people; only these are ever opened for a page. */
export async function artifactsOf(parts: PageParts, run: Run): Promise<FileView[]> {
  const place = run.results?.run_summary.outputs.artifacts_data ?? '';
  if (place === '') return [];
  const folder = join(parts.storeFolder(), 'runs', run.id, place);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).slice(0, mostFiles);
  const found = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      return { name: relative(folder, path).split(sep).join('/'), path, bytes };
    }),
  );
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

export function splitPictures(webview: vscode.Webview, all: readonly FileView[]) {
  const pictures: PictureView[] = all
    .filter((file) => pictureNames.test(file.name))
    .map((file) => ({ ...file, source: webview.asWebviewUri(vscode.Uri.file(file.path)).toString() }));
  return { pictures, files: all.filter((file) => !pictureNames.test(file.name)) };
}

export async function rawResults(parts: PageParts, run: Run): Promise<string> {
  if (run.results === null) return '';
  return readFile(join(parts.storeFolder(), 'runs', run.id, resultsFileName), 'utf8').catch(() => '');
}

export async function versionFile(parts: PageParts, name: string, version: string): Promise<VersionFile | undefined> {
  if (version === '') return undefined;
  const id = versionId(name, version);
  return parts.runner.request(getVersionRequest, { id }).then(
    (found) => found.file,
    () => undefined,
  );
}

export const differenceOf = (
  parts: PageParts,
  name: string,
  left: string,
  right: string,
): Promise<VersionDifference | undefined> =>
  left === '' || right === ''
    ? Promise.resolve(undefined)
    : parts.runner
        .request(compareVersionsRequest, { left: versionId(name, left), right: versionId(name, right) })
        .catch(() => undefined);

/** The newest success of the same pipeline before this run. */
export async function lastSuccess(parts: PageParts, run: Run): Promise<Run | undefined> {
  const filter = { states: ['Successful' as const], pipelines: [run.pipeline], packages: [run.package] };
  const page = await parts.runner.request(runPageRequest, { filter, limit: 100, quick: false });
  return page.runs.find((one) => one.id < run.id);
}

export async function baselineOf(parts: PageParts, success: Run | undefined): Promise<Baseline | null> {
  if (success === undefined) return null;
  const { metrics } = await parts.runner.request(readMetricsRequest, { id: success.id });
  return { version: success.version, values: Object.fromEntries(metrics.map((one) => [one.metric, one.value])) };
}

/** "Same data, parameters and image." */
function sameWords(run: Run, success: Run): string {
  const isSame: Readonly<Record<string, boolean>> = {
    data: run.dataset.tree === success.dataset.tree,
    parameters: JSON.stringify(sorted(run.parameters)) === JSON.stringify(sorted(success.parameters)),
    image: run.image === success.image,
  };
  const said = (wanted: boolean): string[] => Object.keys(isSame).filter((name) => isSame[name] === wanted);
  const [same, other] = [said(true), said(false)];
  const listed = (names: readonly string[]): string => names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
  const parts = [
    ...(same.length === 0 ? [] : [`Same ${listed(same)}.`]),
    ...(other.length === 0 ? [] : [`Other ${listed(other)}.`]),
  ];
  return parts.join(' ');
}

const sorted = (values: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

export async function changedSince(
  parts: PageParts,
  run: Run,
  success: Run | undefined,
): Promise<RunPageState['changedSince']> {
  if (run.state !== 'Failed' || success === undefined) return null;
  const found = await differenceOf(parts, run.package, success.from, run.from);
  return found === undefined
    ? null
    : { version: success.version, changes: found.changes, words: sameWords(run, success) };
}

const short = (digest: string): string => {
  const hex = digest.replace(/^sha256:/, '');
  return `${hex.slice(0, 4)}…${hex.slice(-4)}`;
};

const shownDistributions = 5;

export function madeOfRows(run: Run, file: VersionFile, difference: VersionDifference | undefined): MadeOfRow[] {
  const made = file.madeFrom;
  if (made === null) return [];
  const changes = difference?.changes ?? [];
  const changed = new Set(changes.filter((change) => change.letter !== 'D').map((change) => change.path));
  const source = file.sealed.files.filter((entry) => entry.mode !== 'dir' && !changed.has(entry.path));
  const bytes = source.reduce((sum, entry) => sum + entry.bytes, 0);
  const defaults = Object.keys(made.parameters).length;
  const parameters = Object.entries(made.parameters).map(([name, value]) =>
    value === maskedSecret ? `${name} as a secret` : `${name} ${value}`,
  );
  return [
    {
      label: 'Code',
      text: `${formatNumber(source.length, 'file')} as in ${made.source.version}, ${formatBytes(bytes)}`,
      digest: `tree ${short(made.source.tree)}`,
      action: { text: 'Show files', what: 'files' },
    },
    {
      label: 'Made by training',
      text: changes.length === 0 ? 'nothing: save() changed no file' : '',
      changes: changes
        .slice(0, 6)
        .map((change) => ({ letter: change.letter, text: `${change.path}, ${formatBytes(change.after)}` })),
      action: { text: `Compare ${made.source.version} with ${run.version}`, what: 'source' },
    },
    {
      label: 'Data',
      text: `${made.dataset.name}: ${formatNumber(made.dataset.files, 'file')}, ${formatBytes(made.dataset.bytes)}${made.dataset.changed ? ', changed during the run' : ', read-only'}`,
      digest: `tree ${short(made.dataset.tree)}`,
      action: { text: 'Check data now', what: 'data' },
    },
    {
      label: 'Image',
      text: made.image === null ? 'none: the local Python' : `${made.image.name}, ${made.image.platform}`,
      ...(made.image === null
        ? {}
        : { digest: `sha256 ${short(made.image.digest)}`, action: { text: 'Copy', what: 'image' as const } }),
    },
    {
      label: 'Packages',
      text:
        made.distributions.length === 0
          ? 'none recorded'
          : made.distributions.slice(0, shownDistributions).join(', ').replaceAll('==', ' '),
      action: { text: `Show all ${formatCount(made.distributions.length)}`, what: 'distributions' },
    },
    {
      label: 'Parameters',
      text: defaults === 0 ? 'none' : parameters.join(', '),
      action: { text: 'Copy', what: 'parameters' },
    },
    { label: 'Hardware', text: hardwareWords(made) },
    {
      label: 'Seal',
      text: `Sealed ${new Date(file.createdAt).toLocaleString()}. Python ${made.python}, harness ${made.harness}.`,
      digest: `tree ${short(file.sealed.tree)}`,
      action: { text: 'Verify', what: 'verify' },
    },
  ];
}

function hardwareWords({ engine, resources, gpu }: NonNullable<VersionFile['madeFrom']>): string {
  const { cpus, memory, platform } = resources;
  const facts = [
    ...(cpus === null ? [] : [`${cpus} CPUs`]),
    ...(memory === null ? [] : [formatBytes(memory)]),
    platform,
    gpu.length === 0 ? 'GPU none' : gpu.map((one) => `${one.model}, driver ${one.driver}`).join(', '),
  ];
  return `${engine}: ${facts.join(', ')}`;
}

/** Whether the failing file reads otherwise now than in the version that ran. */
export async function sourceChanged(parts: PageParts, run: Run, file: string): Promise<boolean> {
  const folder = parts.model.packages.find((one) => one.name === run.package)?.folder ?? null;
  if (folder === null || !hasEnded(run.state)) return true;
  const wanted = (await versionFile(parts, run.package, run.from))?.sealed.files.find((one) => one.path === file);
  if (wanted === undefined) return true;
  const bytes = await readFile(join(parts.workspace ?? '', folder, ...file.split('/'))).catch(() => undefined);
  if (bytes === undefined || bytes.length !== wanted.bytes) return true;
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return Buffer.from(digest).toString('hex') !== wanted.sha256;
}
