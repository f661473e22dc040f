/** Findings as SARIF 2.1.0, for code scanning. */
import type { Finding } from '../domain/finding';

const levels = { error: 'error', warning: 'warning', information: 'note', hint: 'note' } as const;

export function toSarif(findings: readonly Finding[]) {
  const codes = [...new Set(findings.map((finding) => finding.code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'training-pipelines',
            informationUri: 'https://github.com/training-pipelines/training-pipelines',
            rules: codes.map((id) => ({ id })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ruleIndex: codes.indexOf(finding.code),
          level: levels[finding.severity],
          message: { text: finding.message },
          locations: [{ physicalLocation: { artifactLocation: location(finding.file), region: regionOf(finding) } }],
        })),
      },
    ],
  };
}

const location = (file: string) => ({ uri: encodeURI(file.startsWith('/') ? `file://${file}` : file) });

/** SARIF counts from one. */
const regionOf = ({ range }: Finding) => ({
  startLine: range.start.line + 1,
  startColumn: range.start.character + 1,
  endLine: range.end.line + 1,
  endColumn: range.end.character + 1,
});
