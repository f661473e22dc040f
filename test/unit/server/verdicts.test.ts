/** Small modules that CPython 3.11 was asked about: does `Main().train(path)` and `save()` work on them? */
import { describe, expect, it } from 'vitest';
import verdicts from '../../fixtures/python/verdicts.json';
import { findingsOf } from './support/checkSource';

/** Fail in ways that the check does not look for. */
const notLookedFor = [/\(Enum\)/, /return 5/, /with open/, /global Main/];

describe.each(verdicts)('$source', ({ source, runs }) => {
  const errors = () => findingsOf(source).filter((finding) => finding.severity === 'error');
  if (runs) it('has no error, for it runs', () => expect(errors()).toEqual([]));
  else if (!notLookedFor.some((one) => one.test(source))) {
    it('has an error, for it does not run', () => expect(errors()).not.toEqual([]));
  }
});
