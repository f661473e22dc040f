/** Values that the pages show. */
import type { Run } from '../../runner/src/domain/run';
import {
  emptyDraft,
  type CheckFacts,
  type ComparePageState,
  type CompareSide,
  type PanelState,
  type RunPageState,
} from '../../webview/src/protocol';

export function runOf(part: Partial<Run> = {}): Run {
  return {
    id: '20260101-120000-000-abcdef',
    name: null,
    pipeline: 'digits',
    package: 'digits',
    from: '1.0',
    version: '1.1',
    state: 'Successful',
    cause: null,
    startedAt: '2026-01-01T12:00:00.000Z',
    endedAt: '2026-01-01T12:00:06.200Z',
    phases: [
      { name: 'Scheduled', seconds: 0.02 },
      { name: 'Packaging', seconds: 0.4 },
      { name: 'Waiting for resources', seconds: 0 },
      { name: 'Running', seconds: 5.4 },
      { name: 'Finalizing', seconds: 0.3 },
    ],
    problem: null,
    engine: 'docker',
    image: 'python:3.12-slim',
    gpu: { requested: 'none', got: [] },
    dataset: { path: 'data/digits', tree: '', files: 1797, bytes: 3_100_000 },
    parameters: { artifacts_directory: 'artifacts', save_training_data: 'false' },
    warnings: [],
    folder: '.training-pipelines/runs/20260101-120000-000-abcdef',
    results: {
      parameters: {
        pipeline: 'digits',
        inputs: { package: 'digits', version: '1.0', train_data: 'data/digits', gpu: 'False' },
        env: { artifacts_directory: 'artifacts', save_training_data: 'false', learning_rate: '0.005' },
      },
      run_summary: {
        execution_time: 6.2,
        start_at: 1_767_268_800,
        end_at: 1_767_268_806.2,
        outputs: { train_data: '', artifacts_data: 'artifacts', package: 'digits', version: '1.1' },
      },
    },
    ...part,
  };
}

export const failedRun = runOf({
  id: '20260101-130000-000-abcdef',
  state: 'Failed',
  version: '',
  cause: {
    kind: 'code',
    message: 'train.py line 38 raised RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x1024 and 64x64)',
    hint: '',
    exitCode: 1,
    signal: null,
    traceback: [
      { file: 'train.py', line: 52, function: 'train', text: '        loss = self.step(images, labels)' },
      { file: 'train.py', line: 38, function: 'step', text: '        logits = self.model(images.flatten(1))' },
      { file: '/usr/lib/python3/torch/nn/linear.py', line: 125, function: 'forward', text: '    return F.linear()' },
    ],
    chain: [],
  },
  results: null,
});

export const checks: CheckFacts = {
  engine: { name: 'docker', milliseconds: 3, problem: null },
  findings: [],
  blocking: 0,
  packageProblem: null,
  seal: null,
  reads: [
    { name: 'epochs', fallback: '10' },
    { name: 'batch_size', fallback: '64' },
  ],
  gpuProblem: null,
  gpuTrouble: null,
  environment: { kind: 'ready', base: 'python:3.12-slim', isBaseThere: true, files: ['requirements.txt'], changed: [] },
  environmentProblem: null,
  disk: { free: 112_000_000_000 },
};

export function panelState(part: Partial<PanelState> = {}): PanelState {
  return {
    packages: [
      {
        name: 'digits',
        folder: 'packages/digits',
        versions: ['1.2', '1.1', '1.0'],
        made: { '1.2': { at: '2026-01-01T12:00:06.200Z', trained: true } },
      },
      { name: 'wine', folder: null, versions: ['1.0'] },
    ],
    draft: {
      ...emptyDraft,
      name: 'digits',
      package: 'packages/digits',
      dataset: 'data/digits',
      parameters: [
        { name: 'epochs', value: '30', secret: false, stored: false },
        { name: 'HF_TOKEN', value: '', secret: true, stored: true },
      ],
    },
    saved: true,
    enginesAt: Date.now(),
    engines: [
      {
        name: 'docker',
        kind: 'docker',
        endpoint: 'unix:///var/run/docker.sock',
        state: 'ready',
        version: '27.3.1',
        platform: 'linux/amd64',
        cpus: 8,
        memory: 15_600_000_000,
        gpus: [],
        problem: null,
      },
      {
        name: 'process',
        kind: 'process',
        endpoint: '/usr/bin/python3',
        state: 'ready',
        version: 'Python 3.11.2',
        platform: 'linux/amd64',
        cpus: 8,
        memory: 15_600_000_000,
        gpus: [],
        problem: null,
      },
    ],
    plan: {
      from: '2.0',
      publishes: true,
      makes: '2.1',
      engine: 'docker',
      changedSince: { version: '1.2', paths: ['requirements.txt', 'train.py'] },
      source: { files: 6, bytes: 18_000 },
      taken: [],
    },
    planning: false,
    problems: [],
    dataset: {
      path: 'data/digits',
      files: 1797,
      folders: 10,
      bytes: 3_100_000,
      partial: false,
      entries: ['0', '1', '2', '3', '4'].map((name) => ({ name, kind: 'folder', files: 178, bytes: 308_000 })),
      subFolders: ['0', '1', '2', '3', '4'],
      pictures: [
        {
          name: '0/a.png',
          source:
            'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
        },
      ],
      milliseconds: 100,
      changes: { version: '1.2', added: 897, changed: 3, removed: 0 },
    },
    checks,
    recentDatasets: ['data/digits_small', 'data/a_folder_with_a_long_name/and_another_one_below/it'],
    runs: [runOf(), failedRun],
    ...part,
  };
}

