import { expect, test } from 'vitest';
import { compareVersions, isVersionNumber, nextMajor, nextMinor } from '../../../runner/src/domain/versionNumber';

test('after 1.9 comes 1.10, which is higher', () => {
  expect(nextMinor('1.0', ['1.0', '1.9'])).toBe('1.10');
  expect(compareVersions('1.10', '1.9')).toBeGreaterThan(0);
});

test('a run takes the number after the highest minor of its own major', () => {
  expect(nextMinor('1.0', ['1.0', '1.2', '2.0', '2.7'])).toBe('1.3');
  expect(nextMinor('3.0', [])).toBe('3.1');
});

test('publishing takes the next major', () => {
  expect(nextMajor([])).toBe('1.0');
  expect(nextMajor(['1.0', '1.4', '2.1'])).toBe('3.0');
});

test('only MAJOR.MINOR without leading zeros is a version number', () => {
  for (const good of ['0.0', '1.0', '12.345']) expect(isVersionNumber(good), good).toBe(true);
  for (const bad of ['1', '01.0', '1.00', 'v1.0', '1.0.0', '', '1.0 ', '-1.0'])
    expect(isVersionNumber(bad), bad).toBe(false);
});
