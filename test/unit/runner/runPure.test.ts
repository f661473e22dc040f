/** The pure parts of a run: words, causes, phases, quantities, places. */
import { describe, expect, test } from 'vitest';
import type { CompletionRecord } from '../../../runner/src/domain/completionRecord';
import { isExpected } from '../../../runner/src/domain/errors';
import { parseGpuRequest, showGpuRequest } from '../../../runner/src/domain/gpuRequest';
import { parseMetric } from '../../../runner/src/domain/metrics';
import { packageNameProblem } from '../../../runner/src/domain/packageName';
import { parameterNameProblem, resolveParameters } from '../../../runner/src/domain/parameters';
import { exitCodeOfRun, type Run } from '../../../runner/src/domain/run';
import { comparePaths } from '../../../runner/src/domain/treeHash';
import { causeOf, type Ending } from '../../../runner/src/run/causes';
import { LineAssembler } from '../../../runner/src/run/logLines';
import { mountName } from '../../../runner/src/run/packaging';
import { shownPath } from '../../../runner/src/run/paths';
import { changedPaths } from '../../../runner/src/run/planRun';
import { parseCpus, parseDuration, parseSize } from '../../../runner/src/run/quantities';

describe('quantities', () => {
  test.each([
    ['512m', 512 * 2 ** 20],
    ['8g', 8 * 2 ** 30],
    ['1.5G', 1.5 * 2 ** 30],
    ['100', 100],
    ['2GiB', 2 * 2 ** 30],
    ['1k', 1024],
  ])('size %s', (text, bytes) => expect(parseSize('memory', text)).toBe(bytes));
  test.each([
    ['45s', 45],
    ['90m', 5400],
    ['2h', 7200],
    ['1h30m', 5400],
    ['1.5', 1.5],
    ['1d', 86_400],
  ])('time %s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
  test.each(['', 'much', '-1g', '0', '1x', 'g'])('"%s" is no size', (text) =>
    expect(() => parseSize('memory', text)).toThrow(/no value/),
  );
  test.each(['', 'soon', '0', '-1h', '1h!', 'h'])('"%s" is no time', (text) =>
    expect(() => parseDuration(text)).toThrow(/no value/),
  );
  test.each(['0', '-2', 'two', ''])('"%s" is no number of CPUs', (text) =>
    expect(() => parseCpus(text)).toThrow(/no value/),
  );
});

describe('GPUs', () => {
  test.each([
    ['none', 'none'],
    ['', 'none'],
    ['ALL', 'all'],
    ['2', '2'],
    ['0,1', '0,1'],
    ['1,', '1,'],
    ['GPU-1a2b', 'GPU-1a2b'],
    ['0', 'none'],
  ])('"%s" is %s', (text, shown) => expect(showGpuRequest(parseGpuRequest(text))).toBe(shown));
  test.each(['two!', '-1', '1.5', '; rm -rf /', '--all'])('"%s" is refused', (text) =>
    expect(() => parseGpuRequest(text)).toThrow(/no choice of GPUs/),
  );
});

describe('names', () => {
  test.each(['digits', 'a', 'A.b-c_1', '0x', 'x'.repeat(100)])('"%s" can be a package', (name) =>
    expect(packageNameProblem(name)).toBeUndefined(),
  );
  test.each(['', '.a', '-a', '_a', 'a.', 'a b', 'ä', 'con', 'NUL.txt', 'com1', 'x'.repeat(101), 'a/b'])(
    '"%s" cannot',
    (name) => expect(packageNameProblem(name)).toBeDefined(),
  );
  test.each(['epochs', '_x', 'A1'])('"%s" can be a parameter', (name) =>
    expect(parameterNameProblem(name)).toBeUndefined(),
  );
  test.each(['', '1a', 'a b', 'a-b', 'training_pipelines_x', 'TRAINING_PIPELINES_X', 'ä'])('"%s" cannot', (name) =>
    expect(parameterNameProblem(name)).toBeDefined(),
  );
});

describe('parameters', () => {
  test('defaults are always there, and the flag is shown in lower case', () => {
    expect(resolveParameters({ save_training_data: 'TRUE', a: '' }).values).toEqual({
      artifacts_directory: 'artifacts',
      save_training_data: 'true',
      a: '',
    });
  });
  test('the alias decides only where the name is not there, and stays beside it', () => {
    expect(resolveParameters({ save_data: 'True' })).toMatchObject({
      saveTrainingData: true,
      aliasUsed: true,
      values: { save_data: 'True', save_training_data: 'true' },
    });
    expect(resolveParameters({ save_data: 'true', save_training_data: 'false' })).toMatchObject({
      saveTrainingData: false,
      aliasUsed: false,
    });
  });
  test.each(['', '/', '..', '.', 'a/../..', '/abs', 'C:/x', '\\x', 'a\\b', 'a\nb'])(
    'artifacts_directory "%s" is refused',
    (folder) => {
      let problem: unknown;
      try {
        resolveParameters({ artifacts_directory: folder });
      } catch (error) {
        problem = error;
      }
      expect(isExpected(problem, 'parameter-invalid')).toBe(true);
    },
  );
  test('a NUL in a value is refused, any other text is not', () => {
    expect(() => resolveParameters({ a: 'x\0' })).toThrow(/NUL/);
    expect(resolveParameters({ a: '\n"\u{1F600}=' }).values['a']).toBe('\n"\u{1F600}=');
  });
});

describe('places', () => {
  test('paths are shown relative to the workspace, absolute outside of it', () => {
    expect(shownPath('/w', '/w/data/d')).toBe('data/d');
    expect(shownPath('/w', '/w')).toBe('.');
    expect(shownPath('/w', '/other')).toBe('/other');
    expect(shownPath('/w', '/w2/x')).toBe('/w2/x');
    expect(shownPath('/w', '/w/..x')).toBe('..x');
  });
  test('the dataset takes the first name that the package leaves free', () => {
    expect(mountName(new Set(['train.py']))).toBe('data');
    expect(mountName(new Set(['data']))).toBe('data_directory');
    expect(mountName(new Set(['data', 'data_directory', 'data_directory_2']))).toBe('data_directory_3');
  });
  test('changed paths are those added, removed or with other content', () => {
    const file = (path: string, sha256: string) => ({ path, mode: '644' as const, bytes: 1, sha256 });
    expect(
      changedPaths([file('a', '1'), file('b', '1'), file('c', '1')], [file('a', '1'), file('b', '2'), file('d', '1')]),
    ).toEqual(['b', 'c', 'd']);
  });
  test('paths sort by their UTF-8 bytes', () => {
    const names = ['\u{1F600}', '\uffee', 'a/b', 'a', 'a-b', 'A', 'é'];
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...names].sort(comparePaths)).toEqual(byBytes);
  });
});

