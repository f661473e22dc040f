import { describe, expect, it } from 'vitest';
import { engineTitle } from '../../../runner/src/domain/engineFacts';
import { allProblems, draftProblems } from '../../../webview/src/draftProblems';
import { checkLines, checkSummary } from '../../../webview/src/words/checkWords';
import { percentile, usualDuration } from '../../../webview/src/words/durations';
import { advancedWords, costWords, environmentWords } from '../../../webview/src/words/environmentWords';
import { differenceWords, headlineOf } from '../../../webview/src/words/metricWords';
import { namesInWords } from '../../../webview/src/words/namesInWords';
import { changeWords, countWords, datasetLine, gpuWords, whyWords } from '../../../webview/src/words/planWords';
import { emptyDraft, type Draft, type PanelState } from '../../../webview/src/protocol';
import { checks, failedRun, panelState, runOf } from '../../support/pageValues';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const state = (draft: Partial<Draft> = {}, part: Partial<PanelState> = {}): PanelState => {
  const base = panelState(part);
  return { ...base, draft: { ...base.draft, ...draft } };
};
const took = (seconds: number, i: number) =>
  runOf({ id: `2026010${i}-120000-000-abcdef`, phases: [{ name: 'Running', seconds }] });

describe('the why of a plan', () => {
  const plan = panelState().plan as NonNullable<PanelState['plan']>;
  const fixed = { ...plan, publishes: false, changedSince: null, from: '2.0' };

  it('names what changed and what is published for it', () => {
    expect(whyWords({ ...plan, changedSince: { version: '1.2', paths: ['train.py', 'requirements.txt'] } })).toBe(
      'train.py and requirements.txt changed since 1.2, so the working folder is published as 2.0 first.',
    );
  });

  it('counts what is more than a sentence holds', () => {
    expect(whyWords({ ...plan, changedSince: { version: '1.2', paths: ['a', 'b', 'c', 'd', 'e'] } })).toContain(
      'a, b and 3 more files changed since 1.2',
    );
  });

  it('says that nothing is published yet', () => {
    expect(whyWords({ ...plan, from: '1.0', changedSince: null })).toBe(
      'Nothing is published yet, so the working folder is published as 1.0 first.',
    );
  });

  it.each([
    [[], '2.1', ''],
    [['2.1'], '2.2', '2.1 is taken, so training from 2.0 makes 2.2.'],
    [['2.1', '2.2'], '2.3', '2.1 and 2.2 are taken, so training from 2.0 makes 2.3.'],
    [['2.1', '2.2', '2.3'], '2.4', '2.1 to 2.3 are taken, so training from 2.0 makes 2.4.'],
  ])('explains the number where %j are taken', (taken, makes, words) => {
    expect(whyWords({ ...fixed, taken, makes })).toBe(words);
  });
});

describe('the usual duration', () => {
  it('is told from three successes on, from the 10th to the 90th percentile', () => {
    const runs = [5, 6, 7].map(took);
    expect(usualDuration(runs.slice(1), 'docker')).toBe('');
    expect(plain(usualDuration(runs, 'docker'))).toBe('Usually 5 to 7 s.');
  });

  it('counts neither failures nor other engines', () => {
    expect(usualDuration([took(5, 1), took(6, 2), failedRun], 'docker')).toBe('');
    expect(usualDuration([5, 6, 7].map(took), 'gpu-box')).toBe('');
  });

  it('names both units where they differ', () => {
    expect(plain(usualDuration([30, 30, 200, 200].map(took), 'docker'))).toBe('Usually 30 s to 3 min 20 s.');
  });

  it('lies between the nearest two', () => {
    expect(percentile([0, 10], 0.25)).toBe(2.5);
    expect(percentile([4], 0.9)).toBe(4);
  });
});

