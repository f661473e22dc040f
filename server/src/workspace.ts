/** A workspace's configuration file, read leniently: what can't be understood is as if it were not there. */
import { parse } from 'jsonc-parser';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  configurationPath,
  packageSettingsSchema,
  pipelineSchema,
  type PackageSettings,
  type Pipeline,
} from '../../runner/src/domain/pipeline';
import { defaultParameters } from '../../runner/src/domain/parameters';
import { configurationFindings } from './configuration/configurationFindings';
import type { PackageFacts } from './features/context';
import type { OpenText } from './files';
import { kindOf, readText } from './files';
import type { RawFinding } from './rawFinding';

export interface WorkspaceConfiguration {
  readonly text: string | undefined;
  readonly packages: ReadonlyMap<string, PackageSettings>;
  readonly pipelines: readonly Pipeline[];
}

export function configurationFile(workspace: string): string {
  return join(workspace, ...configurationPath.split('/'));
}

export function readWorkspace(workspace: string, openText: OpenText = () => undefined): WorkspaceConfiguration {
  const path = configurationFile(workspace);
  const text = openText(path) ?? readText(path);
  const value: unknown = text === undefined ? undefined : parse(text, [], { allowTrailingComma: true });
  const { packages, pipelines } = isRecord(value) ? value : {};
  return {
    text,
    packages: new Map(
      Object.entries(isRecord(packages) ? packages : {}).map(([key, one]) => [
        resolve(workspace, key),
        settingsOf(one),
      ]),
    ),
    pipelines: (Array.isArray(pipelines) ? pipelines : []).flatMap((one: unknown) => {
      const parsed = pipelineSchema.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    }),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function settingsOf(value: unknown): PackageSettings {
  const parsed = packageSettingsSchema.safeParse(value);
  return parsed.success ? parsed.data : {};
}

/** Absolute folders of configured packages. */
export function configuredFolders(workspace: string, configuration: WorkspaceConfiguration): string[] {
  const named = configuration.pipelines.map((pipeline) => resolve(workspace, pipeline.package));
  return [...new Set([...configuration.packages.keys(), ...named])];
}

export function packageFacts(
  workspace: string,
  folder: string,
  configuration: WorkspaceConfiguration,
  marked: boolean,
): PackageFacts {
  const settings = configuration.packages.get(folder);
  const pipelines = configuration.pipelines.filter((pipeline) => resolve(workspace, pipeline.package) === folder);
  const names = pipelines.flatMap((pipeline) => [
    ...Object.keys(pipeline.parameters ?? {}),
    ...(pipeline.secrets ?? []),
  ]);
  return {
    folder,
    shown: shownPath(workspace, folder),
    name: settings?.name ?? basename(folder),
    configured: marked || settings !== undefined || pipelines.length > 0,
    python: settings?.python,
    pipelines,
    parameterNames: [...new Set([...Object.keys(defaultParameters), ...names])],
  };
}

/** Relative to the workspace with `/`, absolute outside of it. */
export function shownPath(workspace: string, path: string): string {
  const shown = relative(workspace, path);
  if (shown === '') return '.';
  const outside = shown === '..' || shown.startsWith(`..${sep}`) || isAbsolute(shown);
  return outside ? path : shown.split(sep).join('/');
}

/** What is wrong in the configuration file; `file` of each is its path in the workspace. */
export function configurationProblems(workspace: string, text: string): RawFinding[] {
  const found = configurationFindings(text, { kindOf: (path) => kindOf(resolve(workspace, path)) });
  return found.map((finding) => ({ ...finding, file: configurationPath }));
}
