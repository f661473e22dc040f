import { describe, expect, it } from 'vitest';
import { checkProblems, nearestName, problemOf } from '../../../client/src/panel/panelProblems';
import { RunGate } from '../../../client/src/panel/runGate';
import { ExpectedError } from '../../../runner/src/domain/errors';
import type { RunPreflight } from '../../../runner/src/protocol';

const checks = (part: Partial<RunPreflight>): RunPreflight => ({
  engine: { name: 'docker', milliseconds: 3, problem: null },
  findings: [],
  blocking: 0,
  packageProblem: null,
  seal: null,
  reads: [],
  gpuProblem: null,
  gpuTrouble: null,
  environment: null,
  environmentProblem: null,
  warnings: [],
  disk: { free: null },
  ...part,
});
const problem = (code: string, message: string) => ({ code, message, hint: '' });

describe('a problem of the runner', () => {
  it.each([
    ['dataset-missing', 'dataset'],
    ['dataset-refused', 'dataset'],
    ['package-invalid', 'package'],
    ['version-missing', 'from'],
    ['engine-permission', 'engine'],
    ['gpu-unavailable', 'gpu'],
    ['image-missing', 'image'],
  ] as const)('%s belongs at the field %s', (code, field) => {
    expect(problemOf(new ExpectedError(code, 'words'))).toMatchObject({ field, message: 'words' });
  });

  it('that nobody expected belongs to no field', () => {
    expect(problemOf(new Error('boom'))).toMatchObject({ field: '', message: 'boom' });
  });
});

describe('what the checks found', () => {
  it('keeps a package from running by its first error, with the count of the others', () => {
    const range = { start: { line: 2, character: 0 }, end: { line: 2, character: 1 } };
    const finding = {
      code: 'train-missing',
      severity: 'error' as const,
      message: 'Main has no train.',
      file: 'd/train.py',
      range,
    };
    const found = checkProblems(checks({ findings: [finding, finding], blocking: 2 }));
    expect(found).toEqual([
      { field: 'package', label: 'ML package', message: 'd/train.py line 3: Main has no train. 1 more.' },
    ]);
  });

  it('stands at engine, GPU and image', () => {
    const found = checkProblems(
      checks({
        engine: { name: 'gpu-box', milliseconds: 0, problem: problem('engine-unreachable', 'gpu-box is silent.') },
        gpuProblem: problem('gpu-unavailable', 'No GPU.'),
        environmentProblem: problem('image-platform', 'Another platform.'),
      }),
    );
    expect(found.map(({ field }) => field)).toEqual(['engine', 'gpu', 'image']);
  });

  it('is nothing where all is well', () => {
    expect(checkProblems(checks({}))).toEqual([]);
    expect(checkProblems(undefined)).toEqual([]);
  });
});

describe('the nearest name', () => {
  it('is one within two edits', () => {
    expect(nearestName('digit', ['wine', 'digits', 'digest'])).toBe('digits');
    expect(nearestName('Digits', ['digits'])).toBe('digits');
  });

  it('is none for a name that means something else', () => {
    expect(nearestName('digits', ['wine', 'mnist'])).toBeUndefined();
    expect(nearestName('ab', ['cd'])).toBeUndefined();
    expect(nearestName('x', [])).toBeUndefined();
  });
});

describe('a second press of Run', () => {
  it('within a second is the same request, after it another one', async () => {
    let now = 0;
    let count = 0;
    const gate = new RunGate<number>(() => now);
    const launch = (): Promise<number> => Promise.resolve(++count);
    const first = gate.start(launch);
    now = 999;
    expect(gate.start(launch)).toBe(first);
    now = 1_000;
    expect(await gate.start(launch)).toBe(2);
  });

  it('within a second after a run that was refused is refused the same way', async () => {
    const gate = new RunGate<number>(() => 0);
    const refused = gate.start(() => Promise.reject(new Error('no')));
    await expect(refused).rejects.toThrow('no');
    await expect(gate.start(() => Promise.resolve(1))).rejects.toThrow('no');
  });
});
