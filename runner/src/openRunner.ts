/** Puts a runner together for one workspace: its store, its engines, the contract check. Shared by all composition roots. */
import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { blocking, createChecker } from '../../server/src/check';
import { extractZip } from './archive/extractZip';
import { ExpectedError } from './domain/errors';
import { createRunner, type PackageCheck } from './index';
import type { EngineDefinition } from './domain/engineDefinition';
import type { Log } from './domain/log';
import { datasetAge } from './domain/storedDatasets';
import { dockerCatalog } from './engine/docker/dockerCatalog';
import { createDockerEngine } from './engine/docker/dockerEngine';
import { findLocalDocker } from './engine/docker/localDocker';
import { createProcessEngine } from './engine/process/processEngine';
import type { Runner } from './runner';
import { openStore } from './store/openStore';

export interface OpenRunnerOptions {
  readonly workspace: string;
  /** Absent: `.training-pipelines` in the workspace. */
  readonly storeFolder?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the harness and the .wasm files are: `dist/`. */
  readonly distFolder: string;
  readonly log: Log;
  /** Engines that the user's own settings define. */
  readonly definitions?: readonly EngineDefinition[] | undefined;
}

export const storeFolderName = '.training-pipelines';

export async function openRunner(options: OpenRunnerOptions): Promise<{ runner: Runner; check: PackageCheck }> {
  const workspace = await realpath(options.workspace);
  const folder = resolve(options.storeFolder ?? join(workspace, storeFolderName));
  await refuseFile(folder);
  const store = openStore({ folder, workspace });
  const harnessFolder = join(options.distFolder, 'harness');
  const { environment, log } = options;
  const endpoint = await findLocalDocker(environment);
  const docker = createDockerEngine({ name: 'docker', endpoint, harnessFolder, environment });
  const local = createProcessEngine({ harnessFolder, environment, extract: extractZip });
  const engines = [docker, local];
  const catalog = await dockerCatalog({
    environment,
    definitions: options.definitions ?? [],
    docker: endpoint,
    harnessFolder,
    defaults: engines,
  });
  const check = packageCheck(options.distFolder);
  return {
    runner: createRunner({
      workspace,
      store,
      engines,
      catalog,
      check,
      log,
      datasetAge: datasetAge(environment['TRAINING_PIPELINES_DATASET_AGE'] ?? ''),
    }),
    check,
  };
}

/** The store is made at the first write, so it may be missing; what is there has to be a folder. */
async function refuseFile(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    (error: NodeJS.ErrnoException) => error.code !== 'ENOTDIR',
  );
  if (isFolder) return;
  const hint = 'Give another place with --store.';
  throw new ExpectedError('usage', `The store can't be at ${folder}: there is a file in the way.`, hint);
}

function packageCheck(wasmFolder: string): PackageCheck {
  const checker = createChecker({ wasmFolder });
  const findings = (workspace: string, folder: string) =>
    checker.check({ workspace, packages: [folder], configured: true });
  return {
    findings,
    blocking: async (workspace, folder) => blocking(await findings(workspace, folder)),
    discover: (workspace) => checker.discover(workspace),
    reads: (workspace, folder) => checker.reads(workspace, folder),
  };
}
