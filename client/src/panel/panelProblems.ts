/** At which field of the form belongs what the runner found. */
import { isExpected, messageOf } from '../../../runner/src/domain/errors';
import type { RunPreflight } from '../../../runner/src/protocol';
import type { FieldProblem } from '../../../webview/src/protocol';

const fieldsOf: Readonly<Record<string, readonly [string, string]>> = {
  'dataset-missing': ['dataset', 'Dataset folder'],
  'dataset-refused': ['dataset', 'Dataset folder'],
  'package-invalid': ['package', 'ML package'],
  'package-name-taken': ['package', 'ML package'],
  'version-missing': ['from', 'Start from'],
  'parameter-invalid': ['artifactsDirectory', 'Parameters'],
  'engine-unreachable': ['engine', 'Engine'],
  'engine-permission': ['engine', 'Engine'],
  'engine-unsupported': ['engine', 'Engine'],
  'gpu-unavailable': ['gpu', 'GPU'],
  'image-missing': ['image', 'Base image'],
  'image-platform': ['image', 'Base image'],
  'python-missing': ['engine', 'Engine'],
};

export function problemOf(error: unknown): FieldProblem {
  const [field, label] = (isExpected(error) ? fieldsOf[error.code] : undefined) ?? ['', 'The runner'];
  return { field, label, message: messageOf(error) };
}

/** What the checks found that would refuse the run. */
export function checkProblems(checks: RunPreflight | undefined): FieldProblem[] {
  if (checks === undefined) return [];
  const { seal, gpuProblem, environmentProblem, engine } = checks;
  const found = [
    packageProblem(checks),
    seal === false && at('from', 'Start from', 'This version is not what was sealed.'),
    engine.problem !== null && at('engine', 'Engine', engine.problem.message),
    gpuProblem !== null && at('gpu', 'GPU', gpuProblem.message),
    environmentProblem !== null && at(...environmentField(environmentProblem.code), environmentProblem.message),
  ];
  return found.filter((one) => one !== false);
}

const at = (field: string, label: string, message: string): FieldProblem => ({ field, label, message });

function packageProblem({ packageProblem: refused, blocking, findings }: RunPreflight): FieldProblem | false {
  if (refused !== null) return at('package', 'ML package', refused.message);
  const first = findings?.find(({ severity }) => severity === 'error');
  if (blocking === 0 || first === undefined) return false;
  const more = blocking > 1 ? ` ${blocking - 1} more.` : '';
  return at('package', 'ML package', `${first.file} line ${first.range.start.line + 1}: ${first.message}${more}`);
}

const environmentField = (code: string): readonly [string, string] => {
  const known = fieldsOf[code];
  return known === undefined || code === 'package-invalid' ? ['image', 'Base image'] : known;
};

/** The nearest name within two edits, for a name that was mistyped. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const distances = names.map((name) => ({ name, distance: edits(wanted.toLowerCase(), name.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= 2 && best.distance < wanted.length ? best.name : undefined;
}

function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