const picture = (name: string) => ({
  name,
  path: `/x/${name}`,
  bytes: 9_000,
  source:
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
});

export const runPageState = (run: Run, part: Partial<RunPageState> = {}): RunPageState => ({
  run,
  marks: { name: null, starred: false, note: '' },
  packageFiles: ['train.py', 'digits/data.py', 'requirements.txt'],
  pictures: [picture('confusion_matrix.png')],
  files: [{ name: 'report.txt', path: '/x/report.txt', bytes: 1_200 }],
  madeOf: [
    {
      label: 'Code',
      text: '6 files as in 1.0, 18 KB',
      digest: 'tree 9f2c…41aa',
      action: { text: 'Show files', what: 'files' },
    },
    { label: 'Made by training', text: '', changes: [{ letter: 'A', text: 'model.pt, 21 KB' }] },
    { label: 'Seal', text: 'Sealed 14:02:17.', action: { text: 'Verify', what: 'verify' } },
  ],
  raw: '{\n  "parameters": {}\n}\n',
  baseline: { version: '0.9', values: { loss: 0.3 } },
  changedSince: null,
  sourceChanged: false,
  published: true,
  limits: { cpus: 8, memory: 15_600_000_000 },
  folded: [],
  ...part,
});

export const usageValues = Array.from({ length: 6 }, (_, i) => ({
  time: 1_767_268_801_000 + i * 1000,
  cpu: 1 + i / 2,
  memory: 400_000_000 + i * 20_000_000,
  gpu: [{ utilization: 0.5, memory: 1_900_000_000 }],
}));

export function compareState(part: Partial<ComparePageState> = {}): ComparePageState {
  const side = (run: Run, last: number): CompareSide => ({
    run,
    marks: { name: null, starred: false, note: '' },
    metrics: ['val_accuracy', 'loss'].map((name) => ({
      name,
      points: Array.from({ length: 20 }, (_, i) => [i, last - 1 / (i + 2)] as const),
    })),
    peakMemory: 561_000_000,
    pictures: [picture('confusion_matrix.png'), picture('weights.png')],
    distributions: ['numpy==2.1.2', 'torch==2.5.1'],
    python: '3.12.7',
  });
  const left = runOf({
    version: '1.2',
    parameters: { epochs: '20', artifacts_directory: 'artifacts', HF_TOKEN: '***' },
  });
  const right = runOf({
    id: '20260102-120000-000-abcdef',
    version: '2.1',
    from: '2.0',
    parameters: { epochs: '30', artifacts_directory: 'artifacts', HF_TOKEN: '***', rate: '0.005' },
  });
  return {
    choices: [
      { id: left.id, text: 'digits 1.0 → 1.2, yesterday' },
      { id: right.id, text: 'digits 2.0 → 2.1, 14:02' },
    ],
    left: side(left, 0.949),
    right: { ...side(right, 0.982), distributions: ['numpy==2.1.3', 'torch==2.5.1'] },
    files: {
      same: 5,
      changes: [
        {
          path: 'train.py',
          letter: 'M',
          before: 900,
          after: 1_000,
          lines: { added: 12, removed: 3 },
          madeByTraining: false,
        },
        { path: 'model.pt', letter: 'A', before: 0, after: 21_000, lines: null, madeByTraining: true },
      ],
    },
    data: {
      known: true,
      same: false,
      added: 8,
      changed: 1,
      removed: 0,
      changes: Array.from({ length: 9 }, (_, i) => ({
        path: `${i}/00${i}.png`,
        letter: i === 0 ? ('M' as const) : ('A' as const),
      })),
    },
    ...part,
  };
}

export const logLines = [
  '\u001b[36m1,797 pictures\u001b[0m in 10 classes',
  ...[1, 2, 3, 4].map((step) => `{"metric": "loss", "value": ${1 / step}, "step": ${step}}`),
  'wrote artifacts/confusion_matrix.png with_a_very_long_name_that_has_no_space_in_it_at_all_and_goes_on_and_on_and_on.png',
].map((text, i) => ({
  time: `2026-01-01T12:00:0${i}.000Z`,
  stream: i === 5 ? ('stderr' as const) : ('stdout' as const),
  text,
}));
