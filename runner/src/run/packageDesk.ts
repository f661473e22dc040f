/** Packages as callers name them: publishing, listing, and what the workspace holds. */
import { stat } from 'node:fs/promises';
import type { Configuration } from '../domain/pipeline';
import type { Published, Version } from '../domain/version';
import type { OnProgress } from '../engine/engine';
import type { PackageSummary } from '../runner';
import {
  configuredFolders,
  existingFolder,
  isPackageFolder,
  locatePackage,
  type LocatedPackage,
  type Place,
} from './locatePackage';
import { absolutePath, shownPath } from './paths';
import { publishFolder, scanWorkingFolder } from './publishFolder';
import { isoTime, type Clock } from './runDocument';
import type { RunnerOptions } from './runnerOptions';
import { listVersions } from './versionOperations';
import { readConfiguration } from './workspaceConfiguration';
import { ExpectedError } from '../domain/errors';
import type { Finding } from '../domain/finding';
import type { Warning } from '../domain/run';

export class PackageDesk {
  constructor(
    private readonly options: RunnerOptions,
    private readonly clock: Clock,
  ) {}

  async place(currentFolder: string): Promise<Place> {
    const { workspace, store } = this.options;
    const configuration = await readConfiguration(workspace);
    const discover = (): Promise<string[]> => this.folders(configuration);
    return { workspace, currentFolder, configuration, versions: store.versions, discover };
  }

  /** Every package folder of the workspace, configured or found. */
  async folders(configuration: Configuration): Promise<string[]> {
    const { workspace, check } = this.options;
    const candidates = [...configuredFolders(workspace, configuration), ...(await check.discover(workspace))];
    const real = await Promise.all(candidates.map((folder) => existingFolder(folder)));
    const found = [...new Set(real.filter((folder) => folder !== undefined))];
    const isPackage = await Promise.all(found.map((folder) => isPackageFolder(folder)));
    return found.filter((_, i) => isPackage[i]);
  }

  async publish(
    target: { readonly package?: string; readonly name?: string; readonly currentFolder: string },
    onProgress: OnProgress,
    signal?: AbortSignal,
  ): Promise<Published> {
    const { workspace, store } = this.options;
    const { name, folder } = await this.locate(target);
    const scanned = await scanWorkingFolder(folder, signal);
    const findings = await this.options.check.findings(workspace, folder);
    await store.versions.claim(name, shownPath(workspace, folder));
    const createdAt = isoTime(this.clock.now());
    const published = await publishFolder(store, name, scanned, { createdAt, onProgress, signal });
    const path = shownPath(workspace, store.versions.zipPath(name, published.version));
    return {
      package: name,
      version: published.version,
      created: published.created,
      path,
      contentHash: published.tree,
      warnings: [...published.warnings, ...findings.map(warningOf)],
    };
  }

  private async locate(target: { readonly package?: string; readonly name?: string; readonly currentFolder: string }) {
    const located: LocatedPackage = await locatePackage(
      await this.place(target.currentFolder),
      target.package,
      target.name,
    );
    if (located.folder !== null) return { name: located.name, folder: located.folder };
    const message = `${located.name} has no working folder, so there is nothing to publish.`;
    throw new ExpectedError('package-invalid', message, 'Give the folder that holds train.py.');
  }

  /** The working folder of a package by its name; absolute, null where there is none. */
  async folderOf(name: string): Promise<string | null> {
    const found = (await this.summaries()).find((one) => one.name === name)?.folder ?? null;
    return found === null ? null : absolutePath(this.options.workspace, found);
  }

  async versions(wanted: string | undefined, currentFolder: string): Promise<Version[]> {
    const context = { workspace: this.options.workspace, store: this.options.store, clock: this.clock };
    if (wanted === undefined) return listVersions(context);
    const located = await locatePackage(await this.place(currentFolder), wanted);
    return listVersions(context, located.name);
  }

  async summaries(): Promise<PackageSummary[]> {
    const { workspace, store } = this.options;
    const place = await this.place(workspace);
    const summaries = new Map<string, PackageSummary>();
    for (const { name, folder } of await store.versions.packages()) {
      const there = folder === null ? false : await isFolder(absolutePath(workspace, folder));
      summaries.set(name, { name, folder: there ? folder : null, versions: await store.versions.numbers(name) });
    }
    for (const folder of await place.discover()) {
      const located = await locatePackage(place, folder).catch(() => undefined);
      if (located === undefined || summaries.has(located.name)) continue;
      summaries.set(located.name, { name: located.name, folder: shownPath(workspace, folder), versions: [] });
    }
    return [...summaries.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** A finding that keeps nothing from being published. */
export const warningOf = (finding: Finding): Warning => ({
  code: finding.code,
  message: `${finding.file}:${finding.range.start.line + 1}: ${finding.message}`,
});
