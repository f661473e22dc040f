/** SHA-256 of many files on worker threads: reading and hashing are synchronous there, which is several times faster. */
import type * as Crypto from 'node:crypto';
import type * as FileSystem from 'node:fs';
import { availableParallelism } from 'node:os';
import type * as Threads from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { HashOptions } from './hashTree';

export interface FileToHash {
  readonly path: string;
  /** Expected length, for progress and for sharing out the work. */
  readonly bytes: number;
}

export interface FileDigest {
  /** Plain hex. */
  readonly sha256: string;
  /** What was read. */
  readonly bytes: number;
}

interface Answer {
  readonly results: readonly (FileDigest & { readonly error?: string; readonly code?: string })[];
}

const batchFiles = 256;
const batchBytes = 64 * 1024 * 1024;
/** So little is hashed where it is, for a thread costs more to start. */
const inlineBytes = 4 * 1024 * 1024;
const inlineFiles = 64;

/** In the order of the files. Rejects with the system's error for a file that cannot be read. */
export async function hashFiles(files: readonly FileToHash[], options: HashOptions = {}): Promise<FileDigest[]> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length <= inlineFiles && total <= inlineBytes) return hashInline(files, options);
  // The largest first, so that no thread is left alone with one at the end.
  const batches = batchesOf(files).sort((a, b) => b.bytes - a.bytes);
  const digests: FileDigest[] = [];
  const threads = Math.min(batches.length, Math.max(2, availableParallelism()), 8);
  let next = 0;
  let done = 0;
  const workers = Array.from({ length: threads }, () => new Worker(`(${worker.toString()})()`, { eval: true }));
  const work = async (thread: Worker): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      options.signal?.throwIfAborted();
      const answer = await ask(
        thread,
        batch.files.map((file) => file.path),
        options.signal,
      );
      answer.results.forEach((result, i) => {
        if (result.error !== undefined) throw Object.assign(new Error(result.error), { code: result.code });
        digests[batch.start + i] = { sha256: result.sha256, bytes: result.bytes };
      });
      done += batch.bytes;
      options.onProgress?.({ done, total });
    }
  };
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((thread) => thread.terminate()));
  }
  return digests;
}

async function hashInline(files: readonly FileToHash[], options: HashOptions): Promise<FileDigest[]> {
  const { createHash } = await import('node:crypto');
  const { readFile } = await import('node:fs/promises');
  const digests: FileDigest[] = [];
  for (const { path } of files) {
    options.signal?.throwIfAborted();
    const content = await readFile(path);
    digests.push({ sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length });
  }
  return digests;
}

interface Batch {
  readonly start: number;
  readonly files: readonly FileToHash[];
  readonly bytes: number;
}

function batchesOf(files: readonly FileToHash[]): Batch[] {
  const batches: Batch[] = [];
  let start = 0;
  let bytes = 0;
  files.forEach((file, i) => {
    bytes += file.bytes;
    if (i + 1 - start < batchFiles && bytes < batchBytes && i + 1 < files.length) return;
    batches.push({ start, files: files.slice(start, i + 1), bytes });
    start = i + 1;
    bytes = 0;
  });
  return batches;
}

function ask(thread: Worker, paths: readonly string[], signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error('cancelled'));
    signal?.addEventListener('abort', onAbort, { once: true });
    thread.once('error', reject);
    thread.once('message', (answer: Answer) => {
      signal?.removeEventListener('abort', onAbort);
      thread.off('error', reject);
      resolve(answer);
    });
    thread.postMessage(paths);
  });
}

/** Runs in the thread from its own text, so it uses nothing from outside of itself. */
function worker(): void {
  const { createHash } = require('node:crypto') as typeof Crypto;
  const fs = require('node:fs') as typeof FileSystem;
  const { parentPort } = require('node:worker_threads') as typeof Threads;
  const block = Buffer.allocUnsafe(1024 * 1024);
  const hashOne = (path: string): FileDigest => {
    const file = fs.openSync(path, 'r');
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for (let read = fs.readSync(file, block); read > 0; read = fs.readSync(file, block)) {
        hash.update(block.subarray(0, read));
        bytes += read;
      }
      return { sha256: hash.digest('hex'), bytes };
    } finally {
      fs.closeSync(file);
    }
  };
  parentPort?.on('message', (paths: string[]) => {
    const results = paths.map((path) => {
      try {
        return hashOne(path);
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        return { sha256: '', bytes: 0, error: message, code };
      }
    });
    parentPort?.postMessage({ results });
  });
}
