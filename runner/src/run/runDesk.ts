/** Runs as callers name them: starting, driving on, watching, stopping, listing. */
import { ExpectedError, messageOf } from '../domain/errors';
import { hasEnded, type Run } from '../domain/run';
import type { DatasetChanges, DrivenRun, RunEvents, RunPlan, RunPreflight, RunRequest } from '../runner';
import type { Lease, RunRecord } from '../store/store';
import { fixedCatalog, type EngineCatalog } from '../engine/engineCatalog';
import { chooseEngine, engineAt } from './chooseEngine';
import { datasetChanges } from './datasetChanges';
import { RunDriver } from './driveRun';
import { engineOf, intentSchema, isToClear } from './intent';
import type { PackageDesk } from './packageDesk';
import { datasetListPath } from './packaging';
import { planRun } from './planRun';
import { preflight } from './preflight';
import { resolveRequest, type ResolvedRequest } from './resolveRequest';
import { SafeEvents, type RunContext } from './runContext';
import { PhaseTimer, type Clock, type RunDraft } from './runDocument';
import { shownRun, startAgainMilliseconds } from './shownRun';
import type { RunnerOptions } from './runnerOptions';
import { createRun } from './startRun';
import { RunWatcher } from './watchRun';

type Secrets = Readonly<Record<string, string>>;

export class RunDesk {
  private readonly context: RunContext;
  private readonly catalog: EngineCatalog;

  constructor(
    private readonly options: RunnerOptions,
    private readonly clock: Clock,
    private readonly packages: PackageDesk,
  ) {
    const { workspace, store, log } = options;
    this.catalog = options.catalog ?? fixedCatalog(options.engines);
    const { datasetAge } = options;
    this.context = {
      workspace,
      store,
      log,
      clock,
      datasetAge,
      engine: (name, endpoint) => engineAt(this.catalog, name, endpoint),
    };
  }

  async start(request: RunRequest, events: RunEvents, signal?: AbortSignal): Promise<DrivenRun> {
    const timer = new PhaseTimer(this.clock);
    timer.beginAt('Scheduled');
    const requestedAt = this.clock.now();
    const resolved = await this.resolve(request);
    const checks = {
      blocking: (folder: string) => this.options.check.blocking(this.options.workspace, folder),
      chooseEngine: (name: string | undefined) => chooseEngine(this.options.engines, this.catalog, name, signal),
    };
    const options = { noCheck: request.noCheck ?? false, requestedAt, signal };
    const draft = await createRun(this.context, checks, resolved, options);
    const lease = await this.context.store.runs.lease(draft.run.id);
    const safe = new SafeEvents(events, this.context.log);
    safe.run(draft.run);
    if (lease === undefined) return this.watch(draft.run.id, safe, resolved.secrets);
    return new RunDriver(this.context, lease, draft, resolved.secrets, safe, timer);
  }

  /** Secrets of a run that goes on are taken from the environment, where they are. */
  async attach(id: string, events: RunEvents, secrets: Secrets = {}): Promise<DrivenRun> {
    const run = await this.find(id);
    const safe = new SafeEvents(events, this.context.log);
    return this.watch(run.id, safe, secrets);
  }

  async stop(id: string, now: boolean): Promise<Run> {
    const run = await this.find(id);
    if (hasEnded(run.state) && !(await this.isUnfinished(run.id))) return run;
    await this.context.store.runs.requestStop(run.id, now);
    return (await this.attach(run.id, {})).ended;
  }

  private async isUnfinished(id: string): Promise<boolean> {
    const record = await this.context.store.runs.read(id);
    return record !== undefined && !hasEnded(record.run.state);
  }

  async plan(request: RunRequest, signal?: AbortSignal): Promise<RunPlan> {
    const resolved = await this.resolve(request);
    const { engine } = await chooseEngine(this.options.engines, this.catalog, resolved.engine, signal);
    return planRun(this.options.store.versions, this.options.workspace, resolved, engine.name, signal);
  }

  async preflight(request: RunRequest, signal?: AbortSignal): Promise<RunPreflight> {
    const { workspace, store, check, engines } = this.options;
    const resolved = await this.resolve(request, true);
    const engine = (name: string | undefined) => chooseEngine(engines, this.catalog, name, signal);
    return preflight({ workspace, store, check, clock: this.clock, engine }, resolved, signal);
  }

  async datasetChanges(path: string, signal?: AbortSignal): Promise<DatasetChanges | null> {
    const listFile = (id: string): string => datasetListPath(this.context, id);
    return datasetChanges({ workspace: this.options.workspace, runs: await this.list(), listFile }, path, signal);
  }

  async list(): Promise<Run[]> {
    const { runs } = this.context.store;
    return this.shownAll(await runs.list());
  }

  /** The newest runs, without looking at the others. */
  async newest(count: number): Promise<Run[]> {
    const { runs } = this.context.store;
    return this.shownAll(await runs.listSome((await runs.ids()).slice(0, count)));
  }

