import { describe, expect, test } from 'vitest';
import {
  causeSentence,
  formatBytes,
  formatCount,
  formatSeconds,
  formatWhen,
  runTitle,
  stateInWords,
} from '../../../runner/src/domain/format';
import { cause } from '../../../runner/src/domain/run';
import { aRun, aSuccess } from '../../support/fakeRunner';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test.each([
  [0, '0 s'],
  [0.004, '0.00 s'],
  [0.384, '0.38 s'],
  [0.999, '1.0 s'],
  [6.24, '6.2 s'],
  [9.96, '10 s'],
  [41.4, '41 s'],
  [59.6, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3599.6, '1 h 00 min'],
  [4320, '1 h 12 min'],
  [90_000, '25 h 00 min'],
])('%d seconds are %s', (seconds, text) => expect(plain(formatSeconds(seconds))).toBe(text));

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [412, '412 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 KB'],
  [39_400, '39 KB'],
  [999_600, '1.0 MB'],
  [3_140_000, '3.1 MB'],
  [8_500_000_000, '8.5 GB'],
  [2.5e15, '2500 TB'],
])('%d bytes are %s', (bytes, text) => expect(plain(formatBytes(bytes))).toBe(text));

test('units are joined by a no-break space', () => {
  expect(formatSeconds(6.2)).toBe('6.2\u00a0s');
  expect(formatBytes(3_100_000)).toBe('3.1\u00a0MB');
});

test.each([
  [7, '7'],
  [1797, '1,797'],
  [1_234_567, '1,234,567'],
])('%d is shown as %s', (count, text) => expect(formatCount(count)).toBe(text));

describe('times', () => {
  const now = new Date(2026, 0, 15, 14, 30, 0);
  test.each([
    [new Date(2026, 0, 15, 14, 29, 30), 'just now'],
    [new Date(2026, 0, 15, 14, 27, 0), '3 min ago'],
    [new Date(2026, 0, 15, 9, 2, 0), 'today 09:02'],
    [new Date(2026, 0, 14, 23, 59, 0), 'yesterday 23:59'],
    [new Date(2026, 0, 10, 8, 0, 0), 'Saturday 08:00'],
    [new Date(2025, 11, 24, 8, 0, 0), '2025-12-24 08:00'],
    [new Date(2026, 0, 15, 16, 0, 0), 'today 16:00'],
  ])('%o is %s', (time, text) => expect(plain(formatWhen(time, now))).toBe(text));
});

describe('a run in words', () => {
  const now = new Date('2026-01-02T10:15:41.000Z');
  test.each([
    [aSuccess(), 'Successful in 6.2 s', 'digits 1.0 → 1.1'],
    [aRun(), 'Running 41 s', 'digits 1.0'],
    [
      aSuccess({ state: 'Failed', version: '', cause: cause('code', 'ValueError') }),
      'Failed after 6.2 s',
      'digits 1.0',
    ],
    [aSuccess({ state: 'Failed', version: '', cause: cause('lost', 'Gone.') }), 'Lost after 6.2 s', 'digits 1.0'],
    [
      aSuccess({ state: 'Killed', version: '', cause: cause('killed', 'Stopped.') }),
      'Killed after 6.2 s',
      'digits 1.0',
    ],
    [aRun({ from: '', state: 'Scheduled' }), 'Scheduled 41 s', 'digits'],
  ])('%#', (run, state, title) => {
    expect(plain(stateInWords(run, now))).toBe(state);
    expect(runTitle(run)).toBe(title);
  });
});

describe('a cause in one sentence', () => {
  const own = { file: 'train.py', line: 38, function: 'train', text: 'self.fit()' };
  const library = { file: '/usr/lib/python3/torch/nn.py', line: 7, function: 'linear', text: '' };

  test('names the user’s own line, also where a library raised', () => {
    const why = cause('code', 'RuntimeError: shapes cannot be multiplied', { traceback: [own, library] });
    expect(causeSentence(why)).toBe('train.py line 38 raised RuntimeError: shapes cannot be multiplied.');
  });

  test('an exception without a message', () => {
    expect(causeSentence(cause('code', 'KeyError', { traceback: [own] }))).toBe('train.py line 38 raised KeyError.');
  });

  test('other endings have a sentence of their own', () => {
    const why = cause('code', 'train.py ended with sys.exit(0) before save.', { traceback: [own] });
    expect(causeSentence(why)).toBe('train.py ended with sys.exit(0) before save.');
    expect(causeSentence(cause('engine', 'docker stopped in mid-run'))).toBe('docker stopped in mid-run.');
  });

  test('frames of libraries alone name no line', () => {
    expect(causeSentence(cause('code', 'ValueError: x', { traceback: [library] }))).toBe('ValueError: x.');
  });
});
