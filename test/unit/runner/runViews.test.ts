import { describe, expect, it } from 'vitest';
import { noMarks } from '../../../runner/src/domain/marks';
import { filterInWords, matchesFilter, type RunFilter } from '../../../runner/src/domain/runFilter';
import { fileChanges } from '../../../runner/src/run/fileChanges';
import { lineDifference } from '../../../runner/src/run/lineDifference';
import { aRun, aSuccess } from '../../support/fakeRunner';

describe('a filter of runs', () => {
  const check = (filter: RunFilter, expected: boolean, run = aSuccess({ parameters: { epochs: '30' } })): void => {
    expect(matchesFilter(run, { ...noMarks, note: 'the good one' }, filter)).toBe(expected);
  };

  it('lets everything through that it does not name', () => check({}, true));
  it('takes any of the named states', () => {
    check({ states: ['Failed', 'Successful'] }, true);
    check({ states: ['Failed'] }, false);
  });
  it('knows what is in progress', () => {
    check({ states: ['In progress'] }, true, aRun({ state: 'Waiting for resources' }));
    check({ states: ['In progress'] }, false);
  });
  it('needs all of package, pipeline and engine to fit', () => {
    check({ packages: ['digits'], engines: ['process'] }, true);
    check({ packages: ['digits'], engines: ['docker'] }, false);
    check({ pipelines: ['other'] }, false);
  });
  it('finds every word in titles, parameters and notes', () => {
    check({ text: '1.0 → 1.1' }, true);
    check({ text: 'EPOCHS=30 good' }, true);
    check({ text: 'good bad' }, false);
  });
  it('knows stars', () => check({ starred: true }, false));

  it('says itself in a few words', () => {
    expect(filterInWords({ states: ['Failed'], packages: ['digits'] })).toBe('failed, digits');
    expect(filterInWords({ text: ' wine ', starred: true })).toBe('starred, "wine"');
    expect(filterInWords({})).toBe('');
  });
});

describe('lines that differ', () => {
  const check = (before: string, after: string, added: number, removed: number): void =>
    expect(lineDifference(before, after)).toEqual({ added, removed });

  it('counts nothing where texts are the same', () => check('a\nb\n', 'a\nb\n', 0, 0));
  it('counts a new and an empty file', () => {
    check('', 'a\nb\n', 2, 0);
    check('a\nb', '', 0, 2);
  });
  it('counts a changed line as one added and one removed', () => check('a\nb\nc\n', 'a\nx\nc\n', 1, 1));
  it('finds what moved as little as can be', () => check('a\nb\nc\nd\n', 'b\nc\nd\ne\nf\n', 2, 1));
  it('takes the line ends of Windows for the same', () => check('a\r\nb\r\n', 'a\nb\n', 0, 0));
  it('gives up on texts that have little in common', () => {
    const many = (letter: string): string => Array.from({ length: 3000 }, (_, i) => `${letter}${i}`).join('\n');
    expect(lineDifference(many('a'), many('b'))).toBeNull();
  });
});

it('tells added, changed and removed files in the order of their paths', () => {
  const entry = (path: string, sha256 = 'a', bytes = 1) => ({ path, mode: '644' as const, bytes, sha256 });
  expect(fileChanges([entry('a'), entry('b'), entry('d')], [entry('b', 'x', 5), entry('c'), entry('d')])).toEqual([
    { path: 'a', letter: 'D', before: 1, after: 0 },
    { path: 'b', letter: 'M', before: 1, after: 5 },
    { path: 'c', letter: 'A', before: 0, after: 1 },
  ]);
});