describe('the line of the dataset', () => {
  it('counts while it is not done', () => {
    const dataset = { ...(panelState().dataset as NonNullable<PanelState['dataset']>), files: 12_000, partial: true };
    expect(datasetLine(panelState({ dataset }))).toBe('data/digits: counting, 12,000 files so far. GPU none.');
    expect(plain(countWords(dataset))).toBe('Counting: 12,000 files in 10 folders, 3.1 MB so far.');
    expect(changeWords(dataset)).toBe('');
  });

  it('says that changes apply to the next run while one goes on', () => {
    const runs = [runOf({ state: 'Running', endedAt: null, version: '' })];
    expect(datasetLine(panelState({ runs }))).toContain('Changes below apply to the next run.');
  });

  it('says that this code failed last time', () => {
    const plan = { ...(panelState().plan as NonNullable<PanelState['plan']>), publishes: false, from: '1.0' };
    expect(datasetLine(panelState({ plan, runs: [failedRun] }))).toContain('The last run with this code failed.');
  });

  it('tells what changed since the last run', () => {
    const dataset = panelState().dataset as NonNullable<PanelState['dataset']>;
    expect(changeWords(dataset)).toBe('Since the last run: 897 files added, 3 changed.');
    const same = { version: '2.1', added: 0, changed: 0, removed: 0 };
    expect(changeWords({ ...dataset, changes: same })).toBe('Same content as in the run of 2.1.');
    expect(changeWords({ ...dataset, changes: null })).toBe('');
  });

  it('names the GPUs', () => {
    const engine = { ...(panelState().engines?.[0] as never as object), gpus: [{ id: '0', model: 'RTX', memory: 1 }] };
    const words = (part: Partial<Draft>): string => gpuWords({ ...emptyDraft, ...part }, engine as never);
    expect(words({ gpuKind: 'ids', gpuIds: ['0'] })).toBe('GPU 0, RTX');
    expect(words({ gpuKind: 'ids', gpuIds: ['0', '1'] })).toBe('GPU 0, 1');
    expect(words({ gpuKind: 'count', gpuCount: '1' })).toBe('1 GPU');
    expect(words({ gpuKind: 'all' })).toBe('all GPUs');
  });
});

describe('what the environment costs', () => {
  const environment = checks.environment as NonNullable<typeof checks.environment>;

  it.each([
    [{}, false, 'Will reuse the cached image. Nothing to install.'],
    [{}, true, 'Will reuse the virtual environment. Nothing to install.'],
    [{ files: [] }, false, 'Will use python:3.12-slim as it is. Nothing to install.'],
    [{ isBaseThere: false }, false, 'Will pull python:3.12-slim first, then install requirements.txt.'],
    [
      { kind: 'build', changed: [{ file: 'requirements.txt', names: ['numpy'] }] },
      false,
      'Will build the image: numpy changed in requirements.txt.',
    ],
    [{ kind: 'build' }, false, 'Will build the image: requirements.txt is new for python:3.12-slim.'],
    [{ kind: 'build', base: 'Dockerfile' }, false, 'Will build the image of the package’s Dockerfile.'],
  ] as const)('%j: %s', (part, isLocal, words) => {
    expect(environmentWords({ ...environment, ...part }, isLocal)).toBe(words);
  });

  it('says what is sent to an engine elsewhere', () => {
    const engines = [{ ...(panelState().engines?.[0] as never as object), name: 'gpu-box', endpoint: 'ssh://gpu-box' }];
    const words = costWords(state({ engine: 'gpu-box' }, { engines: engines as never }));
    expect(plain(words)).toMatch(/^Will send up to 3\.1 MB to gpu-box\. /);
  });

  it('says nothing where no engine answers', () => {
    const problem = { code: 'engine-unreachable', message: 'silent', hint: '' };
    expect(costWords(panelState({ checks: { ...checks, engine: { ...checks.engine, problem } } }))).toBe('');
  });

  it('states the values of what is folded', () => {
    expect(advancedWords(state())).toBe(
      'python:3.12-slim plus requirements.txt (cached), network bridge, dataset read-only',
    );
    expect(advancedWords(state({ image: 'mine:1', network: 'none' }, { checks: undefined }))).toBe(
      'mine:1, network none, dataset read-only',
    );
  });
});