describe('log lines', () => {
  const texts = (...parts: string[]): string[] => {
    const lines = new LineAssembler();
    return [...parts.flatMap((part) => lines.push('stdout', 0, Buffer.from(part))), ...lines.end()].map(
      (line) => line.text,
    );
  };
  test('of a line that was rewritten the last state', () => {
    expect(texts('10%\r50%\r100%\ndone\n')).toEqual(['100%', 'done']);
    expect(texts('10%\r', '50%\r', '100%', '\n')).toEqual(['100%']);
    expect(texts('a\r\nb\r\n')).toEqual(['a', 'b']);
    expect(texts('open\r')).toEqual(['open']);
  });
  test('lines over pieces, characters over pieces, and a last line without an end', () => {
    const lines = new LineAssembler();
    const bytes = Buffer.from('gr\u00fc\u00df\nend');
    const found = [...bytes].flatMap((byte) => lines.push('stdout', 0, Buffer.from([byte])));
    expect([...found, ...lines.end()].map((line) => line.text)).toEqual(['gr\u00fc\u00df', 'end']);
  });
  test('the two streams are told apart', () => {
    const lines = new LineAssembler();
    lines.push('stdout', 0, Buffer.from('out '));
    expect(lines.push('stderr', 0, Buffer.from('err\n'))).toMatchObject([{ stream: 'stderr', text: 'err' }]);
    expect(lines.push('stdout', 0, Buffer.from('put\n'))).toMatchObject([{ stream: 'stdout', text: 'out put' }]);
  });
});

