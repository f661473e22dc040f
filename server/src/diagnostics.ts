/** Findings as the Language Server Protocol has them. */
import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import type { Severity } from '../../runner/src/domain/finding';
import type { RawFinding } from './rawFinding';

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

export const source = 'Training Pipelines';

export interface Places {
  /** The URI of a file of the package. */
  uriOf(file: string): string;
  /** The address of a code's page; undefined where there is none. */
  pageOf(code: string): string | undefined;
}

export function diagnosticOf(finding: RawFinding, places: Places): Diagnostic {
  const page = places.pageOf(finding.code);
  const related = finding.related?.map(({ file, range, message }) => ({
    location: { uri: places.uriOf(file), range },
    message,
  }));
  return {
    range: finding.range,
    severity: severities[finding.severity],
    code: finding.code,
    source,
    message: finding.message,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    ...(related === undefined ? {} : { relatedInformation: related }),
    ...(finding.data === undefined ? {} : { data: finding.data }),
  };
}
