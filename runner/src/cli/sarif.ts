/** Findings as SARIF 2.1.0, for code scanning. */
import type { Finding } from '../domain/finding';

const levels = { error: 'error', warning: 'warning', information: 'note', hint: 'note' } as const;

export function toSarif(findings: readonly Finding[], version: string) {
  const codes = [...new Set(findings.map((finding) => finding.code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Training Pipelines', version, rules: codes.map((id) => ({ id })) } },
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

/** Relative to the root of the sources, as viewers expect it; absolute where the file lies outside the workspace. */
function location(file: string) {
  const uri = file.split('/').map(encodeURIComponent).join('/');
  if (file.startsWith('/')) return { uri: `file://${uri}` };
  if (/^[A-Za-z]:\//.test(file)) return { uri: `file:///${uri.replace('%3A', ':')}` };
  return { uri, uriBaseId: '%SRCROOT%' };
}

/** SARIF counts from one. */
const regionOf = ({ range }: Finding) => ({
  startLine: range.start.line + 1,
  startColumn: range.start.character + 1,
  endLine: range.end.line + 1,
  endColumn: range.end.character + 1,
});
