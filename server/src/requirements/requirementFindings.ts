/** The checks `requirement-syntax` and `requirement-conflict` of a package's requirements files. */
import type { PackageFiles } from '../python/modules';
import type { RawFinding } from '../rawFinding';
import { SourceText } from '../sourceText';
import { environmentsOf, sharedEnvironments } from './environments';
import type { Environment } from './marker';
import { readRequirements, type Requirement, type RequirementLine } from './requirementsFile';
import { canHold } from './specifier';

/** Both are installed for a run, in this order. */
const files = ['requirements.txt', 'train_requirements.txt'] as const;

interface Entry {
  readonly file: string;
  readonly source: SourceText;
  readonly line: RequirementLine;
  readonly requirement: Requirement;
}

/** `python` is the version that runs the package, like `"3.11"`, where that is known. */
export function requirementFindings(packageFiles: PackageFiles, python: string | undefined): RawFinding[] {
  const findings: RawFinding[] = [];
  const entries: Entry[] = [];
  for (const file of files) {
    const text = packageFiles.readText(file);
    if (text === undefined) continue;
    const source = new SourceText(text);
    for (const line of readRequirements(text)) {
      if (line.problem !== undefined) findings.push(unreadable(file, source, line, line.problem));
      if (line.requirement !== undefined) entries.push({ file, source, line, requirement: line.requirement });
    }
  }
  return [...findings, ...conflicts(entries, () => environmentsOf(python))];
}

function unreadable(file: string, source: SourceText, line: RequirementLine, problem: string): RawFinding {
  const message = `A run installs ${file} first, and pip can't read this line: ${problem}.`;
  return { code: 'requirement-syntax', severity: 'error', message, range: source.rangeOf(line), file };
}

/** One finding for each line that contradicts an earlier one. */
function conflicts(entries: readonly Entry[], environments: () => readonly Environment[]): RawFinding[] {
  const earlier = new Map<string, Entry[]>();
  const findings: RawFinding[] = [];
  for (const entry of entries) {
    const same = earlier.get(entry.requirement.name) ?? [];
    const other = same.find((one) => contradict(one.requirement, entry.requirement, environments));
    if (other !== undefined) findings.push(conflict(other, entry));
    else if (!canHold(entry.requirement.specifiers)) findings.push(impossible(entry));
    earlier.set(entry.requirement.name, [...same, entry]);
  }
  return findings;
}

function contradict(one: Requirement, other: Requirement, environments: () => readonly Environment[]): boolean {
  if (one.url !== undefined && other.url !== undefined) {
    if (one.url === other.url) return false;
  } else if (one.url !== undefined || other.url !== undefined || canHold([...one.specifiers, ...other.specifiers])) {
    return false;
  }
  return sharedEnvironments(environments(), one.marker, other.marker).length > 0;
}

function conflict(one: Entry, other: Entry): RawFinding {
  const { line } = one.source.positionAt(one.line.start);
  const where = one.file === other.file ? `line ${line + 1}` : `${one.file} line ${line + 1}`;
  const message = `pip can't install both this and ${where}: no version of ${other.requirement.shown} satisfies them.`;
  return {
    code: 'requirement-conflict',
    severity: 'warning',
    message,
    range: other.source.rangeOf(other.line),
    file: other.file,
    related: [
      {
        file: one.file,
        range: one.source.rangeOf(one.line),
        message: `${one.requirement.shown} is required here too.`,
      },
    ],
  };
}

function impossible({ file, source, line, requirement }: Entry): RawFinding {
  const message = `pip can't install this: no version of ${requirement.shown} satisfies it.`;
  return { code: 'requirement-conflict', severity: 'warning', message, range: source.rangeOf(line), file };
}
