/**
 * Brings what a local run left into the staging folder. It can be done again after a crash: files are linked, not
 * moved. Links stay links (those to an absolute place inside the package point to its new place); what is neither file,
 * folder nor link, or has a name that is no text, is left out with a warning.
 */
import { constants } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ExpectedError } from '../../domain/errors';
import type { CompletionRecord } from '../../domain/completionRecord';
import type { Warning } from '../../domain/run';
import type { OnProgress } from '../engine';
import { exists } from './supervisorState';

export interface CollectOptions {
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** `original`: the package's folder during the run. */
export async function collectOutput(
  out: string,
  original: string,
  staging: string,
  options: CollectOptions,
): Promise<readonly Warning[]> {
  const collector = new Collector(options, original, staging);
  for (const name of ['package', 'artifacts']) {
    if (await exists(join(out, name))) await collector.folder(Buffer.from(join(out, name)), join(staging, name), name);
  }
  return collector.warnings;
}

export const skippedByHarness = (record: CompletionRecord | undefined): Warning[] =>
  (record?.skipped ?? []).map(({ path, reason }) => skipped(path, reason));

const skipped = (path: string, reason: string): Warning => ({
  code: 'output-skipped',
  message: `Left out of the output: ${path === '' ? 'the package' : path} (${reason}).`,
});

const slash = Buffer.from('/');

class Collector {
  readonly warnings: Warning[] = [];
  private files = 0;

  constructor(
    private readonly options: CollectOptions,
    private readonly original: string,
    private readonly staging: string,
  ) {}

  async folder(source: Buffer, target: string, shown: string): Promise<void> {
    this.options.signal?.throwIfAborted();
    await mkdir(target, { recursive: true });
    const names = await readdir(source, { encoding: 'buffer' });
    for (const name of names) {
      const text = name.toString('utf8');
      if (!Buffer.from(text, 'utf8').equals(name)) {
        this.warnings.push(skipped(`${shown}/${text}`, 'its name is not UTF-8'));
        continue;
      }
      await this.entry(Buffer.concat([source, slash, name]), join(target, text), `${shown}/${text}`);
    }
  }

  private async entry(source: Buffer, target: string, shown: string): Promise<void> {
    const found = await lstat(source);
    if (found.isDirectory()) return this.folder(source, target, shown);
    if (found.isFile()) return this.file(source, target, found.mode);
    if (found.isSymbolicLink()) return this.link(source, target, shown);
    this.warnings.push(skipped(shown, 'it is neither a file nor a folder'));
  }

  private async file(source: Buffer, target: string, mode: number): Promise<void> {
    this.files += 1;
    if (this.files % 1000 === 0)
      this.options.onProgress({ text: 'collecting output', done: this.files, unit: 'files' });
    if ((mode & 0o400) === 0) await chmod(source, mode | 0o600).catch(() => undefined);
    await link(source, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      // Another file system, one without links, or too many links.
      await copyFile(source, target, constants.COPYFILE_FICLONE).catch((second: NodeJS.ErrnoException) => {
        if (second.code !== 'ENOSPC' && second.code !== 'EDQUOT') throw second;
        throw new ExpectedError(
          'disk-full',
          'The disk is full: the output cannot be collected.',
          'Make room and attach to the run.',
          { cause: second },
        );
      });
    });
  }

  private async link(source: Buffer, target: string, shown: string): Promise<void> {
    const to = await readlink(source, { encoding: 'buffer' });
    const text = to.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(to)) {
      this.warnings.push(skipped(shown, 'it is a link to a name that is not UTF-8'));
      return;
    }
    await symlink(this.moved(text, target), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') this.warnings.push(skipped(shown, `it is a link to ${text}`));
    });
  }

  private moved(to: string, target: string): string {
    if (to !== this.original && !to.startsWith(this.original + sep)) return to;
    return relative(dirname(target), join(this.staging, 'package', relative(this.original, to))) || '.';
  }
}
