/** A run's place in the line for GPUs of an engine, from the first ticket until its container runs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { GpuDetail } from '../../domain/gpuFacts';
import type { GpuRequest } from '../../domain/gpuRequest';
import type { RunSpec } from '../engine';
import type { DockerClient } from './dockerClient';
import { makeTicket, readRoom, removeTicket, runsAnything, removeTickets, type Room } from './gpuTickets';
import { claimable, judge, waitingWords, wantsOf, type Turn } from './gpuTurn';

export interface QueueOptions {
  /** "Waiting for GPU 1, held by wine-sweep", whenever that changes. */
  readonly onWaiting: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The run has these until `done`, which is called once its container runs, or does not. */
export interface Granted {
  readonly gpus: readonly string[];
  readonly done: () => Promise<void>;
}

const lookMilliseconds = 1_000;
const settleMilliseconds = 200;
const renewMilliseconds = 9_000;

export async function waitForGpus(
  client: DockerClient,
  spec: RunSpec,
  gpus: readonly GpuDetail[],
  options: QueueOptions,
): Promise<Granted> {
  const place = new Place(client, spec, gpus);
  try {
    return await place.wait(options);
  } catch (error) {
    await place.leave().catch(() => undefined);
    throw error;
  }
}

/** Whether a run that came now would have to wait. */
export async function isFree(
  client: DockerClient,
  gpu: GpuRequest,
  gpus: readonly GpuDetail[],
  signal?: AbortSignal,
): Promise<boolean> {
  if (gpu.kind === 'none') return !(await runsAnything(client, signal));
  const room = await readRoom(client, '', signal);
  const last = { runId: '~', since: Number.MAX_SAFE_INTEGER, wants: wantsOf(gpu, gpus) };
  return (
    claimable(
      last,
      room,
      gpus.map(({ id }) => id),
    ) !== undefined
  );
}

class Place {
  private since: number | undefined;
  private claim: readonly string[] = [];
  private ticket = '';
  private renewedAt = Number.NEGATIVE_INFINITY;
  private readonly wants: string;
  private readonly all: readonly string[];

  constructor(
    private readonly client: DockerClient,
    private readonly spec: RunSpec,
    gpus: readonly GpuDetail[],
  ) {
    this.wants = wantsOf(spec.gpu, gpus);
    this.all = gpus.map(({ id }) => id);
  }

  async wait({ onWaiting, signal }: QueueOptions): Promise<Granted> {
    let said = '';
    // An earlier starter of this run had a place already.
    this.since = (await readRoom(this.client, this.runId, signal)).own
      .map(({ since }) => since)
      .sort((a, b) => a - b)[0];
    for (;;) {
      signal?.throwIfAborted();
      const room = await this.look(signal);
      const turn = this.turn();
      const claim = claimable(turn, room, this.all);
      if (claim !== undefined && (await this.take(claim, signal))) return this.granted();
      const words = waitingWords(turn, room, this.all);
      if (words !== said && claim === undefined) onWaiting((said = words));
      await delay(lookMilliseconds, undefined, { signal });
    }
  }

  private get runId(): string {
    return this.spec.ref.runId;
  }

  private turn(): Turn {
    return { runId: this.runId, since: this.since ?? 0, wants: this.wants };
  }

  /** False where another has it after all. */
  private async take(claim: readonly string[], signal?: AbortSignal): Promise<boolean> {
    this.claim = claim;
    await this.renew(signal);
    for (;;) {
      const verdict = judge(this.turn(), claim, await this.look(signal));
      if (verdict === 'granted') return true;
      if (verdict === 'withdraw') break;
      await delay(settleMilliseconds, undefined, { signal });
    }
    this.claim = [];
    await this.renew(signal);
    return false;
  }

  private async look(signal?: AbortSignal): Promise<Room> {
    if (performance.now() - this.renewedAt > renewMilliseconds) await this.renew(signal);
    const room = await readRoom(this.client, this.runId, signal);
    this.since ??= room.own[0]?.since;
    return room;
  }

  /** The new ticket is there before the old one goes, so that what it claims is never out of sight. */
  private async renew(signal?: AbortSignal): Promise<void> {
    const { ref, environment, title = '' } = this.spec;
    const spec = { ref, image: environment.target, title, wants: this.wants, since: this.since, gpus: this.claim };
    this.ticket = await makeTicket(this.client, spec, signal);
    this.renewedAt = performance.now();
    const { own } = await readRoom(this.client, this.runId, signal);
    this.since ??= own.find(({ id }) => id === this.ticket)?.since;
    for (const { id } of own) if (id !== this.ticket) await removeTicket(this.client, id);
  }

  /** The claim is renewed while the container is filled, however long that takes. */
  private granted(): Granted {
    const over = new AbortController();
    const renewing = (async () => {
      for (;;) {
        await delay(renewMilliseconds, undefined, { signal: over.signal });
        await this.renew(over.signal).catch(() => undefined);
      }
    })().catch(() => undefined);
    return {
      gpus: this.claim,
      done: async () => {
        over.abort();
        await renewing;
        await this.leave().catch(() => undefined);
      },
    };
  }

  async leave(): Promise<void> {
    await removeTickets(this.client, this.spec.ref);
  }
}
