/**
 * Sends a dataset to an engine: nothing where it is there, else only the contents that are not, in one stream. What has arrived
 * whole is kept when the connection is cut, so the next try goes on from there.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import { contentsOf, listChange, writeList, type Content } from '../../archive/datasetList';
import { changed, tarContents } from '../../archive/datasetTar';
import { rememberTree, treesKnown } from '../../archive/treeMemory';
import { ExpectedError, isExpected } from '../../domain/errors';
import { formatBytes, formatCount } from '../../domain/format';
import type { DatasetEntry } from '../../domain/treeHash';
import type { SendRequest } from '../engine';
import { inboxName, plainHash, senderName } from './datasetNames';
import { findDataset, listDatasets, makeStore, sealDataset, type DatasetStore } from './datasetStore';
import { DockerRefusal, type DockerClient } from './dockerClient';
import { containerUser, type EngineInfo } from './engineInfo';
import {
  createHelper,
  helperAnswers,
  HelperFailed,
  helperTrouble,
  removeContainerId,
  removeHelperNamed,
  startHelper,
} from './helperContainer';

export interface SendOptions {
  readonly harnessFolder: string;
  readonly signal?: AbortSignal | undefined;
}

const pauses = [1_000, 2_000, 4_000, 8_000] as const;

/** Resolves once the dataset is there, complete and verified. A cut connection is tried again for a while. */
export async function sendDataset(
  client: DockerClient,
  info: EngineInfo,
  request: SendRequest,
  options: SendOptions,
): Promise<void> {
  const { signal } = options;
  const installation = request.ref.installation;
  for (let failures = 0, withBase = true; ;) {
    const attempt = new Attempt(client, info, request, options);
    try {
      if ((await findDataset(client, installation, request.tree, signal)) !== undefined) return;
      await attempt.send(withBase);
      return;
    } catch (cause) {
      const error = explained(client, request, cause);
      signal?.throwIfAborted();
      if (cause instanceof NoBase && withBase) {
        withBase = false;
        continue;
      }
      failures = attempt.sent > 0 ? 0 : failures + 1;
      const pause = pauses[failures];
      if (!isCut(error) || pause === undefined) throw error;
      request.onProgress({ text: `the connection to ${client.engine} was cut; going on in ${pause / 1000} s` });
      await delay(pause, undefined, { signal });
    }
  }
}

const isCut = (error: unknown): boolean => isExpected(error, 'engine-unreachable');

function explained(client: DockerClient, request: SendRequest, cause: unknown): unknown {
  if (cause instanceof HelperFailed) return helperTrouble(client.engine, cause, `take ${basename(request.path)}`);
  if (cause instanceof DockerRefusal && /no space left/i.test(cause.message)) return full(client, '');
  return client.mapError(cause);
}

const full = (client: DockerClient, more: string): ExpectedError =>
  new ExpectedError(
    'disk-full',
    `The disk of ${client.engine} is full${more}.`,
    '`training-pipelines datasets` shows what can be cleared there.',
  );

/** The list that ours was to differ from is not there any more. */
class NoBase extends Error {}

const answerSchema = z.union([
  z.object({ waiting: z.literal(true) }),
  z.object({ missing: z.string(), partial: z.array(z.tuple([z.number(), z.number()])), free: z.number() }),
  z.object({ sealed: z.literal(true) }),
  z.object({ refused: z.string() }),
]);
type Missing = Extract<z.infer<typeof answerSchema>, { missing: string }>;

class Attempt {
  /** Bytes that went out. */
  sent = 0;

  constructor(
    private readonly client: DockerClient,
    private readonly info: EngineInfo,
    private readonly request: SendRequest,
    private readonly options: SendOptions,
  ) {}

  async send(withBase: boolean): Promise<void> {
    const { client, request } = this;
    const { signal } = this.options;
    const { installation } = request.ref;
    const store = await makeStore(client, installation, randomBytes(8).toString('hex'), signal);
    const base = withBase ? await this.findBase() : undefined;
    const list = await writeList(request.path, listChange(base?.entries ?? [], request.entries));
    const name = randomBytes(8).toString('hex');
    const [uid = 0, gid = 0] = containerUser(this.info).split(':').map(Number);
    const command = { command: 'receive', tree: plainHash(request.tree), name, uid, gid };
    const full = base === undefined ? command : { ...command, base: plainHash(base.tree) };
    const id = await createHelper(client, this.info, this.helper(store, senderName(request.ref), 'sender'), signal);
    try {
      await startHelper(
        client,
        id,
        {
          'helper.py': await readFile(join(this.options.harnessFolder, 'datastore.py')),
          'request.json': JSON.stringify(full),
          'manifest.gz': list,
        },
        signal,
      );
      await this.follow(id, store, name);
    } finally {
      await removeContainerId(client, id).catch(() => undefined);
    }
    const { tree, files, bytes } = request;
    const sentAt = new Date().toISOString();
    await sealDataset(client, installation, store, { tree, files, bytes, sentAt, name: request.name }, signal);
    await rememberTree(request.cacheFolder, tree, request.entries);
  }