describe('the checks', () => {
  const of = (part: Partial<PanelState>, draft: Partial<Draft> = {}) => {
    const shown = state(draft, part);
    return checkLines(shown, allProblems(shown)).map((line) => `${line.name} ${line.state}: ${plain(line.text)}`);
  };

  it('are told as they came out', () => {
    expect(of({})).toEqual([
      'Package passed: Main.train and Main.save found, no problems',
      'Dataset passed: read in 0.10 s, mounted read-only',
      'Engine passed: docker (local) answered in 3 ms',
      'Image passed: cached, nothing to install',
      'Disk passed: needs about 36 KB, 112 GB free',
    ]);
  });

  it('that were not made say so', () => {
    expect(of({ checks: undefined, dataset: undefined, plan: undefined })).toEqual([
      'Package unchecked: not checked yet',
      'Dataset unchecked: not checked yet',
      'Engine unchecked: not checked yet',
      'Image unchecked: not checked yet',
      'Disk unchecked: not checked yet',
    ]);
  });

  it('of the machine are not made where the engine is silent', () => {
    const problem = { code: 'engine-unreachable', message: 'docker is silent.', hint: '' };
    const lines = of({ checks: { ...checks, environment: null, engine: { ...checks.engine, problem } } });
    expect(lines).toContain('Engine failed: docker is silent.');
    expect(lines).toContain('Image unchecked: not checked yet');
  });

  it('find a disk that is too small', () => {
    const part = { checks: { ...checks, disk: { free: 1_000 } } };
    expect(of(part)).toContain('Disk failed: needs about 36 KB, 1.0 KB free');
    expect(draftProblems(state({}, part)).map(({ label }) => label)).toEqual(['Disk']);
  });

  it('fold to one line', () => {
    const line = (one: 'passed' | 'failed' | 'unchecked') => ({ name: 'x', state: one, text: '' });
    expect(checkSummary([line('passed'), line('passed')])).toEqual({ state: 'passed', text: '2 checks passed' });
    expect(checkSummary([line('passed'), line('failed')]).text).toBe('1 of 2 checks failed');
    expect(checkSummary([line('passed'), line('unchecked')]).text).toBe('1 check passed, 1 not checked yet');
  });
});

describe('what the page finds wrong by itself', () => {
  const fields = (draft: Partial<Draft>, part: Partial<PanelState> = {}): Record<string, string> =>
    Object.fromEntries(draftProblems(state(draft, part)).map(({ field, message }) => [field, plain(message)]));
  const row = (name: string, part: object = {}) => ({ name, value: 'x', secret: false, stored: false, ...part });

  it.each([
    ['learning rate', 'No spaces in a name.'],
    ['1st', 'A name does not start with a digit.'],
    ['a-b', 'A name holds letters, digits and "_" only.'],
    ['artifacts_directory', 'artifacts_directory is set under Output.'],
  ])('the name %s', (name, message) => {
    expect(fields({ parameters: [row(name)] })).toEqual({ 'parameter-0-name': message });
  });

  it('a name that is there twice, at both', () => {
    expect(fields({ parameters: [row('a'), row('a')] })).toEqual({
      'parameter-0-name': 'a is there twice.',
      'parameter-1-name': 'a is there twice.',
    });
  });

  it('offers a name that will do', () => {
    const [problem] = draftProblems(state({ parameters: [row('learning rate')] }));
    expect(problem?.fix).toMatchObject({
      text: 'Use learning_rate',
      edit: { parameters: [{ name: 'learning_rate' }] },
    });
  });

  it('a secret without a value', () => {
    expect(fields({ parameters: [row('T', { secret: true, value: '' })] })).toHaveProperty('parameter-0-value');
    expect(fields({ parameters: [row('T', { secret: true, value: '', stored: true })] })).toEqual({});
  });

  it('limits that mean nothing, or more than the engine has', () => {
    expect(fields({ memory: 'lots', cpus: 'x', shm: '-1', timeout: 'soon' })).toEqual({
      memory: 'A size like 512m or 8g.',
      cpus: 'A number like 4 or 1.5.',
      shm: 'A size like 512m or 8g.',
      timeout: 'A time like 45s, 90m or 2h.',
    });
    expect(fields({ memory: '64 GB', cpus: '9' })).toEqual({
      memory: 'docker (local) has 16 GB.',
      cpus: 'docker (local) has 8 CPUs.',
    });
    expect(fields({ memory: '8 GB', cpus: '4', timeout: '30 min' })).toEqual({});
    expect(fields({ memory: '64 GB', engine: 'process' })).toEqual({});
  });

  it('in the plan with what it is about', () => {
    const found = draftProblems(state({ memory: '64 GB', parameters: [row('learning rate')] }));
    expect(found.map(({ summary = '' }) => plain(summary))).toEqual([
      '64 GB is more than docker (local) has, 16 GB.',
      'learning rate: No spaces in a name.',
    ]);
  });

  it('an artifacts directory that leaves the package', () => {
    expect(fields({ artifactsDirectory: '../out' })).toHaveProperty('artifactsDirectory');
  });

  it('GPUs that the engine does not have, or not any more', () => {
    const gpus = ['0', '1'].map((id) => ({ id, model: 'RTX', memory: 1 }));
    const engines = panelState().engines?.map((one) => (one.name === 'docker' ? { ...one, gpus } : one));
    expect(fields({ gpuKind: 'count', gpuCount: '3' }, { engines })).toEqual({
      gpuCount: 'docker (local) has 2 GPUs.',
    });
    expect(fields({ gpuKind: 'ids', gpuIds: ['0', '3'] }, { engines })).toEqual({
      gpuIds: 'GPU 3 is not on docker (local) any more.',
    });
    expect(fields({ gpuKind: 'ids', gpuIds: ['0', '1'] }, { engines })).toEqual({});
    expect(fields({ gpuKind: 'ids', gpuIds: [] }, { engines })).toHaveProperty('gpuIds');
    expect(fields({ gpuKind: 'count', gpuCount: 'two' }, { engines })).toHaveProperty('gpuCount');
  });

  it('a GPU that an engine without any was tried for, with the engine that has one', () => {
    const gpuProblem = { code: 'gpu-unavailable', message: 'none', hint: '' };
    const [docker] = panelState().engines ?? [];
    const box = { ...docker, name: 'gpu-box', gpus: [{ id: '0', model: 'RTX', memory: 1 }] };
    const [found] = draftProblems(
      state({ gpuKind: 'all' }, { engines: [docker, box] as never, checks: { ...checks, gpuProblem } }),
    );
    expect(found).toMatchObject({
      field: 'gpu',
      message: 'docker (local) reports no GPU. gpu-box has 1.',
      fix: { text: 'Use gpu-box', edit: { engine: 'gpu-box' } },
    });
  });

  it('an engine, a package or a version that is gone', () => {
    expect(fields({ engine: 'gpu-box' })).toEqual({ engine: 'There is no engine gpu-box any more.' });
    expect(fields({ engine: 'gpu-box' }, { engines: undefined })).toEqual({});
    expect(fields({ package: 'old' })).toEqual({ package: 'old is not there any more.' });
    expect(fields({ from: '9.0' })).toEqual({ from: 'There is no version 9.0 any more.' });
  });

  it('comes in the order of the page, and wins over what the extension says of the same field', () => {
    const problems = [
      { field: 'dataset', label: 'Dataset folder', message: 'missing' },
      { field: 'memory', label: 'Memory', message: 'other words' },
    ];
    const found = allProblems(state({ memory: 'x', parameters: [row('a b')], package: 'old' }, { problems }));
    expect(found.map(({ field }) => field)).toEqual(['package', 'dataset', 'memory', 'parameter-0-name']);
    expect(found[2]?.message).toBe('A size like 512m or 8g.');
  });
});

