import { describe, expect, it } from 'vitest';
import { claimable, judge, waitingWords, wantsOf } from '../../../runner/src/engine/docker/gpuTurn';
import type { Room, Seat, Ticket } from '../../../runner/src/engine/docker/gpuTickets';
import { troubleKind, gpuTrouble } from '../../../runner/src/engine/docker/gpuWords';
import { parseGpus } from '../../../runner/src/engine/docker/gpus';

const all = ['0', '1', '2'];
const seat = (runId: string, ...gpus: string[]): Seat => ({ runId, title: '', gpus });
const ticket = (runId: string, since: number, wants: string, ...gpus: string[]): Ticket => ({
  ...seat(runId, ...gpus),
  id: runId,
  made: 100,
  since,
  wants,
});
const room = (running: Seat[], waiting: Ticket[] = []): Room => ({ running, waiting, own: [] });
const me = (wants: string, since = 10) => ({ runId: 'm', since, wants });

describe('what a run may claim', () => {
  it.each<[string, string, Room, string[] | undefined]>([
    ['the first that are free', '2', room([seat('a', '1')]), ['0', '2']],
    ['the very ones it names', '1,', room([seat('a', '0')]), ['1']],
    ['nothing where one of them is held', '0,1,', room([seat('a', '0')]), undefined],
    ['nothing where there are too few', '3', room([seat('a', '0')]), undefined],
    ['all only where all are free', 'all', room([]), all],
    ['nothing that another claims', '0,', room([], [ticket('b', 20, '0,', '0')]), undefined],
    ['nothing that one before it waits for', '1', room([seat('a', '1')], [ticket('b', 5, '2')]), undefined],
    ['what one before it has no use for', '1', room([], [ticket('b', 5, '2')]), ['2']],
    ['what one behind it waits for', '1', room([], [ticket('b', 15, 'all')]), ['0']],
    ['a part of a card that nobody has', 'MIG-1,', room([seat('a', 'MIG-2')]), ['MIG-1']],
    ['no part of a card that another has', 'MIG-1,', room([seat('a', 'MIG-1')]), undefined],
  ])('is %s', (_, wants, there, expected) => expect(claimable(me(wants), there, all)).toEqual(expected));

  it('is what it claimed, where nobody else has or claims the same', () => {
    expect(judge(me('1'), ['0'], room([seat('a', '1')], [ticket('b', 5, '1', '2')]))).toBe('granted');
    expect(judge(me('1'), ['0'], room([seat('a', '0')]))).toBe('withdraw');
    expect(judge(me('1'), ['0'], room([], [ticket('b', 5, '1', '0')]))).toBe('withdraw');
    expect(judge(me('1'), ['0'], room([], [ticket('b', 15, '1', '0')]))).toBe('wait');
    expect(judge(me('1'), ['0'], room([], [ticket('z', 10, '1', '0')]))).toBe('wait');
  });

  it('never is the same for two that look in any order', () => {
    // Each publishes its claim, then looks: whatever the order, at most one is granted.
    const first = ticket('a', 1, '1', '0');
    const second = ticket('b', 2, '1', '0');
    const seen = (mine: Ticket, other: Ticket | undefined) =>
      judge(mine, ['0'], room([], other === undefined ? [] : [other]));
    expect([seen(first, undefined), seen(second, first)]).toEqual(['granted', 'withdraw']);
    expect([seen(second, undefined), seen(first, second)]).toEqual(['granted', 'wait']);
    expect([seen(first, second), seen(second, first)]).toEqual(['wait', 'withdraw']);
  });
});

describe('why a run waits', () => {
  it.each<[string, string, Room]>([
    ['Waiting for GPU 1, held by a', '1,', room([seat('a', '1')])],
    ['Waiting for GPU 1, held by a, after b', '1,', room([seat('a', '1')], [ticket('b', 5, '1')])],
    ['Waiting for 2 GPUs, held: GPU 0 by a, GPU 1 by b', '2', room([seat('a', '0'), seat('b', '1')])],
    ['Waiting for a GPU, next after b', '1', room([], [ticket('b', 5, 'all')])],
    ['Waiting for all GPUs: GPU 2 is held by a', 'all', room([seat('a', '2')])],
  ])('%s', (words, wants, there) => expect(waitingWords(me(wants), there, all)).toBe(words));

  it('by the numbers of the cards, whatever they were called', () => {
    const cards = [{ id: '1', uuid: 'GPU-abcd', model: '', driver: '', memory: null }];
    expect(wantsOf({ kind: 'ids', ids: ['GPU-abcd'] }, cards)).toBe('1,');
    expect(wantsOf({ kind: 'count', count: 2 }, cards)).toBe('2');
  });
});

describe('what is said of GPUs that are not to be had', () => {
  it.each([
    ['could not select device driver "" with capabilities: [[gpu]]', 'toolkit'],
    ['unresolvable CDI devices nvidia.com/gpu=all', 'id'],
    ['exec: "nvidia-smi": executable file not found in $PATH', 'silent'],
    ['nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4', 'driver-old'],
    ['nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1', 'driver-missing'],
    ['Failed to initialize NVML: Driver/library version mismatch', 'driver-mismatch'],
    ['No devices were found', 'none'],
    ['something new', 'other'],
  ])('"%s" is %s', (text, kind) => expect(troubleKind(text)).toBe(kind));

  const context = { engine: 'gpu-box', isPodman: false, hasCard: true, driver: '470.1' };
  it.each([
    ['toolkit', context, "gpu-box has a GPU, but Docker can't pass it on: the NVIDIA container toolkit is missing."],
    ['toolkit', { ...context, hasCard: false }, 'gpu-box reports no GPU.'],
    [
      'silent',
      { ...context, isPodman: true },
      "gpu-box has a GPU, but Podman can't pass it on: no CDI description of it is there.",
    ],
    [
      'driver-missing',
      { ...context, hasCard: false },
      'gpu-box has the NVIDIA container toolkit, but neither a GPU nor its driver.',
    ],
    ['driver-old', context, 'The NVIDIA driver 470.1 of gpu-box is too old for the image: x'],
    ['none', { ...context, engine: 'docker' }, 'docker (local) reports no GPU.'],
  ] as const)('of %s', (kind, how, words) => expect(gpuTrouble(kind, 'x', how).message).toBe(words));

  it('and of those that are: a comma in the model, no memory of its own', () => {
    expect(parseGpus('0, GPU-a, NVIDIA GB10, Rev 2, 580.1, [N/A]\nnoise\n')).toEqual([
      { id: '0', uuid: 'GPU-a', model: 'NVIDIA GB10, Rev 2', driver: '580.1', memory: null },
    ]);
  });
});
