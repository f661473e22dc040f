/** A run of the process engine, made from the text of a `train.py`: for tests that need a real Python. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { scanPackage } from '../../runner/src/archive/scanPackage';
import { writeZip } from '../../runner/src/archive/writeZip';
import { extractZip } from '../../runner/src/archive/extractZip';
import type { CompletionRecord } from '../../runner/src/domain/completionRecord';
import type { Collected, Engine, EngineState, LogChunk, RunSpec } from '../../runner/src/engine/engine';
import { hostEnvironment } from '../../runner/src/engine/process/hostEnvironment';
import { findInterpreter } from '../../runner/src/engine/process/interpreter';
import { createProcessEngine } from '../../runner/src/engine/process/processEngine';

export const harnessFolder = resolve(import.meta.dirname, '../../runner/harness');
export const python = process.env.TRAINING_PIPELINES_TEST_PYTHON ?? 'python3';

export const interpreter = findInterpreter(python === 'python3' ? '' : python, hostEnvironment(process.env));

export type Files = Readonly<Record<string, string>>;

export const main = (train: string, save = 'open("model.txt", "w").write("trained")'): string =>
  [
    'import os, sys, time, signal',
    'class Main:',
    '  def train(self, data):',
    indent(train),
    '  def save(self):',
    indent(save),
  ].join('\n');

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

export interface LocalRunOptions {
  readonly files?: Files;
  readonly dataset?: Files;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly access?: 'read-only' | 'copy';
  readonly timeoutSeconds?: number | null;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly gpu?: RunSpec['gpu'];
  readonly artifactsDirectory?: string;
  /** Interpreter of the run; by default the tests' own. */
  readonly target?: string;
}

export interface LocalRun {
  readonly folder: string;
  readonly engine: Engine;
  readonly spec: RunSpec;
  readonly secrets: Readonly<Record<string, string>>;
  start(): Promise<void>;
  /** Waits for the end; the state is then `ended`. */
  ended(): Promise<EngineState>;
  log(): Promise<LogChunk[]>;
  text(stream?: 'stdout' | 'stderr'): Promise<string>;
  collect(): Promise<Collected & { readonly staging: string }>;
  /** Starts, waits and gives the record. */
  record(): Promise<CompletionRecord>;
  dispose(): Promise<void>;
}

export async function makeFiles(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

export async function localRun(train: string, options: LocalRunOptions = {}): Promise<LocalRun> {
  const folder = await mkdtemp(join(tmpdir(), 'process-engine-'));
  await makeFiles(join(folder, 'source'), { 'train.py': train, ...options.files });
  await makeFiles(join(folder, 'dataset'), options.dataset ?? { 'a.csv': '1,2\n' });
  const zip = join(folder, 'digits.zip');
  const { entries } = await scanPackage(join(folder, 'source'));
  await writeZip({ entries, root: 'digits', target: zip });
  const engine = createProcessEngine({
    harnessFolder,
    environment: options.environment ?? process.env,
    extract: extractZip,
    python,
  });
  const nothing = { onProgress: () => undefined };
  const secrets = options.secrets ?? {};
  const target = options.target ?? (await interpreter).path;
  const artifactsDirectory = options.artifactsDirectory ?? 'artifacts';
  const spec: RunSpec = {
    ref: { runId: 'r1', nonce: 'ab'.repeat(16), installation: 'test', workFolder: join(folder, 'work') },
    package: 'digits',
    zip,
    dataset: { path: join(folder, 'dataset'), access: options.access ?? 'read-only', mountName: 'data' },
    environment: { target, image: null, summary: '', built: false, warnings: [] },
    parameters: { artifacts_directory: artifactsDirectory, save_training_data: 'false', ...options.parameters },
    secretNames: Object.keys(secrets),
    artifactsDirectory,
    gpu: options.gpu ?? { kind: 'none' },
    network: 'bridge',
    limits: { memory: null, cpus: null, shm: null, timeoutSeconds: options.timeoutSeconds ?? null },
  };
  const log = async (): Promise<LogChunk[]> => {
    const chunks: LogChunk[] = [];
    const signal = AbortSignal.timeout(60_000);
    for await (const { chunk } of engine.follow(spec.ref, { after: null, live: true, signal })) chunks.push(chunk);
    return chunks;
  };
  const run: LocalRun = {
    folder,
    engine,
    spec,
    secrets,
    start: async () => {
      await engine.start(spec, secrets, nothing);
    },
    ended: async () => {
      await log();
      return engine.inspect(spec.ref);
    },
    log,
    text: async (stream) => textOf(await log(), stream),
    collect: async () => {
      const staging = join(folder, 'staging');
      await mkdir(staging, { recursive: true });
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

export function textOf(chunks: readonly LogChunk[], stream?: 'stdout' | 'stderr'): string {
  const wanted = chunks.filter((chunk) => (stream === undefined ? chunk.stream !== 'event' : chunk.stream === stream));
  return Buffer.concat(wanted.map((chunk) => chunk.bytes)).toString('utf8');
}

/** An executable script in a folder of its own, to be put into PATH. */
export async function standIn(folder: string, name: string, script: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), script);
  await chmod(join(folder, name), 0o755);
  return folder;
}

export async function treeOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export const textIn = (path: string): Promise<string> => readFile(path, 'utf8');