describe('numbers of a run', () => {
  it('put a validation score first', () => {
    const metrics = ['loss', 'accuracy', 'val_accuracy', 'val_loss'].map((metric) => ({ metric, value: 1 }));
    expect(headlineOf(metrics)?.metric).toBe('val_accuracy');
    expect(headlineOf(metrics.slice(0, 2))?.metric).toBe('accuracy');
    expect(headlineOf(metrics.slice(0, 1))?.metric).toBe('loss');
    expect(headlineOf([])).toBeUndefined();
  });

  it('are compared with a sign', () => {
    expect(differenceWords(0.982, 0.949)).toBe('+0.033');
    expect(differenceWords(0.9, 1)).toBe('−0.1');
    expect(differenceWords(1, 1)).toBe('no change');
  });
});

it('engines are called by how they are reached', () => {
  const title = (name: string, endpoint: string): string => engineTitle({ name, endpoint });
  expect(title('gpu-box', 'ssh://gpu-box')).toBe('gpu-box (ssh)');
  expect(title('farm', 'tcp://farm:2376')).toBe('farm (tls)');
  expect(title('docker', 'unix:///var/run/docker.sock')).toBe('docker (local)');
  expect(title('process', '/usr/bin/python3')).toBe('Local Python');
});

it('names stand in a sentence', () => {
  expect(namesInWords(['a'])).toBe('a');
  expect(namesInWords(['a', 'b', 'c'])).toBe('a, b and c');
  expect(namesInWords(['a', 'b', 'c', 'd'], 'requirement')).toBe('a, b and 2 more requirements');
});
