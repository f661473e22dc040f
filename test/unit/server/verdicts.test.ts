/** Small modules that CPython 3.11 was asked about: does `Main().train(path)` and `save()` work on them? */
import { describe, expect, it } from 'vitest';
import verdicts from '../../fixtures/python/verdicts.json';
import { findingsOf } from './support/checkSource';

/** Fail in ways that the check does not look for. */
const notLookedFor = [/\(Enum\)/, /return 5/, /with open/, /global Main/];

const errorsOf = (source: string) => findingsOf(source).filter((finding) => finding.severity === 'error');
const failing = verdicts.filter(({ runs, source }) => !runs && !notLookedFor.some((one) => one.test(source)));

describe('modules', () => {
  it.each(verdicts.filter(({ runs }) => runs))('have no error where they run: $source', ({ source }) => {
    expect(errorsOf(source)).toEqual([]);
  });
  it.each(failing)('have an error where they do not run: $source', ({ source }) => {
    expect(errorsOf(source)).not.toEqual([]);
  });
});
