/**
 * Drives one run from its intent to its end. Whoever holds the run's lease drives it; every stage is durable before the
 * next begins, so that another process can go on from there.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { assertNever, isExpected, messageOf, type ExpectedError } from '../domain/errors';
import { hasEnded, type Cause, type Problem, type Run } from '../domain/run';
import type { Collected, Engine, EngineState, LogChunk, RunRef, RunSpec } from '../engine/engine';
import type { Lease } from '../store/store';
import { causeOf, causeOfError, readOnlyHint, stoppedEarly, withHint } from './causes';
import { completeLog, type LogToComplete } from './completeLog';
import { followRun } from './followRun';
import { keepArtifacts, sealOutput, stagingOf, type OutputResult } from './finalizeRun';
import { engineOf, onEngine, type Verdict } from './intent';
import { packageRun, withPackaged } from './packaging';
import { patientEngine } from './patientEngine';
import type { RunContext, SafeEvents } from './runContext';
import { clearOldDatasets } from './storedDatasets';
import { FreeElsewhere } from './firstFree';
import { otherEngines } from './otherEngines';
import { runSpec } from './runSpec';
import { requireSecrets, submitRun, type Submission } from './submitRun';
import { isoTime, PhaseTimer, resultsOf, withWarnings, type RunDraft } from './runDocument';

const graceSeconds = 10;
const stopPollMilliseconds = 300;

export class RunDriver {
  private draft: RunDraft;
  private readonly timer: PhaseTimer;
  private engine: Engine;
  /** Aborted when the driving ends without the run. */
  private readonly released = new AbortController();
  /** Aborted when the run is to stop. */
  private readonly stopping = new AbortController();
  private stopNow = false;
  private stopAsked = false;
  private startingAgain: Promise<void> | undefined;
  private writes: Promise<void> = Promise.resolve();
  readonly ended: Promise<Run>;

  constructor(
    private readonly context: RunContext,
    private readonly lease: Lease,
    draft: RunDraft,
    private readonly secrets: Readonly<Record<string, string>>,
    private readonly events: SafeEvents,
    timer?: PhaseTimer,
  ) {
    this.draft = draft;
    this.timer = timer ?? new PhaseTimer(context.clock);
    this.engine = patientEngine(context.engine(draft.run.engine, engineOf(draft.intent)), this.onSilence);
    this.ended = this.drive();
  }

  get id(): string {
    return this.draft.run.id;
  }

  async stop(now = false): Promise<void> {
    const kill = now || this.stopAsked;
    this.stopAsked = true;
    await this.context.store.runs.requestStop(this.id, kill);
    this.noticeStop(kill);
  }

  async release(): Promise<void> {
    this.released.abort();
    await this.ended.catch(() => undefined);
  }

  private noticeStop(now: boolean): void {
    if (now && !this.stopNow) {
      this.stopNow = true;
      if (this.stopping.signal.aborted) void this.stopOnEngine();
    }
    this.stopping.abort();
  }

  private async drive(): Promise<Run> {
    const watching = this.watchStopMarker();
    try {
      await Promise.resolve();
      while (this.draft.intent.stage !== 'done') await this.step();
    } catch (error) {
      await this.pause(error);
    } finally {
      this.released.abort();
      await watching;
      await this.writes.catch(() => undefined);
      await this.lease.release();
    }
    return this.draft.run;
  }

  private async step(): Promise<void> {
    this.released.signal.throwIfAborted();
    const { stage } = this.draft.intent;
    switch (stage) {
      case 'packaging':
        return this.packageStage();
      case 'submitting':
        return this.submitStage();
      case 'started':
        return this.followStage();
      case 'ended':
        return this.finalizeStage();
      case 'sealed':
        return this.removeStage();
      case 'done':
        return;
      default:
        return assertNever(stage);
    }
  }

  /** Only now, with all in place, the engine's things go. Where that fails, whoever comes next tries again. */
  private async removeStage(): Promise<void> {
    await rm(stagingOf(this.context, this.id), { recursive: true, force: true });
    try {
      await this.engine.remove(this.ref);
    } catch (error) {
      this.context.log.warn(`removing ${this.id} from ${this.engine.name}: ${messageOf(error)}`);
      this.draft = { ...this.draft, intent: { ...this.draft.intent, stage: 'done' } };
      return;
    }
    await this.save({ intent: { ...this.draft.intent, stage: 'done' } }, false);
    await clearOldDatasets(this.context, this.engine);
  }

  /** Something keeps the run from going on for now: said on the run, and the driving ends. */
  private async pause(error: unknown): Promise<void> {
    if (this.released.signal.aborted || error instanceof LeaseLost) return;
    const problem: Problem = isExpected(error)
      ? { code: error.code, message: error.message, hint: error.hint || 'Attach to the run to go on.' }
      : {
          code: 'engine-failed',
          message: `The run can't go on: ${messageOf(error)}`,
          hint: 'Attach to the run to try again.',
        };
    if (!isExpected(error)) this.context.log.error(error instanceof Error ? error : String(error));
    await this.save({ run: { ...this.draft.run, problem } }).catch(() => undefined);
  }

  private async packageStage(): Promise<void> {
    this.enter('Packaging');
    await this.save({}, false);
    const signal = AbortSignal.any([this.stopping.signal, this.released.signal]);
    try {
      const result = await packageRun(this.context, this.engine, this.draft, this.events, signal, (version) => {
        void this.save({ run: { ...this.draft.run, from: version } }, false);
      });
      const { packaged } = result;
      if (this.engine.send === undefined) this.enter('Waiting for resources');
      const run = withPackaged(this.draft.run, result);
      await this.save({ run, intent: onEngine({ ...this.draft.intent, packaged, stage: 'submitting' }, this.engine) });
    } catch (error) {
      this.released.signal.throwIfAborted();
      await this.endEarly(this.stopping.signal.aborted ? stoppedEarly : causeOfError(error, this.engine.name), error);
    }
  }

  private async submitStage(): Promise<void> {
    if (this.stopping.signal.aborted) {
      await this.engine.remove(this.ref, this.released.signal);
      return this.endEarly(stoppedEarly);
    }
    try {
      requireSecrets(this.draft, this.secrets);
      const started = await submitRun(this.submission());
      if (started.isRunning === true) this.enter('Running');
      // Where this is lost in a power cut the run is found by `start`, which adopts what is there.
      const run = withWarnings(this.draft.run, started.warnings);
      await this.save({ run, intent: { ...this.draft.intent, stage: 'started' } }, false);
    } catch (error) {
      this.released.signal.throwIfAborted();
      if (error instanceof FreeElsewhere) return this.moveTo(error.engine);
      await this.recoverFromStart(error);
    }
  }

  /** What it needs is made ready there anew; the number that it has stays its own. */
  private async moveTo(name: string): Promise<void> {
    await this.engine.remove(this.ref, this.released.signal);
    this.engine = patientEngine(this.context.engine(name), this.onSilence);
    const run = { ...this.draft.run, engine: name, problem: null };
    await this.save({ run, intent: { ...this.draft.intent, stage: 'packaging' } });
  }

  private submission(): Submission {
    const { context, engine, secrets, events } = this;
    const released = this.released.signal;
    return {
      context,
      engine,
      secrets,
      events,
      released,
      draft: () => this.draft,
      spec: () => this.spec(),
      stopping: AbortSignal.any([this.stopping.signal, released]),
      others: () => otherEngines(this.context, this.draft),
      onProblem: (problem) => {
        if (problem?.message !== this.draft.run.problem?.message)
          void this.save({ run: { ...this.draft.run, problem } });
      },
      onReady: async () => {
        if (engine.send === undefined) return;
        this.enter('Waiting for resources');
        await this.save({}, false);
      },
    };
  }

  /** A start that failed may have started all the same: look before anything is decided. */
  private async recoverFromStart(error: unknown): Promise<void> {
    const state = await this.engine
      .inspect(this.ref, this.released.signal)
      .catch((): EngineState => ({ kind: 'unknown', why: '' }));
    if (state.kind === 'running' || state.kind === 'ended' || state.kind === 'queued') {
      return this.save({ intent: { ...this.draft.intent, stage: 'started' } });
    }
    // A run that is to stop is taken off the engine by the next step.
    if (this.stopping.signal.aborted) return;
    if (state.kind === 'unknown' || isExpected(error, 'parameter-invalid')) throw error;
    await this.engine.remove(this.ref, this.released.signal);
    return this.endEarly(causeOfError(error, this.engine.name), error);
  }

  private async followStage(): Promise<void> {
    const log = await this.context.store.runs.openLog(this.id);
    const onStop = (): void => void this.stopOnEngine();
    try {
      if (this.stopping.signal.aborted) onStop();
      else this.stopping.signal.addEventListener('abort', onStop, { once: true });
      const state = await followRun(this.context, this.engine, this.ref, log, this.followHooks, this.released.signal);
      const verdict: Verdict =
        state.kind === 'ended'
          ? state
          : { kind: 'forgotten', exitCode: null, signal: null, outOfMemory: false, error: '' };
      this.enter('Finalizing');
      const sealedAt = isoTime(this.context.clock.now());
      await this.save({
        run: { ...this.draft.run, problem: null },
        intent: { ...this.draft.intent, stage: 'ended', verdict, sealedAt },
      });
    } finally {
      this.stopping.signal.removeEventListener('abort', onStop);
      await log.close();
    }
  }

  private readonly onSilence = ({ code, message, hint }: ExpectedError): void =>
    this.followHooks.onProblem({ code, message, hint });

  private get logToComplete(): LogToComplete {
    const { context, engine, ref, onSilence, followHooks: hooks } = this;
    return { context, engine, ref, hooks, onSilence, signal: this.released.signal };
  }

  private readonly followHooks = {
    onState: (state: EngineState): void => {
      if (state.kind === 'running') this.noticeRunning();
      if (state.kind === 'created') void this.startAgain();
    },
    onChunks: (chunks: readonly LogChunk[]): void => {
      this.noticeRunning();
      for (const chunk of chunks) this.events.text({ runId: this.id, ...chunk });
    },
    onProblem: (problem: Problem | null): void => {
      const { problem: known, state } = this.draft.run;
      if (problem?.code === known?.code || hasEnded(state)) return;
      if (problem === null && known?.code !== 'engine-unreachable') return;
      void this.save({ run: { ...this.draft.run, problem } }, false);
    },
  };

  private startAgain(): Promise<void> {
    const how = { onProgress: this.events.progress, signal: this.released.signal };
    this.startingAgain ??= this.engine
      .start(this.spec(), this.secrets, how)
      .catch((error: unknown) => this.context.log.warn(`starting ${this.id} again: ${messageOf(error)}`))
      .then(() => (this.startingAgain = undefined));
    return this.startingAgain;
  }

  private noticeRunning(): void {
    if (this.draft.run.state !== 'Waiting for resources') return;
    this.enter('Running');
    void this.save({}, false);
  }

  private async stopOnEngine(): Promise<void> {
    const seconds = this.stopNow ? 0 : graceSeconds;
    await this.engine
      .stop(this.ref, { graceSeconds: seconds, signal: this.released.signal })
      .catch((error: unknown) => this.context.log.warn(`stop of ${this.id}: ${messageOf(error)}`));
  }

  private async finalizeStage(): Promise<void> {
    this.enter('Finalizing');
    const staging = stagingOf(this.context, this.id);
    const signal = this.released.signal;
    await rm(staging, { recursive: true, force: true });
    const gone = this.verdict.kind === 'forgotten';
    const collected: Collected = gone
      ? { record: undefined, recordProblem: '', warnings: [] }
      : await this.engine.collect(this.ref, staging, { onProgress: this.events.progress, signal });
    if (!gone) await completeLog(this.logToComplete, collected.record);
    await this.seal(collected, signal);
  }

  private async seal(collected: Collected, signal: AbortSignal): Promise<void> {
    const { record } = collected;
    const stopRequested = (await this.context.store.runs.stopRequest(this.id)) !== undefined;
    const verdict = this.verdict;
    const { limits } = this.draft.intent;
    const failure = causeOf({ ...collected, verdict, stopRequested, limits, engine: this.engine.name });
    const artifacts = await keepArtifacts(this.context, this.id);
    const output: OutputResult =
      failure === undefined && record !== undefined
        ? await sealOutput(this.context, this.engine, this.draft, record, this.events, signal)
        : { sealable: undefined, cause: failure, warnings: [], keptDataset: '' };
    const warned = withWarnings(this.draft.run, [...collected.warnings, ...output.warnings]);
    const run = { ...warned, gpu: { ...warned.gpu, got: record?.gpu.got ?? [] } };
    if (!(await this.lease.isHeld())) throw new LeaseLost(`another process drives run ${this.id} now`);
    if (output.sealable !== undefined) {
      await this.context.store.versions.commit(run.package, output.sealable.file, output.sealable.zip);
    }
    const hint = readOnlyHint(record?.datasetReadOnlyError === true, this.draft.intent.dataset.access);
    await this.finish(run, output.cause === undefined ? undefined : withHint(output.cause, hint), {
      artifacts,
      dataset: output.keptDataset,
    });
  }

  /** The end of a run that never reached the engine. */
  private async endEarly(why: Cause, error?: unknown): Promise<void> {
    if (error !== undefined && !isExpected(error))
      this.context.log.error(error instanceof Error ? error : String(error));
    await this.finish(this.draft.run, why, { artifacts: '', dataset: '' });
  }

  private async finish(run: Run, why: Cause | undefined, kept: { artifacts: string; dataset: string }): Promise<void> {
    const reserved = this.draft.intent.packaged?.reserved ?? '';
    const state = why === undefined ? 'Successful' : why.kind === 'killed' ? 'Killed' : 'Failed';
    const ended = this.timer.end({ run, intent: this.draft.intent }, state);
    const full: Run = { ...ended, problem: null, cause: why ?? null, version: why === undefined ? reserved : '' };
    const results = resultsOf(full, kept);
    await this.context.store.runs.writeResults(this.id, results);
    await this.save({ run: { ...full, results }, intent: { ...this.draft.intent, stage: 'sealed' } });
    if (why !== undefined && reserved !== '') await this.context.store.versions.release(run.package, reserved, this.id);
  }

  private enter(name: 'Packaging' | 'Waiting for resources' | 'Running' | 'Finalizing'): void {
    this.draft = this.timer.enter(this.draft, name);
  }

  /** Writes one after another, in the order of the calls. */
  private save(change: Partial<RunDraft>, durable = true): Promise<void> {
    this.draft = { ...this.draft, ...change };
    const { run, intent } = this.draft;
    this.writes = this.writes
      .catch(() => undefined)
      .then(async () => {
        await this.context.store.runs.write({ run, intent }, { durable });
        this.events.run(run);
      });
    return this.writes;
  }

  private async watchStopMarker(): Promise<void> {
    const { signal } = this.released;
    while (!signal.aborted && !this.stopNow) {
      const marker = await this.context.store.runs.stopRequest(this.id).catch(() => undefined);
      if (marker !== undefined) this.noticeStop(marker.now);
      await delay(stopPollMilliseconds, undefined, { signal }).catch(() => undefined);
    }
  }

  private get ref(): RunRef {
    const { nonce, installation } = this.draft.intent;
    return { runId: this.id, nonce, installation, workFolder: `${this.context.store.runs.folder(this.id)}/work` };
  }

  private get verdict(): Verdict {
    return this.draft.intent.verdict as Verdict;
  }

  private spec(): RunSpec {
    return runSpec(this.context, this.engine, this.draft, this.ref);
  }
}

/** Another process has taken over; nothing of this run may be written here any more. */
class LeaseLost extends Error {}
