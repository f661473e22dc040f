/** The door of the runner library: one runner for one workspace and its store. */
import { resolve } from 'node:path';
import type { RunEvents, Runner, RunRequest } from './runner';
import { PackageDesk, warningOf } from './run/packageDesk';
import { RunDesk } from './run/runDesk';
import { logBytes, logLines, readRunEvents } from './run/readRunLog';
import { deleteNamed, pruneStore, type DeletionContext } from './run/deletion';
import { ViewDesk } from './run/viewDesk';
import { fixedCatalog } from './engine/engineCatalog';
import { hostTrustOf, listEngines } from './run/listEngines';
import { clearStoredDatasets, listStoredDatasets, type StoredDatasetsContext } from './run/storedDatasets';
import { systemClock } from './run/runDocument';
import type { RunnerOptions } from './run/runnerOptions';
import { importArchive, type ImportContext } from './run/importArchive';
import { exportVersion } from './run/exportVersion';
import { readVersion, shownVersion, verifyVersions } from './run/versionOperations';

export type { PackageCheck, RunnerOptions } from './run/runnerOptions';

export function createRunner(options: RunnerOptions): Runner {
  const { workspace, store } = options;
  const clock = options.clock ?? systemClock;
  const catalog = options.catalog ?? fixedCatalog(options.engines);
  const packages = new PackageDesk(options, clock);
  const runs = new RunDesk(options, clock, packages);
  const context: DeletionContext & ImportContext = {
    workspace,
    store,
    clock,
    shownRuns: () => runs.list(),
    findRun: (id) => runs.find(id),
    checked: async (folder) => (await options.check.findings(folder, folder)).map(warningOf),
  };
  const stored: StoredDatasetsContext = {
    catalog,
    installation: () => store.installation(),
    runs: () => runs.list(),
    now: () => clock.now(),
  };
  const silent = (): void => undefined;
  return {
    workspace,
    storeFolder: store.folder,
    views: new ViewDesk(context, runs, packages),

    start: (request: RunRequest, events: RunEvents = {}, signal?: AbortSignal) => runs.start(request, events, signal),
    attach: (id, events = {}, secrets = {}) => runs.attach(id, events, secrets),
    stop: (id, now = false) => runs.stop(id, now),
    plan: (request, signal) => runs.plan(request, signal),
    preflight: (request, signal) => runs.preflight(request, signal),
    datasetChanges: (path, signal) => runs.datasetChanges(path, signal),

    runs: () => runs.list(),
    run: (id) => runs.find(id),
    reserved: (id) => runs.reserved(id),
    newestUnfinished: () => runs.newestUnfinished(),
    recover: (events = {}) => runs.recover(events),
    readLog: (id, offset) => store.runs.readLog(id, offset),
    logLines: (id, reading) => logLines(store.runs, id, reading),
    runEvents: (id) => readRunEvents(store.runs, id),
    followLog: (id, signal) => logBytes(store.runs, id, { follow: true, signal }),

    publish: (target, onProgress = silent, signal) => packages.publish(target, onProgress, signal),
    packages: () => packages.summaries(),
    versions: (wanted, currentFolder = workspace) => packages.versions(wanted, currentFolder),
    version: async (id) => {
      const file = await readVersion(context, id);
      return { file, version: await shownVersion(context, file) };
    },
    export: (id, file, how) => exportVersion(context, id, file, how),
    import: (file, how, onProgress = silent, signal) =>
      importArchive(context, resolve(file), { ...how, onProgress, signal }),
    verify: (id, onProgress = silent, signal) => verifyVersions(context, id, onProgress, signal),
    delete: (ids, { force }) => deleteNamed(context, ids, force),
    prune: (keep) => pruneStore(context, keep),

    engineNotes: (name) => catalog.find(name)?.notes?.() ?? [],
    hostKey: async (name) => (await hostTrustOf(catalog, name)).read(),
    trustHost: async (name, fingerprint) => (await hostTrustOf(catalog, name)).accept(fingerprint),
    engines: (signal, names) => listEngines(catalog, names, signal),
    datasets: (selection, signal) => listStoredDatasets(stored, selection, signal),
    clearDatasets: (selection, signal) => clearStoredDatasets(stored, selection, signal),
    watch: (onChange) => store.watch(onChange),
  };
}