  private async shownAll(all: readonly Run[]): Promise<Run[]> {
    const marks = await this.context.store.runs.marks(all.map((run) => run.id));
    const named = (run: Run): Run => ({ ...run, name: marks.get(run.id)?.name ?? run.name });
    return Promise.all(
      all.map(async (run) => {
        const shown = hasEnded(run.state) ? run : await this.shown(run.id, run);
        return marks.has(run.id) ? named(shown) : shown;
      }),
    );
  }

  private async shown(id: string, known: Run): Promise<Run> {
    const { runs } = this.context.store;
    const record = await runs.read(id);
    return record === undefined ? known : shownRun(record, await runs.isLeased(id), this.clock.now());
  }

  async find(idOrPrefix: string): Promise<Run> {
    const { runs } = this.context.store;
    const ids = await runs.ids();
    const matches = ids.includes(idOrPrefix) ? [idOrPrefix] : ids.filter((id) => id.startsWith(idOrPrefix));
    const [id] = matches;
    const record = id === undefined || idOrPrefix === '' || matches.length > 1 ? undefined : await runs.read(id);
    if (record !== undefined) {
      const shown = shownRun(record, await runs.isLeased(record.run.id), this.clock.now());
      const name = (await runs.marks([shown.id])).get(shown.id)?.name ?? shown.name;
      return { ...shown, name };
    }
    const message =
      matches.length > 1 && idOrPrefix !== ''
        ? `"${idOrPrefix}" is the beginning of ${matches.length} runs.`
        : `There is no run "${idOrPrefix}".`;
    throw new ExpectedError('run-missing', message, '`runs` lists what there is.');
  }

  async reserved(id: string): Promise<string> {
    const record = await this.context.store.runs.read(id);
    return intentSchema.safeParse(record?.intent).data?.packaged?.reserved ?? '';
  }

  async newestUnfinished(): Promise<Run | undefined> {
    const runs = await this.list();
    return runs.find((run) => !hasEnded(run.state));
  }

  /** Goes on with what nobody drives; what was never started only while that is fresh. */
  async recover(events: RunEvents): Promise<DrivenRun[]> {
    const { runs } = this.context.store;
    const driven: DrivenRun[] = [];
    for (const id of await runs.ids()) {
      // One run that cannot be driven keeps no other from it.
      const run = await this.recoverOne(id, events).catch((error: unknown) => {
        this.context.log.warn(`recovering ${id}: ${messageOf(error)}`);
        return undefined;
      });
      if (run !== undefined) driven.push(run);
    }
    return driven;
  }

  private async recoverOne(id: string, events: RunEvents): Promise<DrivenRun | undefined> {
    const { runs } = this.context.store;
    const record = await runs.read(id);
    if (record === undefined || !this.isToRecover(record) || (await runs.isLeased(id))) return undefined;
    const lease = await runs.lease(id);
    return lease === undefined ? undefined : this.drive(id, lease, new SafeEvents(events, this.context.log), {});
  }

  private isToRecover({ run, intent }: RunRecord): boolean {
    if (hasEnded(run.state)) return isToClear(intent);
    const { stage } = intent as { stage?: unknown };
    return stage !== 'packaging' || this.clock.now() - Date.parse(run.startedAt) <= startAgainMilliseconds;
  }

  private async watch(id: string, events: SafeEvents, secrets: Secrets): Promise<DrivenRun> {
    return new RunWatcher(this.context, id, events, (lease) => this.drive(id, lease, events, secrets));
  }

  /** Reads the run again under the lease: what was known before may be old. */
  private async drive(id: string, lease: Lease, events: SafeEvents, secrets: Secrets): Promise<DrivenRun> {
    try {
      const draft = await this.draftOf(id);
      await this.knowEngine(draft);
      const own = draft.intent.secretNames.filter((name) => name in secrets).map((name) => [name, secrets[name] ?? '']);
      return new RunDriver(this.context, lease, draft, Object.fromEntries(own) as Secrets, events);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  private async draftOf(id: string): Promise<RunDraft> {
    const record = await this.context.store.runs.read(id);
    if (record === undefined) throw new ExpectedError('run-missing', `The run ${id} was deleted.`);
    const parsed = intentSchema.safeParse(record.intent);
    if (!parsed.success) {
      const message = `How the run ${id} is to go on can't be read from its run.json.`;
      throw new ExpectedError('store-damaged', message, 'Its log is kept. Run again.', { cause: parsed.error });
    }
    // One that has ended may have been told from its results: its record is a step behind.
    const stage = hasEnded(record.run.state) && parsed.data.stage !== 'done' ? 'sealed' : parsed.data.stage;
    return { run: record.run, intent: { ...parsed.data, stage } };
  }

  /** Throws where the run's engine is not known here any more, or its name stands for another one. */
  private async knowEngine({ run, intent }: RunDraft): Promise<void> {
    await chooseEngine(this.options.engines, this.catalog, run.engine).catch(() => undefined);
    engineAt(this.catalog, run.engine, engineOf(intent));
  }

  private async resolve(request: RunRequest, withoutDataset = false): Promise<ResolvedRequest> {
    const { workspace, store } = this.options;
    const place = await this.packages.place(request.currentFolder);
    const guard = { workspace, storeFolder: store.folder };
    return resolveRequest({ guard, ...place, withoutDataset }, request);
  }
}
