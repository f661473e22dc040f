/** A runner of plain values for tests of the command line: runs that end when the test says so. */
import type { Finding } from '../../runner/src/domain/finding';
import { ExpectedError } from '../../runner/src/domain/errors';
import { hasEnded, type Run } from '../../runner/src/domain/run';
import type { Version } from '../../runner/src/domain/version';
import type { DrivenRun, RunEvents, Runner, RunRequest } from '../../runner/src/runner';

export const aRun = (change: Partial<Run> = {}): Run => ({
  id: '20260102-101500-000-abc123',
  name: null,
  pipeline: 'digits',
  package: 'digits',
  from: '1.0',
  version: '',
  state: 'Running',
  cause: null,
  startedAt: '2026-01-02T10:15:00.000Z',
  endedAt: null,
  phases: [],
  problem: null,
  engine: 'process',
  image: null,
  gpu: { requested: 'none', got: [] },
  dataset: { path: 'data/digits', tree: `sha256:${'0'.repeat(64)}`, files: 3, bytes: 12 },
  parameters: { artifacts_directory: 'artifacts', save_training_data: 'false' },
  warnings: [],
  folder: '.training-pipelines/runs/20260102-101500-000-abc123',
  results: null,
  ...change,
});

export const aSuccess = (change: Partial<Run> = {}): Run =>
  aRun({
    state: 'Successful',
    version: '1.1',
    endedAt: '2026-01-02T10:15:06.200Z',
    phases: [
      { name: 'Packaging', seconds: 0.2 },
      { name: 'Running', seconds: 6 },
    ],
    ...change,
  });

export const aVersion = (change: Partial<Version> = {}): Version => ({
  package: 'digits',
  version: '1.1',
  from: '1.0',
  run: '20260102-101500-000-abc123',
  createdAt: '2026-01-02T10:15:06.200Z',
  bytes: 39_000,
  path: '.training-pipelines/packages/digits/1.1/digits.zip',
  contentHash: `sha256:${'0'.repeat(64)}`,
  dataset: null,
  ...change,
});

export class FakeDriven implements DrivenRun {
  readonly ended: Promise<Run>;
  readonly stops: boolean[] = [];
  released = false;
  private settle: (run: Run) => void = () => undefined;

  constructor(
    private run: Run,
    readonly events: RunEvents,
  ) {
    this.ended = new Promise((resolve) => (this.settle = resolve));
  }

  get id(): string {
    return this.run.id;
  }

  end(run: Run): void {
    this.run = run;
    this.settle(run);
  }

  stop(now = false): Promise<void> {
    this.stops.push(now);
    return Promise.resolve();
  }

  release(): Promise<void> {
    this.released = true;
    this.settle(this.run);
    return Promise.resolve();
  }
}

const no = (): never => {
  throw new Error('not part of this fake');
};

export class FakeRunner implements Runner {
  readonly workspace = '/work space';
  readonly storeFolder = '/work space/.training-pipelines';
  readonly views = undefined as never;
  readonly requests: RunRequest[] = [];
  readonly attached: { readonly id: string; readonly secrets: Readonly<Record<string, string>> }[] = [];
  readonly driven: FakeDriven[] = [];
  all: Run[] = [];
  allVersions: Version[] = [];
  /** Called once the command watches the run. */
  onDriven: (driven: FakeDriven) => void = () => undefined;
  refusal: ExpectedError | undefined;

  start(request: RunRequest, events: RunEvents = {}): Promise<DrivenRun> {
    this.requests.push(request);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    return Promise.resolve(this.drive(aRun(), events));
  }

  async attach(id: string, events: RunEvents = {}, secrets: Readonly<Record<string, string>> = {}): Promise<DrivenRun> {
    this.attached.push({ id, secrets });
    return this.drive(await this.run(id), events);
  }

  private drive(run: Run, events: RunEvents): FakeDriven {
    const driven = new FakeDriven(run, events);
    if (!this.all.some((known) => known.id === run.id)) this.all.push(run);
    this.driven.push(driven);
    setImmediate(() => this.onDriven(driven));
    return driven;
  }

  run(id: string): Promise<Run> {
    const found = this.all.find((run) => run.id.startsWith(id));
    if (found === undefined) return Promise.reject(new ExpectedError('run-missing', `There is no run "${id}".`));
    return Promise.resolve(found);
  }

  runs = (): Promise<Run[]> => Promise.resolve(this.all);
  newestUnfinished = (): Promise<Run | undefined> => Promise.resolve(this.all.find((run) => !hasEnded(run.state)));
  stop = (id: string): Promise<Run> => this.run(id);
  versions = (): Promise<Version[]> => Promise.resolve(this.allVersions);
  packages = () => Promise.resolve([{ name: 'digits', folder: 'src/digits', versions: ['1.0'] }]);
  version = () => Promise.reject(new ExpectedError('version-missing', 'There is no such version.'));
  verify = () =>
    Promise.resolve({
      ok: false,
      checked: 1,
      problems: [{ version: 'digits@1.1', path: 'model.pt', expected: 'sha256:1', found: 'sha256:2' }],
    });
  delete = (ids: readonly string[]) => Promise.resolve({ deleted: [...ids], bytes: 1500 });
  prune = () => Promise.resolve({ deleted: [], bytes: 0 });
  plan = no;
  preflight = no;
  reserved = no;
  datasetChanges = no;
  readLog = no;
  logLines = no;
  followLog = no;
  runEvents = no;
  publish = no;
  export = no;
  import = no;
  datasets = () => Promise.resolve({ datasets: [], problems: [] });
  clearDatasets = () => Promise.resolve({ cleared: [], bytes: 0, kept: [], problems: [] });

  engines = no;
  hostKey = no;
  engineNotes = no;
  trustHost = no;
  recover = no;
  watch = no;
}

export const aFinding = (change: Partial<Finding> = {}): Finding => ({
  code: 'save-missing',
  severity: 'error',
  message: 'Main has no save(self).',
  file: 'digits/train.py',
  range: { start: { line: 3, character: 6 }, end: { line: 3, character: 10 } },
  ...change,
});
