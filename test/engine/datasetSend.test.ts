/** Datasets that travel: an engine that is told to be elsewhere, though its socket is here. */
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hashDataset } from '../../runner/src/archive/dataset';
import { datasetVolumeName, storeName } from '../../runner/src/engine/docker/datasetNames';
import { findDataset } from '../../runner/src/engine/docker/datasetStore';
import type { Progress, SendRequest } from '../../runner/src/engine/engine';
import { dockerPlace, type DockerPlace } from '../support/dockerPlace';
import { kinds, startEngine, testImage, type TestEngine } from '../support/engine.mjs';
import { engineRun, type EngineRun, type EngineRunOptions } from '../support/engineRun';
import { makeFiles, main } from '../support/localRun';
import { meter, type Meter } from '../support/meter';

/** Docker's two differ in nothing that matters here. */
const tried =
  process.env['TRAINING_PIPELINES_TEST_LONG'] === '1' ? kinds : kinds.filter((kind) => kind !== 'docker-26');

describe.each(tried)('datasets sent to %s', (kind) => {
  let engine: TestEngine;
  let place: DockerPlace;
  let wire: Meter;
  let installation: string;
  let folder: string;
  const runs: EngineRun[] = [];
  beforeAll(async () => {
    engine = await startEngine({ kind });
    wire = await meter(engine.host);
    place = dockerPlace(wire.host, 'gpu-box', { isLocal: false });
    folder = await mkdtemp(join(tmpdir(), 'send-'));
  });
  afterEach(async () => {
    for (const run of runs.splice(0)) await run.dispose();
  });
  afterAll(async () => {
    await wire.close();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const fresh = (): string => `test-${randomBytes(4).toString('hex')}`;
  const send = async (path: string, more: Partial<SendRequest> = {}, signal?: AbortSignal) => {
    const hashed = await hashDataset(path);
    const progress: Progress[] = [];
    const request: SendRequest = {
      ref: { runId: fresh(), installation },
      path,
      name: 'data',
      tree: hashed.tree,
      files: hashed.files,
      bytes: hashed.bytes,
      entries: hashed.entries,
      image: testImage,
      cacheFolder: join(folder, 'cache'),
      onProgress: (step) => progress.push(step),
      ...more,
    };
    const before = wire.sent();
    const began = performance.now();
    await place.engine.send?.(request, signal);
    return { ...request, progress, sent: wire.sent() - before, seconds: (performance.now() - began) / 1000 };
  };
  const make = async (train: string, path: string, options: EngineRunOptions = {}): Promise<EngineRun> => {
    const run = await engineRun(place, train, { ...options, sent: { path, installation } });
    runs.push(run);
    return run;
  };
  const odd = async (path: string): Promise<string> => {
    await makeFiles(path, { 'a.csv': '1,2\n', 'sub/tool.sh': '#!/bin/sh\n', 'sub/none': '', 'sub/same.csv': '1,2\n' });
    await makeFiles(path, { 'ünï "quoted" \n line.txt': 'odd', 'exec.csv': '1,2\n' });
    await chmod(join(path, 'sub/tool.sh'), 0o755);
    await chmod(join(path, 'exec.csv'), 0o755);
    await mkdir(join(path, 'empty/below'), { recursive: true });
    await symlink('../a.csv', join(path, 'sub/link'));
    await symlink('nowhere', join(path, 'dangling'));
    return path;
  };
  const walk = [
    'import stat',
    'for top, folders, files in os.walk(data):',
    '  for name in sorted(folders + files):',
    '    path = os.path.join(top, name)',
    '    found = os.lstat(path)',
    '    kind = "link " + os.readlink(path) if stat.S_ISLNK(found.st_mode) else oct(found.st_mode & 0o777)',
    '    print(repr(os.path.relpath(path, data)), kind, found.st_size if stat.S_ISREG(found.st_mode) else "")',
  ].join('\n');

  it('arrive as they are: modes, links, empty folders, odd names', async () => {
    installation = fresh();
    const path = await odd(join(folder, 'odd'));
    const first = await send(path);
    expect(first.progress.at(-1)?.text).toBe('5 of 5 files sent');
    const run = await make(main(walk), path);
    await run.record();
    const text = await run.text('stdout');
    expect(text.split('\n').filter(Boolean).sort()).toEqual(
      [
        `'a.csv' 0o644 4`,
        `'dangling' link nowhere `,
        `'empty' 0o755 `,
        `'empty/below' 0o755 `,
        `'exec.csv' 0o755 4`,
        `'sub' 0o755 `,
        `'sub/link' link ../a.csv `,
        `'sub/none' 0o644 0`,
        `'sub/same.csv' 0o644 4`,
        `'sub/tool.sh' 0o755 10`,
        `'ünï "quoted" \\n line.txt' 0o644 3`,
      ].sort(),
    );
  });

  it('are there again without a byte of them', async () => {
    const again = await send(join(folder, 'odd'));
    expect(again.sent).toBeLessThan(4_000);
    expect(again.progress).toEqual([]);
  });

  it('send only what changed', async () => {
    installation = fresh();
    const path = join(folder, 'many');
    await makeFiles(path, Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`f/${i}.txt`, `file ${i}`])));
    await writeFile(join(path, 'big.bin'), randomBytes(3_000_000));
    const first = await send(path);
    expect(first.sent).toBeGreaterThan(3_000_000);
    await writeFile(join(path, 'f/7.txt'), randomBytes(100_000));
    await rm(join(path, 'f/8.txt'));
    const second = await send(path);
    expect(second.sent).toBeLessThan(100_000 + 64_000);
    const run = await make(main('print(len(os.listdir(data + "/f")), os.path.getsize(data + "/f/7.txt"))'), path);
    await run.record();
    expect(await run.text('stdout')).toBe('1999 100000\n');
  });

  it('cannot be written, and a private view of them can', async () => {
    installation = fresh();
    const path = join(folder, 'view');
    await makeFiles(path, { 'a.csv': 'a', 'sub/b.csv': 'b' });
    await send(path);
    const refused = await make(main('open(data + "/new", "w")'), path);
    expect(await refused.record()).toMatchObject({ outcome: 'failed', datasetReadOnlyError: true });
    const code =
      'open(data + "/a.csv", "w").write("xyz")\nos.unlink(data + "/sub/b.csv")\nprint(sorted(os.listdir(data)))';
    const copy = await make(main(code), path, { access: 'copy' });
    expect((await copy.record()).outcome).toBe('completed');
    const after = await make(main('print(open(data + "/a.csv").read(), os.listdir(data + "/sub"))'), path);
    await after.record();
    expect(await after.text('stdout')).toBe("a ['b.csv']\n");
  });

  it('go on after a cut: what had arrived is not sent again, not even of one big file', async () => {
    installation = fresh();
    const path = join(folder, 'cut');
    await makeFiles(path, { 'a.txt': 'a', 'b.txt': 'b' });
    await writeFile(join(path, 'c.bin'), randomBytes(60_000_000));
    await writeFile(join(path, 'd.bin'), randomBytes(8_000_000));
    const stop = new AbortController();
    wire.onSent(wire.sent() + 40_000_000, () => stop.abort());
    await expect(send(path, {}, stop.signal)).rejects.toThrow();
    expect(await findDataset(place.client, installation, (await hashDataset(path)).tree)).toBeUndefined();
    const second = await send(path);
    expect(second.sent).toBeLessThan(68_000_000 - 25_000_000);
    const run = await make(main('print(sorted((n, os.path.getsize(data + "/" + n)) for n in os.listdir(data)))'), path);
    await run.record();
    expect(await run.text('stdout')).toContain("('c.bin', 60000000), ('d.bin', 8000000)");
  });

  it('go on by themselves when the connection comes back', async () => {
    installation = fresh();
    const path = join(folder, 'flaky');
    await mkdir(path);
    await writeFile(join(path, 'a.bin'), randomBytes(30_000_000));
    wire.onSent(wire.sent() + 12_000_000, () => wire.cut());
    const sent = await send(path);
    expect(sent.progress.map(({ text }) => text).join()).toContain('was cut');
    expect(await findDataset(place.client, installation, sent.tree)).toBeDefined();
  });

  it('that change while they are sent are refused by name, and nothing is left of the helpers', async () => {
    installation = fresh();
    const path = join(folder, 'changing');
    await makeFiles(path, { 'a.txt': 'a', 'b.txt': 'b' });
    const hashed = await hashDataset(path);
    await writeFile(join(path, 'b.txt'), 'c');
    await expect(send(path, { tree: hashed.tree, entries: hashed.entries })).rejects.toThrow(/b\.txt changed/);
    await truncate(join(path, 'b.txt'));
    await expect(send(path, { tree: hashed.tree, entries: hashed.entries })).rejects.toThrow(/b\.txt changed/);
    expect(await place.containersOf(installation)).toEqual([]);
  });

  it('are sent once by several runs at the same time', async () => {
    installation = fresh();
    const path = join(folder, 'together');
    await mkdir(path);
    await writeFile(join(path, 'a.bin'), randomBytes(20_000_000));
    const before = wire.sent();
    await Promise.all([send(path), send(path), send(path)]);
    expect(wire.sent() - before).toBeLessThan(21_000_000);
  });

  it('stay while a run refers to them, and a run whose copy is gone says so', async () => {
    installation = fresh();
    const path = join(folder, 'kept');
    await cp(join(folder, 'view'), path, { recursive: true });
    const { tree } = await send(path);
    const run = await make(main('time.sleep(60)'), path);
    await run.start();
    await expect(place.client.delete(`/volumes/${datasetVolumeName(installation, tree)}`, {})).rejects.toMatchObject({
      status: 409,
    });
    await run.engine.stop(run.spec.ref, { graceSeconds: 0 });
    await run.engine.remove(run.spec.ref);
    await place.client.delete(`/volumes/${datasetVolumeName(installation, tree)}`, {});
    const late = await make(main('pass'), path);
    await expect(late.start()).rejects.toMatchObject({ code: 'dataset-missing' });
    expect(await findDataset(place.client, installation, tree)).toBeUndefined();
    expect(storeName(installation)).toContain(installation);
  });
});
