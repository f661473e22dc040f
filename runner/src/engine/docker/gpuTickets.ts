/**
 * What runs show each other of the GPUs of an engine: labels on containers, so that all installations that use the engine see it.
 * A run that waits has a ticket, a container that never starts. It is made anew every few seconds, so its age, by the engine's own
 * clock, says whether somebody still waits. Nobody ever touches the ticket of another.
 */
import * as z from 'zod';
import type { RunRef } from '../engine';
import type { DockerClient } from './dockerClient';
import { gpuLabels, labels } from './labels';
import { ignoring } from './runObjects';

export interface Seat {
  readonly runId: string;
  readonly title: string;
  readonly gpus: readonly string[];
}

export interface Ticket extends Seat {
  readonly id: string;
  /** Seconds of the engine's clock. */
  readonly made: number;
  readonly since: number;
  readonly wants: string;
}

export interface Room {
  /** Runs that have GPUs. */
  readonly running: readonly Seat[];
  /** Whoever still waits, in the order of the line; claims among them. */
  readonly waiting: readonly Ticket[];
  /** Of the run itself, also those that are to go. */
  readonly own: readonly Ticket[];
}

const containersSchema = z.array(
  z.object({
    Id: z.string(),
    Created: z.number(),
    State: z.string(),
    Labels: z
      .record(z.string(), z.string())
      .nullish()
      .transform((found) => found ?? {}),
  }),
);
type Listed = z.infer<typeof containersSchema>[number];

const hasGpus: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);
/** A ticket is made anew three times in that time. */
export const staleSeconds = 30;

/** What time it is by the engine's clock is told by the run's own newest ticket. */
export async function readRoom(client: DockerClient, runId: string, signal?: AbortSignal): Promise<Room> {
  const filters = JSON.stringify({ label: [gpuLabels.gpus] });
  const found = await client.get('/containers/json', containersSchema, { query: { all: true, filters }, signal });
  const running = found.filter(({ State, Labels }) => Labels[labels.kind] === 'run' && hasGpus.has(State)).map(seatOf);
  const tickets = found.filter(({ Labels }) => Labels[labels.kind] === 'ticket').map(ticketOf);
  const own = tickets.filter((ticket) => ticket.runId === runId).sort((a, b) => b.made - a.made);
  const others = running.filter((seat) => seat.runId !== runId);
  return { running: others, own, waiting: line(tickets, runId, own[0]?.made) };
}

const label = ({ Labels }: Listed, name: string): string => Labels[name] ?? '';

const seatOf = (one: Listed): Seat => ({
  runId: label(one, labels.run),
  title: label(one, gpuLabels.title),
  gpus: label(one, gpuLabels.gpus)
    .split(',')
    .filter((part) => part !== ''),
});

const ticketOf = (one: Listed): Ticket => ({
  ...seatOf(one),
  id: one.Id,
  made: one.Created,
  since: Number(label(one, gpuLabels.since) || one.Created),
  wants: label(one, gpuLabels.wants),
});

function line(tickets: readonly Ticket[], runId: string, now: number | undefined): Ticket[] {
  const newest = new Map<string, Ticket>();
  for (const ticket of tickets) {
    if (ticket.runId === runId || (now !== undefined && now - ticket.made > staleSeconds)) continue;
    const known = newest.get(ticket.runId);
    const gpus = [...new Set([...(known?.gpus ?? []), ...ticket.gpus])];
    // While a ticket is made anew both are there; what either claims counts.
    newest.set(ticket.runId, { ...ticket, gpus, since: Math.min(ticket.since, known?.since ?? ticket.since) });
  }
  return [...newest.values()].sort(byTurn);
}

/** Ids of runs sort by time, so they decide within a second. */
export const byTurn = (a: Pick<Ticket, 'since' | 'runId'>, b: Pick<Ticket, 'since' | 'runId'>): number =>
  a.since - b.since || (a.runId < b.runId ? -1 : 1);

/** Whether any run of this program, whoever's, is going on there. */
export async function runsAnything(client: DockerClient, signal?: AbortSignal): Promise<boolean> {
  const filters = JSON.stringify({ label: [`${labels.kind}=run`], status: ['running'] });
  return (await client.get('/containers/json', containersSchema, { query: { filters }, signal })).length > 0;
}

export interface TicketSpec {
  readonly ref: RunRef;
  readonly image: string;
  readonly title: string;
  readonly wants: string;
  readonly since: number | undefined;
  readonly gpus: readonly string[];
}

export async function makeTicket(client: DockerClient, spec: TicketSpec, signal?: AbortSignal): Promise<string> {
  const body = {
    Image: spec.image,
    Entrypoint: ['true'],
    Cmd: [],
    Labels: {
      [labels.kind]: 'ticket',
      [labels.run]: spec.ref.runId,
      [labels.installation]: spec.ref.installation,
      [gpuLabels.gpus]: spec.gpus.join(','),
      [gpuLabels.wants]: spec.wants,
      [gpuLabels.since]: spec.since === undefined ? '' : String(spec.since),
      [gpuLabels.title]: spec.title,
    },
    HostConfig: { NetworkMode: 'none' },
  };
  const options = { signal, timeoutMilliseconds: 60_000 };
  return (await client.post('/containers/create', z.object({ Id: z.string() }), { body }, options)).Id;
}

export const removeTicket = (client: DockerClient, id: string): Promise<void> =>
  ignoring([404, 409], () => client.delete(`/containers/${id}`, { force: true, v: true }));

/** Of a run of this installation. */
export async function removeTickets(
  client: DockerClient,
  ref: Pick<RunRef, 'runId' | 'installation'>,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = [`${labels.kind}=ticket`, `${labels.run}=${ref.runId}`, `${labels.installation}=${ref.installation}`];
  const query = { all: true, filters: JSON.stringify({ label: wanted }) };
  const found = await client.get('/containers/json', z.array(z.object({ Id: z.string() })), { query, signal });
  for (const { Id } of found) await removeTicket(client, Id);
}
