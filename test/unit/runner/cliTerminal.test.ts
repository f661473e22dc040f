import { describe, expect, test } from 'vitest';
import { table } from '../../../runner/src/cli/table';
import { fakeTerminal } from '../../support/fakeTerminal';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('the terminal', () => {
  test('with --json stdout holds the document alone; log, notes and progress go to stderr', () => {
    const { terminal, out, err } = fakeTerminal({ json: true });
    terminal.log(bytes('epoch 1\n'), 'stdout');
    terminal.note('Packaging');
    terminal.progress({ text: 'packing digits' });
    terminal.print('Successful');
    terminal.document({ ok: true });
    expect(out()).toBe('{"ok":true}\n');
    expect(err()).toBe('epoch 1\nPackaging\npacking digits\n');
  });

  test('without it the log goes where train.py wrote it', () => {
    const { terminal, out, err } = fakeTerminal();
    terminal.log(bytes('epoch 1\n'), 'stdout');
    terminal.log(bytes('oh\n'), 'stderr');
    terminal.print('Successful');
    expect(out()).toBe('epoch 1\nSuccessful\n');
    expect(err()).toBe('oh\n');
  });

  test('--quiet leaves the outcome and errors', () => {
    const { terminal, out, err } = fakeTerminal({ quiet: true });
    terminal.log(bytes('epoch 1\n'), 'stdout');
    terminal.note('Packaging');
    terminal.progress({ text: 'packing digits' });
    terminal.print('Successful');
    terminal.error('error: no');
    expect(out()).toBe('Successful\n');
    expect(err()).toBe('error: no\n');
  });

  test('a line that training left open is ended before ours begins', () => {
    const { terminal, out } = fakeTerminal();
    terminal.log(bytes('\rstep 3 of 3'), 'stdout');
    terminal.print('Successful');
    expect(out()).toBe('\rstep 3 of 3\nSuccessful\n');
  });

  test('on a terminal both streams share the cursor', () => {
    const { terminal, err } = fakeTerminal({ isTTY: true, live: true });
    terminal.log(bytes('step 3'), 'stdout');
    terminal.note('Finalizing');
    terminal.note('more');
    expect(err()).toBe('\nFinalizing\nmore\n');
  });

  test('live progress is one line that is drawn again, cut to the width, and gone before other text', () => {
    const { terminal, out, err, pass } = fakeTerminal({ isTTY: true, live: true, columns: 30 });
    terminal.progress({ text: 'reading the dataset', done: 0, total: 10_000_000, unit: 'bytes' });
    pass(10);
    terminal.progress({ text: 'reading the dataset', done: 1_000_000, total: 10_000_000, unit: 'bytes' });
    pass(1000);
    terminal.progress({ text: 'reading', done: 5_000_000, total: 10_000_000, unit: 'bytes' });
    terminal.print('done');
    const frames = err().split('\r');
    expect(frames).toEqual([
      '',
      'reading the dataset: 0\u00a0bytes…\u001b[K',
      'reading: 5.0\u00a0MB of 10\u00a0MB\u001b[K',
      '\u001b[K',
    ]);
    expect(out()).toBe('done\n');
  });

  test('elsewhere each new thing is a line', () => {
    const { terminal, err } = fakeTerminal();
    for (const done of [1, 2, 3]) terminal.progress({ text: 'packing digits', done, total: 3, unit: 'bytes' });
    terminal.progress({ text: 'sending digits' });
    expect(err()).toBe('packing digits\nsending digits\n');
  });

  test('rate and time left come from the last seconds', () => {
    const { terminal, err, pass } = fakeTerminal({ isTTY: true, live: true, columns: 200 });
    for (let done = 0; done <= 4; done++) {
      terminal.progress({ text: 'sending', done: done * 10_000_000, total: 100_000_000, unit: 'bytes' });
      pass(1000);
    }
    const last = err().split('\r').at(-1);
    expect(last).toBe('sending: 40\u00a0MB of 100\u00a0MB, 10\u00a0MB/s, 6.0\u00a0s left\u001b[K');
  });

  test('steps have a count', () => {
    const { terminal, err } = fakeTerminal({ isTTY: true, live: true });
    terminal.progress({ text: 'collecting output', done: 1204, total: 1797, unit: 'files' });
    expect(err()).toBe('\rcollecting output: 1,204 of 1,797\u001b[K');
  });

  test('colours are escape codes only where they are wanted', () => {
    expect(fakeTerminal({ colours: true }).terminal.paint('red', 'Failed')).toBe('\u001b[31mFailed\u001b[0m');
    expect(fakeTerminal().terminal.paint('red', 'Failed')).toBe('Failed');
  });

  test('what comes from outside has no say over the terminal, with and without colours', () => {
    for (const colours of [false, true]) {
      const { terminal, out, err } = fakeTerminal({ colours });
      terminal.print(terminal.paint('red', 'evil \u001b]0;title\u0007\nnext\u202e'));
      terminal.error('\u001b[2J\u009b');
      terminal.progress({ text: 'packing a\nb\u001b[1A' });
      const text = 'evil \\u001b]0;title\\u0007\nnext\\u202e';
      expect(out()).toBe(colours ? `\u001b[31m${text}\u001b[0m\n` : `${text}\n`);
      expect(err()).toBe('\\u001b[2J\\u009b\npacking a\\u000ab\\u001b[1A\n');
    }
  });

  test('without a terminal nothing is cut', () => {
    expect(fakeTerminal().terminal.columns).toBe(Number.POSITIVE_INFINITY);
    expect(fakeTerminal({ columns: 60 }).terminal.columns).toBe(60);
    expect(fakeTerminal({ isTTY: true }).terminal.columns).toBe(80);
  });
});

describe('tables', () => {
  const head = ['VERSION', 'ZIP'];
  const rows = [
    ['digits@1.10', 'a/long/path/to/digits.zip'],
    ['digits@1.9', 'b.zip'],
  ];

  test('columns are aligned, without blanks at the end of a line', () => {
    expect(table(head, rows, 80)).toBe(
      ['VERSION      ZIP', 'digits@1.10  a/long/path/to/digits.zip', 'digits@1.9   b.zip'].join('\n'),
    );
  });

  test('a cell is one line', () => {
    expect(table(['A', 'B'], [['x\ny', 'z']], 80)).toBe('A         B\nx\\u000ay  z');
  });

  test('in a narrow terminal the widest column gives way', () => {
    const lines = table(head, rows, 30).split('\n');
    expect(lines[1]).toBe('digits@1.10  a/long/path/to/d…');
    expect(Math.max(...lines.map((line) => [...line].length))).toBe(30);
  });

  test('what names the row is cut last', () => {
    const run = ['20261124-132534-253-7ctn0k', 'digits 1.0 → 1.1', 'Successful'];
    expect(table(['RUN', 'PIPELINE', 'STATE'], [run], 50).split('\n')[1]).toBe(
      '20261124-132534-253-7ctn0k  digits 1.…  Successful',
    );
  });

  test('no line is wider than the terminal, however narrow', () => {
    for (const columns of [1, 5, 12, 17, 20, 40]) {
      for (const line of table(head, rows, columns).split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
    }
  });
});
