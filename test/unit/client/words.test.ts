import { describe, expect, it } from 'vitest';
import { noMarks } from '../../../runner/src/domain/marks';
import { cause } from '../../../runner/src/domain/run';
import {
  causeInShort,
  dayGroup,
  runDescription,
  runLabel,
  shortAge,
  shortDay,
  spokenRun,
} from '../../../client/src/tree/words';
import { aRun, aSuccess } from '../../support/fakeRunner';

const now = new Date(2026, 2, 18, 14, 30);
const at = (day: number, hour = 9, minute = 5): Date => new Date(2026, 2, day, hour, minute);
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('short times', () => {
  it('are a clock today, then a day, then a date', () => {
    expect(shortDay(at(18), now)).toBe('09:05');
    expect(shortDay(at(17), now)).toBe('yesterday');
    expect(shortDay(at(14), now)).toBe('Saturday');
    expect(shortDay(at(2), now)).toBe('2026-03-02');
  });

  it('count minutes below an hour', () => {
    expect(shortAge(new Date(now.getTime() - 5_000), now)).toBe('just now');
    expect(plain(shortAge(new Date(now.getTime() - 18 * 60_000), now))).toBe('18 min ago');
    expect(shortAge(at(18), now)).toBe('09:05');
  });

  it('group days as people speak of them', () => {
    expect([18, 17, 14, 2].map((day) => dayGroup(at(day), now))).toEqual([
      'Today',
      'Yesterday',
      'Last 7 days',
      '2026-03',
    ]);
  });
});

describe('a run in the tree', () => {
  const failed = aRun({
    state: 'Failed',
    endedAt: at(17).toISOString(),
    phases: [{ name: 'Running', seconds: 3.1 }],
    cause: cause('code', 'RuntimeError: shapes differ', {
      traceback: [
        { file: 'train.py', line: 38, function: 'step', text: '' },
        { file: '/usr/lib/python3/torch.py', line: 1, function: 'f', text: '' },
      ],
    }),
  });

  it('says what is worth most first', () => {
    const success = aSuccess({ endedAt: at(17).toISOString() });
    expect(plain(runDescription(success, now))).toBe('6.2 s, yesterday');
    expect(runDescription(failed, now)).toBe('RuntimeError, train.py:38, yesterday');
  });

  it('names what was lost by its engine', () => {
    expect(causeInShort(aRun({ state: 'Failed', engine: 'gpu-box', cause: cause('lost', 'gone') }))).toBe(
      'lost: gpu-box',
    );
  });

  it('is called by its own name where it has one', () => {
    expect(runLabel(aSuccess(), noMarks)).toBe('digits 1.0 → 1.1');
    expect(runLabel(aSuccess(), { ...noMarks, name: 'best so far' })).toBe('best so far');
  });

  it('is spoken without arrows', () => {
    const success = aSuccess({ endedAt: at(17).toISOString() });
    expect(plain(spokenRun(success, { ...noMarks, starred: true }, now))).toBe(
      'digits, 1.0 to 1.1, Successful in 6.2 s, yesterday, starred',
    );
    expect(plain(spokenRun(failed, noMarks, now))).toContain('Failed after 3.1 s, RuntimeError, train.py:38');
  });
});