test('metrics are JSON lines with a name and a number', () => {
  expect(parseMetric(' {"metric": "loss", "value": 0.3, "step": 10} ')).toEqual({
    metric: 'loss',
    value: 0.3,
    step: 10,
    steps: null,
  });
  expect(parseMetric('{"metric": "loss", "value": 1}')).toMatchObject({ step: null, steps: null });
  expect(parseMetric('{"metric": "loss", "value": 1, "step": 2, "steps": 60}')).toMatchObject({ step: 2, steps: 60 });
  for (const text of [
    '',
    'loss 0.3',
    '{"metric": 1, "value": 2}',
    '{"metric": "a", "value": NaN}',
    '{"metric": "a"}',
    '{"metric"',
  ])
    expect(parseMetric(text)).toBeUndefined();
});

describe('causes', () => {
  const ending: Ending = {
    record: undefined,
    recordProblem: '',
    verdict: { kind: 'ended', exitCode: 0, signal: null, outOfMemory: false, error: '' },
    stopRequested: false,
    engine: 'docker',
    limits: { memory: null, cpus: null, shm: null, timeoutSeconds: 5 },
  };
  const record = (part: Partial<CompletionRecord>): CompletionRecord =>
    ({
      outcome: 'completed',
      step: 'done',
      kind: null,
      message: '',
      hint: '',
      exitCode: 0,
      signal: null,
      exception: null,
      gpu: { got: [], problem: '' },
      ...part,
    }) as CompletionRecord;

  test('exit code 0 without a record is a failure of the engine', () => expect(causeOf(ending)?.kind).toBe('engine'));
  test('a record of completion is success, whatever the exit code', () => {
    expect(causeOf({ ...ending, record: record({}), verdict: { ...ending.verdict, exitCode: 137 } })).toBeUndefined();
  });
  test('gone from the engine is lost; stopped by the user is killed', () => {
    expect(causeOf({ ...ending, verdict: { ...ending.verdict, kind: 'forgotten' } })?.kind).toBe('lost');
    expect(causeOf({ ...ending, stopRequested: true })?.kind).toBe('killed');
  });
  test('a SIGTERM without the stop marker is an interruption, not "Killed"', () => {
    expect(causeOf({ ...ending, record: record({ outcome: 'interrupted' }) })?.kind).toBe('engine');
    expect(causeOf({ ...ending, record: record({ outcome: 'interrupted' }), stopRequested: true })?.kind).toBe(
      'killed',
    );
  });
  test('memory, time and GPU have causes of their own', () => {
    expect(causeOf({ ...ending, verdict: { ...ending.verdict, outOfMemory: true } })?.kind).toBe('out-of-memory');
    expect(causeOf({ ...ending, record: record({ outcome: 'timed-out', step: 'train' }) })?.kind).toBe('timed-out');
    expect(
      causeOf({ ...ending, record: record({ outcome: 'gpu-missing', gpu: { got: [], problem: 'no GPU inside' } }) }),
    ).toMatchObject({ kind: 'engine', message: 'no GPU inside' });
  });
  test('exit codes of the command line', () => {
    const run = (state: Run['state'], kind?: string) =>
      exitCodeOfRun({ state, cause: kind === undefined ? null : ({ kind } as Run['cause']) });
    expect([
      run('Successful'),
      run('Killed', 'killed'),
      run('Failed', 'code'),
      run('Failed', 'timed-out'),
      run('Failed', 'invalid-output'),
    ]).toEqual([0, 130, 1, 1, 1]);
    expect([run('Failed', 'engine'), run('Failed', 'lost'), run('Failed', 'requirements'), run('Finalizing')]).toEqual([
      3, 3, 3, 3,
    ]);
  });
});
