/** Who may have which GPU next: pure decisions over what runs show each other. */
import { gpuById, type GpuDetail } from '../../domain/gpuFacts';
import { showGpuRequest, type GpuRequest } from '../../domain/gpuRequest';
import { byTurn, type Room, type Seat, type Ticket } from './gpuTickets';

/** What is asked for, in numbers of GPUs where that can be told. */
export function wantsOf(gpu: GpuRequest, gpus: readonly GpuDetail[]): string {
  if (gpu.kind !== 'ids') return showGpuRequest(gpu);
  return `${gpu.ids.map((id) => gpuById(gpus, id)?.id ?? id).join(',')},`;
}

/** The GPUs to take for `wants` out of `free`, or undefined where there are not enough. */
export function pick(wants: string, all: readonly string[], free: ReadonlySet<string>): readonly string[] | undefined {
  const named = namedIn(wants, all);
  if (named !== undefined) return named.every((id) => free.has(id) || !all.includes(id)) ? named : undefined;
  const taken = all.filter((id) => free.has(id)).slice(0, Number(wants));
  return taken.length === Number(wants) ? taken : undefined;
}

/** The very GPUs that are wanted; undefined where any will do. */
function namedIn(wants: string, all: readonly string[]): readonly string[] | undefined {
  if (wants === 'all') return all;
  return /^\d+$/.test(wants) ? undefined : wants.split(',').filter((id) => id !== '');
}

export interface Turn {
  readonly runId: string;
  readonly since: number;
  readonly wants: string;
}

/**
 * What the run may claim now: nothing that a run has or another claims, and nothing that those before it in the line wait for, so
 * that who wants many is not passed by forever.
 */
export function claimable(me: Turn, room: Room, all: readonly string[]): readonly string[] | undefined {
  const taken = new Set([...room.running, ...room.waiting].flatMap(({ gpus }) => gpus));
  const free = new Set(all.filter((id) => !taken.has(id)));
  const before = room.waiting.filter((other) => other.gpus.length === 0 && byTurn(other, me) < 0);
  for (const { wants } of before) {
    for (const id of namedIn(wants, all) ?? [...free].slice(0, Number(wants))) free.delete(id);
  }
  const claim = pick(me.wants, all, free);
  // Parts of cards are in no list of cards.
  return claim?.some((id) => taken.has(id)) === true ? undefined : claim;
}

export type Verdict = 'granted' | 'withdraw' | 'wait';

/**
 * After the claim can be seen by all: it is granted where nobody else has or claims the same. Where two claim, the later in line
 * withdraws; the earlier waits for that, for the other may have looked before this claim was there and be starting.
 */
export function judge(me: Turn, claim: readonly string[], room: Room): Verdict {
  const overlaps = ({ gpus }: Seat): boolean => gpus.some((id) => claim.includes(id));
  if (room.running.some(overlaps)) return 'withdraw';
  const rivals = room.waiting.filter(overlaps);
  if (rivals.length === 0) return 'granted';
  return rivals.some((rival) => byTurn(rival, me) < 0) ? 'withdraw' : 'wait';
}

/** "Waiting for GPU 1, held by wine-sweep" */
export function waitingWords(me: Turn, room: Room, all: readonly string[]): string {
  const named = namedIn(me.wants, all) ?? all;
  const holder = (id: string): Seat | undefined =>
    [...room.running, ...room.waiting].find(({ gpus }) => gpus.includes(id));
  const held = named.flatMap((id) => {
    const seat = holder(id);
    return seat === undefined ? [] : [{ id, by: titleOf(seat) }];
  });
  const ahead = room.waiting.filter((other) => other.gpus.length === 0 && byTurn(other, me) < 0);
  const behind =
    ahead.length === 0
      ? ''
      : ahead.length === 1
        ? `, after ${titleOf(ahead[0] as Ticket)}`
        : `, after ${ahead.length} others`;
  const [first, ...rest] = held;
  if (first === undefined)
    return `Waiting for ${whatIsWanted(me.wants)}${behind === '' ? '' : behind.replace(', after', ', next after')}`;
  if (rest.length === 0 && namedIn(me.wants, all) !== undefined && named.length <= 1)
    return `Waiting for GPU ${first.id}, held by ${first.by}${behind}`;
  if (rest.length === 0)
    return `Waiting for ${whatIsWanted(me.wants)}: GPU ${first.id} is held by ${first.by}${behind}`;
  const list = held.map(({ id, by }) => `GPU ${id} by ${by}`).join(', ');
  return `Waiting for ${whatIsWanted(me.wants)}, held: ${list}${behind}`;
}

const titleOf = ({ title, runId }: Seat): string => (title === '' ? runId : title);

function whatIsWanted(wants: string): string {
  if (wants === 'all') return 'all GPUs';
  if (/^\d+$/.test(wants)) return wants === '1' ? 'a GPU' : `${wants} GPUs`;
  const ids = wants.split(',').filter((id) => id !== '');
  return ids.length === 1 ? `GPU ${ids[0] ?? ''}` : `GPUs ${ids.join(', ')}`;
}
