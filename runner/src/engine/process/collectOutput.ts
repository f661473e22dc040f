/**
 * Brings what a local run left into the staging folder. It can be done again after a crash: files are linked, not
 * moved. Links stay links (those to an absolute place inside the package point to its new place); what is neither file,
 * folder nor link, or has a name that is no text, is left out with a warning.
 */
import { constants, type Dirent } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ExpectedError } from '../../domain/errors';
import type { CompletionRecord } from '../../domain/completionRecord';
import type { Warning } from '../../domain/run';
import { printable } from '../../domain/printable';
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
  (record?.skipped ?? []).map(({ path, reason }) => ({
    code: 'output-skipped',
    message: `${path === '' ? 'The package' : path} is not kept: ${reason}.`,
  }));

/** Names what lies in the package as the training code does. */
const skipped = (path: string, reason: string): Warning => ({
  code: 'output-skipped',
  message: `${printable(path.replace(/^package\//, ''))} ${reason}; it is not kept.`,
});

/** How many entries of a folder are handled at a time. */
const atOnce = 64;
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
    const entries = await readdir(source, { encoding: 'buffer', withFileTypes: true });
    for (let at = 0; at < entries.length; at += atOnce) {
      this.options.signal?.throwIfAborted();
      const some = entries.slice(at, at + atOnce);
      const below = await Promise.all(some.map((entry) => this.entry(source, entry, target, shown)));
      // One after another, or a deep tree would be open all at once.
      for (const folder of below) if (folder !== undefined) await this.folder(...folder);
    }
  }

  /** Brings one entry; a folder is only named, as the arguments of `folder`. */
  private async entry(
    folder: Buffer,
    entry: Dirent<Buffer>,
    target: string,
    shown: string,
  ): Promise<Parameters<Collector['folder']> | undefined> {
    const text = entry.name.toString('utf8');
    const place = `${shown}/${text}`;
    if (!Buffer.from(text, 'utf8').equals(entry.name)) {
      this.warnings.push(skipped(place, 'has a name that is not UTF-8'));
      return undefined;
    }
    const source = Buffer.concat([folder, slash, entry.name]);
    // Some file systems do not tell the kind with the name.
    const known = entry.isDirectory() || entry.isFile() || entry.isSymbolicLink();
    const found = known ? entry : await lstat(source);
    if (found.isDirectory()) return [source, join(target, text), place];
    if (found.isFile()) await this.file(source, join(target, text));
    else if (found.isSymbolicLink()) await this.link(source, join(target, text), place);
    else this.warnings.push(skipped(place, 'is neither a file nor a folder'));
    return undefined;
  }

  private async file(source: Buffer, target: string): Promise<void> {
    this.files += 1;
    if (this.files % 1000 === 0)
      this.options.onProgress({ text: 'collecting output', done: this.files, unit: 'files' });
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
      this.warnings.push(skipped(shown, 'is a link to a name that is not UTF-8'));
      return;
    }
    const moved = this.moved(text, target);
    // Links of the package are looked at when it is packed; artifacts stay as they are.
    if (shown.startsWith('artifacts/') && !isInside(resolve(dirname(target), moved), join(this.staging, 'artifacts'))) {
      this.warnings.push(skipped(shown, `is a link to ${printable(text)}, outside the artifacts`));
      return;
    }
    await symlink(moved, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') this.warnings.push(skipped(shown, `is a link to ${printable(text)}`));
    });
  }

  private moved(to: string, target: string): string {
    if (to !== this.original && !to.startsWith(this.original + sep)) return to;
    return relative(dirname(target), join(this.staging, 'package', relative(this.original, to))) || '.';
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
