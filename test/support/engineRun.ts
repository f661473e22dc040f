/** A run of any engine, made from the text of a `train.py`. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashDataset } from '../../runner/src/archive/dataset';
import { scanPackage } from '../../runner/src/archive/scanPackage';
import { writeZip } from '../../runner/src/archive/writeZip';
import type {
  Engine,
  EngineState,
  LogChunk,
  LogCursor,
  PreparedEnvironment,
  RunSpec,
  SendRequest,
} from '../../runner/src/engine/engine';
import { makeFiles, textOf, type LocalRun, type LocalRunOptions } from './localRun';

export interface EngineRunOptions extends LocalRunOptions {
  readonly limits?: Partial<RunSpec['limits']>;
  readonly network?: RunSpec['network'];
  /** What the engine is to run in; by default its tests' own. */
  readonly prepared?: PreparedEnvironment;
  /** Name of the package; by default digits. */
  readonly package?: string;
  /** A dataset that the engine has a copy of already. */
  readonly sent?: { readonly path: string; readonly installation: string };
}

/** An engine under test. */
export interface EnginePlace {
  readonly name: string;
  readonly engine: Engine;
  readonly environment: PreparedEnvironment;
}

export interface EngineRun extends LocalRun {
  /** Chunks after a cursor, as they are now or until the end. */
  follow(
    after: LogCursor | null,
    live: boolean,
  ): AsyncIterable<{ readonly chunk: LogChunk; readonly cursor: LogCursor }>;
  state(): Promise<EngineState>;
}

export const installation = `test-${process.pid}`;
const nothing = { onProgress: () => undefined };

export async function engineRun(place: EnginePlace, train: string, options: EngineRunOptions = {}): Promise<EngineRun> {
  const { engine } = place;
  const folder = await mkdtemp(join(tmpdir(), 'engine-run-'));
  await makeFiles(join(folder, 'source'), { 'train.py': train, ...options.files });
  await makeFiles(join(folder, 'dataset'), options.dataset ?? { 'a.csv': '1,2\n' });
  const name = options.package ?? 'digits';
  const zip = join(folder, `${name}.zip`);
  await writeZip({ entries: (await scanPackage(join(folder, 'source'))).entries, root: name, target: zip });
  const plain = await withSent(specOf(place, folder, zip, options), options);
  const own = options.sent === undefined && engine.send !== undefined ? await sending(plain, folder) : undefined;
  const spec = own === undefined ? plain : { ...plain, dataset: { ...plain.dataset, tree: own.tree } };
  const secrets = options.secrets ?? {};
  const follow: EngineRun['follow'] = (after, live) =>
    engine.follow(spec.ref, { after, live, signal: AbortSignal.timeout(60_000) });
  const log = async (): Promise<LogChunk[]> => {
    const chunks: LogChunk[] = [];
    for await (const { chunk } of follow(null, true)) chunks.push(chunk);
    return chunks;
  };
  const run: EngineRun = {
    folder,
    engine,
    spec,
    secrets,
    follow,
    log,
    state: () => engine.inspect(spec.ref),
    start: async () => {
      if (own !== undefined) await engine.send?.(own);
      await engine.start(spec, secrets, nothing);
    },
    ended: async () => {
      for (;;) {
        await log();
        const state = await engine.inspect(spec.ref);
        if (state.kind !== 'running') return state;
      }
    },
    text: async (stream) => textOf(await log(), stream),
    collect: async () => {
      const staging = join(folder, 'staging');
      return { ...(await engine.collect(spec.ref, staging, nothing)), staging };
    },
    record: async () => {
      await run.start();
      await run.ended();
      const { record, recordProblem } = await run.collect();
      if (record === undefined) throw new Error(`no record: ${recordProblem}`);
      return record;
    },
    dispose: async () => {
      await engine.remove(spec.ref);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return run;
}

/** To an engine elsewhere the run's own dataset goes first. */
async function sending({ ref, dataset, environment }: RunSpec, folder: string): Promise<SendRequest> {
  const { path } = dataset;
  const hashed = await hashDataset(path);
  const place = { image: environment.target, cacheFolder: join(folder, 'cache'), ...nothing };
  return { ref, path, name: 'dataset', ...hashed, ...place };
}

async function withSent(spec: RunSpec, { sent }: EngineRunOptions): Promise<RunSpec> {
  if (sent === undefined) return spec;
  const { path, installation } = sent;
  const { tree } = await hashDataset(path);
  return { ...spec, ref: { ...spec.ref, installation }, dataset: { ...spec.dataset, path, tree } };
}

function specOf(place: EnginePlace, folder: string, zip: string, options: EngineRunOptions): RunSpec {
  const artifactsDirectory = options.artifactsDirectory ?? 'artifacts';
  const runId = `test-${randomBytes(6).toString('hex')}`;
  return {
    ref: { runId, nonce: randomBytes(16).toString('hex'), installation, workFolder: join(folder, 'work') },
    package: options.package ?? 'digits',
    zip,
    dataset: { path: join(folder, 'dataset'), access: options.access ?? 'read-only', mountName: 'data' },
    environment: options.prepared ?? place.environment,
    parameters: { artifacts_directory: artifactsDirectory, save_training_data: 'false', ...options.parameters },
    secretNames: Object.keys(options.secrets ?? {}),
    artifactsDirectory,
    gpu: options.gpu ?? { kind: 'none' },
    network: options.network ?? 'bridge',
    limits: {
      memory: null,
      cpus: null,
      shm: null,
      timeoutSeconds: options.timeoutSeconds ?? null,
      ...options.limits,
    },
  };
}
