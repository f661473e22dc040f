import { expect, test } from 'vitest';
import { toSarif } from '../../../runner/src/cli/sarif';
import { severities } from '../../../runner/src/domain/finding';
import { aFinding } from '../../support/fakeRunner';

test('an empty log has a run without results', () => {
  const { version, $schema, runs } = toSarif([], '1.2.3');
  expect(version).toBe('2.1.0');
  expect($schema).toBe('https://json.schemastore.org/sarif-2.1.0.json');
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ tool: { driver: { version: '1.2.3', rules: [] } }, results: [] });
});

test('information and hints are notes', () => {
  const findings = severities.map((severity) => aFinding({ severity }));
  const levels = toSarif(findings, '1').runs[0]?.results.map((result) => result.level);
  expect(levels).toEqual(['error', 'warning', 'note', 'note']);
});

test('every result names its rule, counts from one and in UTF-16 columns', () => {
  const log = toSarif([aFinding(), aFinding({ code: 'absolute-path', severity: 'warning' })], '1').runs[0];
  expect(log?.columnKind).toBe('utf16CodeUnits');
  const rules = log?.tool.driver.rules ?? [];
  expect(rules.map(({ id }) => id)).toEqual(['absolute-path', 'save-missing']);
  for (const result of log?.results ?? []) expect(rules[result.ruleIndex]?.id).toBe(result.ruleId);
  expect(log?.results[0]?.locations[0]?.physicalLocation.region).toEqual({
    startLine: 4,
    startColumn: 7,
    endLine: 4,
    endColumn: 11,
  });
});

test.each([
  ['digits/train.py', 'digits/train.py'],
  ['my package#1/100%/tränen?.py', 'my%20package%231/100%25/tr%C3%A4nen%3F.py'],
  ['/other/place/train.py', 'file:///other/place/train.py'],
  ['C:/other/train.py', 'file:///C:/other/train.py'],
])('%s is a URI', (file, uri) => {
  const location = toSarif([aFinding({ file })], '1').runs[0]?.results[0]?.locations[0]?.physicalLocation
    .artifactLocation;
  expect(location?.uri).toBe(uri);
});
