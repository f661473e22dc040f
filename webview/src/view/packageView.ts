/** Which package, and from which of its versions. */
import { formatBytes, formatNumber, formatWhen } from '../../../runner/src/domain/format';
import type { PackageChoice, PanelState } from '../protocol';
import { dropdown } from '../toolkit';
import { h, section } from './dom';
import { field, problemAt, type FieldContext } from './fieldView';

const keyOf = (choice: PackageChoice): string => choice.folder ?? choice.name;

export function packageSection(state: PanelState, context: FieldContext): HTMLElement {
  const { draft, packages } = state;
  const { edit } = context.actions;
  const current = packages.find((one) => keyOf(one) === draft.package);
  const packageChoice = dropdown({
    id: 'package',
    name: 'ML package',
    value: draft.package,
    choices: packages.map((one) => ({ value: keyOf(one), text: one.name })),
    problem: problemAt(context, 'package'),
    onChange: (value) => edit({ package: value, from: '' }),
  });
  const fromChoice = dropdown({
    id: 'from',
    name: 'Start from',
    value: draft.from,
    choices: startChoices(state, current),
    problem: problemAt(context, 'from'),
    onChange: (from) => edit({ from }),
  });
  return section(
    'Package',
    h(
      'div',
      { class: 'pair' },
      field(context, 'package', 'ML package', packageChoice, sizeWords(state, current)),
      field(context, 'from', 'Start from', fromChoice),
    ),
  );
}

/** The working folder first, then the versions, newest first. */
function startChoices({ plan, draft }: PanelState, current: PackageChoice | undefined) {
  const versions = (current?.versions ?? []).map((version, i) => ({
    value: current?.folder === null && i === 0 ? '' : version,
    text: versionWords(version, current?.made?.[version]),
  }));
  if (current?.folder === null) return versions;
  const known = draft.from === '' ? plan : undefined;
  const state =
    known === undefined
      ? ''
      : known.publishes
        ? known.changedSince === null
          ? ', not published yet'
          : `, changed since ${known.changedSince.version}`
        : `, same as ${known.from}`;
  return [{ value: '', text: `Working folder${state}` }, ...versions];
}

function versionWords(version: string, made: { readonly at: string; readonly trained: boolean } | undefined): string {
  if (made === undefined) return `version ${version}`;
  return `${version}, ${made.trained ? 'trained' : 'published'} ${formatWhen(new Date(made.at), new Date())}`;
}

/** "packages/digits_classifier: 6 files, 18 KB." */
function sizeWords({ plan, draft }: PanelState, current: PackageChoice | undefined): string {
  if (plan === undefined || plan.source.files === 0) return '';
  const size = `${formatNumber(plan.source.files, 'file')}, ${formatBytes(plan.source.bytes)}`;
  return draft.from === '' && current?.folder !== null
    ? `${draft.package}: ${size}.`
    : `Version ${plan.from}: ${size}.`;
}
