import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogChunk, LogCursor } from '../../../runner/src/engine/engine';
import { openStore } from '../../../runner/src/store/openStore';
import type { LogPiece, RunLog, Store } from '../../../runner/src/store/store';
import { runOf } from '../../support/storeValues';

type Item = { readonly chunk: LogChunk; readonly cursor: LogCursor };

const item = (sequence: number, text: string, stream: LogChunk['stream'] = 'stdout'): Item => ({
  chunk: { sequence, time: 1_000 + sequence, stream, bytes: Buffer.from(text) },
  cursor: { sequence, hint: `h${sequence}` },
});
const items = [
  item(1, 'one\n'),
  item(2, '{"phase":"train"}', 'event'),
  item(3, 'two\n', 'stderr'),
  item(4, ''),
  item(5, 'three\r'),
  item(6, '{"phase":"save"}', 'event'),
];

describe('the log of a run in the store', () => {
  let workspace: string;
  let store: Store;
  let id: string;

  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'tp-log-'));
    store = openStore({ folder: join(workspace, 'store'), workspace });
    id = store.runs.newId(new Date());
    await store.runs.create({ run: runOf(id), intent: {} });
  });
  afterEach(() => rm(workspace, { recursive: true, force: true }));

  const pathOf = (name: string): string => join(store.runs.folder(id), name);
  const using = async <T>(work: (log: RunLog) => Promise<T>): Promise<T> => {
    const log = await store.runs.openLog(id);
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  };
  const textOf = (name: string): Promise<string> => readFile(pathOf(name), 'utf8').catch(() => '');
  const collect = async <T>(all: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = [];
    for await (const one of all) found.push(one);
    return found;
  };
  const events = '{"time":1002,"phase":"train"}\n{"time":1006,"phase":"save"}\n';
  const isWhole = async (): Promise<void> => {
    expect(await textOf('log.txt')).toBe('one\ntwo\nthree\r');
    expect(await textOf('events.jsonl')).toBe(events);
    const sha256 = createHash('sha256').update('one\ntwo\nthree\r').digest('hex');
    expect(await using((log) => log.digest())).toBe(sha256);
  };

  it('has the bytes of the run in order, and events beside them', async () => {
    await using((log) => log.append(items));
    await isWhole();
  });

  it('passes over what it has already', async () => {
    await using(async (log) => {
      await log.append(items.slice(0, 3));
      await log.append(items.slice(0, 3));
      await log.append(items);
    });
    await using((log) => log.append(items));
    await isWhole();
  });

  it('tells where to follow from', async () => {
    expect(await using((log) => Promise.resolve(log.cursor))).toBeNull();
    await using((log) => log.append(items.slice(0, 2)));
    expect(await using((log) => Promise.resolve(log.cursor))).toEqual({ sequence: 2, hint: 'h2' });
  });

  it('gives up a hint that is too long, and keeps the place', async () => {
    const long = { ...item(1, 'x'), cursor: { sequence: 1, hint: 'h'.repeat(61) } };
    const fits = { ...item(2, 'x'), cursor: { sequence: 2, hint: 'ü'.repeat(30) } };
    await using((log) => log.append([long]));
    expect(await using((log) => Promise.resolve(log.cursor))).toEqual({ sequence: 1, hint: '' });
    await using((log) => log.append([fits]));
    expect(await using((log) => Promise.resolve(log.cursor))).toEqual({ sequence: 2, hint: 'ü'.repeat(30) });
  });

  it('is whole after a crash at any byte of any of its files', async () => {
    await using((log) => log.append(items));
    const files = ['log.txt', 'events.jsonl', 'log.idx'];
    const whole = await Promise.all(files.map((name) => readFile(pathOf(name))));
    for (const [i, name] of files.entries()) {
      for (let length = 0; length < (whole[i]?.length ?? 0); length += name === 'log.idx' ? 7 : 1) {
        await truncate(pathOf(name), length);
        await using((log) => log.append(items));
        await isWhole();
      }
    }
    expect((await readdir(store.runs.folder(id))).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  it('cuts off what its index does not know', async () => {
    await using((log) => log.append(items.slice(0, 1)));
    await appendFile(pathOf('log.txt'), 'tw');
    await appendFile(pathOf('events.jsonl'), '{"ha');
    await appendFile(pathOf('log.idx'), Buffer.alloc(200));
    await using((log) => log.append(items));
    await isWhole();
  });

  it('starts over beside what it had where the index is gone or garbage', async () => {
    await using((log) => log.append(items));
    await rm(pathOf('log.idx'));
    expect(await using((log) => Promise.resolve(log.cursor))).toBeNull();
    await using((log) => log.append(items));
    await isWhole();
    await writeFile(pathOf('log.idx'), Buffer.alloc(960, 7));
    expect(await using((log) => Promise.resolve(log.cursor))).toBeNull();
    await using((log) => log.append(items));
    await isWhole();
    const aside = (await readdir(store.runs.folder(id))).filter((name) => name.startsWith('log.txt.damaged'));
    expect(aside).toHaveLength(2);
    expect(await textOf(aside[0] ?? '')).toBe('one\ntwo\nthree\r');
  });

  it('takes notes that neither the digest nor the cursor counts', async () => {
    const before = await using((log) => log.digest());
    await using((log) => log.note('--- starts ---', 5));
    expect(await using((log) => Promise.resolve(log.cursor))).toBeNull();
    expect(await using((log) => log.digest())).toBe(before);
    await using((log) => log.append(items.slice(0, 3)));
    await using((log) => log.note('--- goes on ---', 6));
    expect(await using((log) => Promise.resolve(log.cursor))).toEqual({ sequence: 3, hint: 'h3' });
    await using((log) => log.append(items));
    expect(await textOf('log.txt')).toBe('--- starts ---\none\ntwo\n--- goes on ---\nthree\r');
    const sha256 = createHash('sha256').update('one\ntwo\nthree\r').digest('hex');
    expect(await using((log) => log.digest())).toBe(sha256);
  });

  it('starts over', async () => {
    await using(async (log) => {
      await log.append(items);
      await log.reset();
      expect([log.cursor, log.bytes]).toEqual([null, 0]);
      await log.append(items);
    });
    await isWhole();
  });

  it('is read from any byte on, also while it grows', async () => {
    expect(Buffer.concat(await collect(store.runs.readLog(id, 0))).toString()).toBe('');
    await using((log) => log.append(items));
    expect(Buffer.concat(await collect(store.runs.readLog(id, 5))).toString()).toBe('wo\nthree\r');
    expect(await collect(store.runs.readLog(id, 99))).toEqual([]);
    const pieces = await collect<LogPiece>(store.runs.readLogIndex(id, 4));
    expect(pieces).toEqual([
      { offset: 4, length: 4, time: 1_003, stream: 'stderr' },
      { offset: 8, length: 0, time: 1_004, stream: 'stdout' },
      { offset: 8, length: 6, time: 1_005, stream: 'stdout' },
    ]);
    expect(await collect(store.runs.readLog('20260101-000000-000-aaaaaa', 0))).toEqual([]);
    expect(await collect(store.runs.readLogIndex('20260101-000000-000-aaaaaa', 0))).toEqual([]);
  });
});