  private helper(store: DatasetStore, name: string, kind: string) {
    const { ref, image } = this.request;
    return {
      name,
      image,
      kind,
      installation: ref.installation,
      runId: ref.runId,
      mounts: [{ Type: 'volume', Source: store.volume, Target: '/store', ReadOnly: false } as const],
    };
  }

  /** The dataset on the engine that ours differs least from, among those whose list is known here. */
  private async findBase(): Promise<{ tree: string; entries: readonly DatasetEntry[] } | undefined> {
    const there = await listDatasets(this.client, this.request.ref.installation, this.options.signal);
    const known = await treesKnown(this.request.cacheFolder, new Set(there.map(({ tree }) => tree)));
    let best: { tree: string; entries: readonly DatasetEntry[]; size: number } | undefined;
    for (const candidate of known) {
      const { set, removed } = listChange(candidate.entries, this.request.entries);
      const size = set.length + removed.length;
      if (size < (best?.size ?? this.request.entries.length)) best = { ...candidate, size };
    }
    return best;
  }

  private async follow(id: string, store: DatasetStore, name: string): Promise<void> {
    const cut = new AbortController();
    const { signal } = this.options;
    const both = signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]);
    let sending: Promise<void> | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const answer of helperAnswers(this.client, id, answerSchema, both)) {
        if ('sealed' in answer) return;
        if ('refused' in answer) throw this.refusal(answer.refused);
        if ('waiting' in answer) {
          this.request.onProgress({ text: 'waiting for another run that sends the same dataset' });
          continue;
        }
        sending = this.put(answer, store, name, both).catch((error: unknown) => {
          failure = { error };
          cut.abort();
        });
      }
      throw new HelperFailed('');
    } catch (error) {
      // A refusal of the helper says more than the stream that broke on it.
      throw failure === undefined || !cut.signal.aborted ? error : failure.error;
    } finally {
      cut.abort();
      await sending;
    }
  }

  private refusal(why: string): Error {
    if (why === 'no-base') return new NoBase(why);
    if (why === 'full') return full(this.client, '');
    if (why === 'silent') return this.client.mapError(Object.assign(new Error(why), { code: 'ECONNRESET' })) as Error;
    const [, sha256] = /^changed ([0-9a-f]{64})$/.exec(why) ?? [];
    const entry = this.request.entries.find((one) => one.sha256 === sha256);
    return entry === undefined ? new HelperFailed(why) : changed(join(this.request.path, ...entry.path.split('/')));
  }

  /** The engine unpacks what comes into a container that never runs; the helper sees it arrive in the volume. */
  private async put(answer: Missing, store: DatasetStore, name: string, signal: AbortSignal): Promise<void> {
    const all = contentsOf(this.request.entries);
    const missing = pick(all, answer.missing);
    if (missing.length === 0) return;
    const offsets = new Map(answer.partial);
    const total = missing.reduce((sum, { bytes }, i) => sum + bytes - (offsets.get(i) ?? 0), 0);
    if (total > answer.free) {
      throw full(this.client, `: ${formatBytes(answer.free)} are free, and ${formatBytes(total)} are to be sent`);
    }
    const { client, request } = this;
    const inbox = this.helper(store, inboxName(request.ref), 'inbox');
    const id = await createHelper(client, this.info, inbox, signal);
    try {
      const [uid = 0, gid = 0] = containerUser(this.info).split(':').map(Number);
      const contents = missing.map(({ key, bytes, path }, i) => {
        const offset = offsets.get(i) ?? 0;
        const suffix = offset === 0 ? '' : `+${offset}`;
        const mode = key.endsWith('x') ? 0o755 : 0o644;
        const tarName = `${String(i).padStart(8, '0')}-${key}${suffix}`;
        return { name: tarName, path: join(request.path, ...path.split('/')), offset, bytes, mode };
      });
      const onProgress = this.progress(missing.length, total);
      const tar = Readable.from(tarContents(contents, { owner: { uid, gid }, onProgress, signal }), {
        objectMode: false,
      });
      await client.putTar(`/containers/${id}/archive`, { path: `/store/incoming/${name}` }, tar, signal);
    } finally {
      await removeContainerId(client, id).catch(() => undefined);
    }
  }

  private progress(count: number, total: number) {
    let shown = 0;
    return ({ files, bytes }: { files: number; bytes: number }): void => {
      this.sent = bytes;
      const now = performance.now();
      if (now - shown < 100 && files < count) return;
      shown = now;
      const text = `${formatCount(files)} of ${formatCount(count)} files sent`;
      this.request.onProgress({ text, done: bytes, total, unit: 'bytes' });
    };
  }
}

/** Those whose bit is set. */
function pick(all: readonly Content[], text: string): Content[] {
  const bits = inflateSync(Buffer.from(text, 'base64'), { maxOutputLength: all.length + 8 });
  return all.filter((_, i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
}

/** What a sender left, where it was cut off. */
export async function removeSenders(
  client: DockerClient,
  ref: { readonly runId: string; readonly installation: string },
  signal?: AbortSignal,
): Promise<void> {
  for (const name of [senderName(ref), inboxName(ref)]) await removeHelperNamed(client, name, ref.installation, signal);
}
