/** DOOR for the command line: the same findings as in the editor. */
import { isAbsolute, join } from 'node:path';
import { ExpectedError } from '../../runner/src/domain/errors';
import type { Finding } from '../../runner/src/domain/finding';
import { checkPackage, trainFile, type PackageReport } from './contract/checkPackage';
import { packageHasMain } from './contract/packageMarker';
import { parameterReads, type ParameterRead } from './contract/parameterReads';
import { filesOf, kindOf, realFolder, trainFolders } from './files';
import { ParsedFiles } from './python/parsedFiles';
import { Parser, ParserBroken } from './python/parser';
import type { RawFinding } from './rawFinding';
import {
  configurationProblems,
  configuredFolders,
  packageFacts,
  readWorkspace,
  shownPath,
  type WorkspaceConfiguration,
} from './workspace';

export interface CheckRequest {
  /** Absolute. */
  readonly workspace: string;
  /** Absolute folders. */
  readonly packages: readonly string[];
  /** True where the caller named the folders: they count as configured. */
  readonly configured?: boolean;
  /** The group "upload". */
  readonly upload?: boolean;
  /** Python like `"3.11"`, for packages whose configuration names none. */
  readonly python?: string;
  /** Names of parameters that a run has beside those of the configuration file. */
  readonly parameters?: readonly string[];
  /** Also what is wrong in the configuration file; by default where `configured` is not set. */
  readonly configuration?: boolean;
}

export interface Checker {
  /** Rejects with `package-invalid` where a folder has no `train.py`. Sorted by package, file and place. */
  check(request: CheckRequest, signal?: AbortSignal): Promise<Finding[]>;
  /** Absolute folders of the packages in a workspace: configured ones and those that can be told by their `train.py`. */
  discover(workspace: string, signal?: AbortSignal): Promise<string[]>;
  /** Parameters that `train.py` of a package (absolute folder) reads from its environment. */
  reads(workspace: string, folder: string): Promise<ParameterRead[]>;
}
export type { ParameterRead };

export interface CheckerOptions {
  /** The folder with the `.wasm` files: by default that of the bundle. */
  readonly wasmFolder?: string;
}

export function createChecker({ wasmFolder = __dirname }: CheckerOptions = {}): Checker {
  let loading: Promise<Parser> | undefined;
  const parser = (): Promise<Parser> => (loading ??= Parser.load(wasmFolder));
  return {
    check: async (request, signal) => new Check(request, await parser(), signal).run(),
    discover: async (workspace, signal) => discover(workspace, await parser(), signal),
    reads: async (workspace, folder) => {
      const request = { workspace, packages: [folder], configured: true };
      return new Check(request, await parser(), undefined).reads(folder);
    },
  };
}

/** Codes that keep a run from starting: what is surely wrong. */
const blockingCodes: ReadonlySet<string> = new Set([
  'syntax',
  'main-missing',
  'main-not-class',
  'main-rebound',
  'main-conditional',
  'train-missing',
  'save-missing',
  'train-signature',
  'save-signature',
  'init-signature',
  'method-async',
  'method-generator',
]);

/** Findings that refuse a run with `package-invalid`. */
export function blocking(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'error' && blockingCodes.has(finding.code));
}

class Check {
  private readonly configuration: WorkspaceConfiguration;
  private files: ParsedFiles;
  constructor(
    private readonly request: CheckRequest,
    private readonly parser: Parser,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.configuration = readWorkspace(request.workspace);
    this.files = new ParsedFiles(parser);
  }

  async run(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const folder of this.request.packages) {
      this.signal?.throwIfAborted();
      findings.push(...(await this.package(folder)));
    }
    return [...findings, ...this.configurationFindings()];
  }

  reads(folder: string): Promise<ParameterRead[]> {
    return this.retrying(() => parameterReads(this.report(this.inWorkspace(folder))));
  }

  private configurationFindings(): Finding[] {
    const { workspace, configured = false, configuration = !configured } = this.request;
    const { text } = this.configuration;
    if (!configuration || text === undefined) return [];
    return sorted(configurationProblems(workspace, text)).map((raw) => this.place(workspace, raw));
  }

  private async package(given: string): Promise<Finding[]> {
    const folder = this.inWorkspace(given);
    if (kindOf(`${folder}/${trainFile}`) !== 'file') {
      const shown = shownPath(this.request.workspace, folder);
      throw new ExpectedError('package-invalid', `${shown} has no train.py.`, 'Name a folder that holds train.py.');
    }
    const report = await this.retrying(() => this.report(folder));
    return sorted(report.findings).map((raw) => this.place(folder, raw));
  }

  /** The folder as the workspace's path names it, where only links keep the two apart. */
  private inWorkspace(folder: string): string {
    const { workspace } = this.request;
    if (!isAbsolute(shownPath(workspace, folder))) return folder;
    const shown = shownPath(realFolder(workspace), realFolder(folder));
    return isAbsolute(shown) ? folder : join(workspace, shown);
  }

  private report(folder: string): PackageReport {
    const { workspace, configured = false, upload = false, python, parameters = [] } = this.request;
    const facts = packageFacts(workspace, folder, this.configuration, configured);
    return checkPackage({
      files: filesOf(folder),
      parse: (path, text) => this.files.read(`${folder}/${path}`, text),
      configured: facts.configured,
      python: facts.python ?? python,
      parameterNames: [...facts.parameterNames, ...parameters],
      pipelines: facts.pipelines,
      upload,
      name: facts.name,
    });
  }

  /** A second time with a fresh parser, where the first one broke down. */
  private async retrying<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ParserBroken)) throw error;
      await this.parser.renew();
      this.files = new ParsedFiles(this.parser);
      return work();
    }
  }

  private place(folder: string, raw: RawFinding): Finding {
    const { code, severity, message, range } = raw;
    return {
      code,
      severity,
      message,
      file: shownPath(this.request.workspace, `${folder}/${raw.file ?? trainFile}`),
      range,
    };
  }
}

function sorted(findings: readonly RawFinding[]): RawFinding[] {
  const file = (raw: RawFinding): string => (raw.file === undefined || raw.file === trainFile ? '' : raw.file);
  return [...findings].sort(
    (a, b) =>
      compare(file(a), file(b)) ||
      a.range.start.line - b.range.start.line ||
      a.range.start.character - b.range.start.character ||
      compare(a.code, b.code),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function discover(workspace: string, parser: Parser, signal?: AbortSignal): Promise<string[]> {
  const configured = configuredFolders(workspace, readWorkspace(workspace));
  const existing = configured.filter((folder) => kindOf(`${folder}/${trainFile}`) === 'file');
  const found = (await trainFolders(workspace, signal)).filter((folder) => !existing.includes(folder));
  return [...existing, ...found.filter((folder) => isMarked(folder, parser))].sort();
}

function isMarked(folder: string, parser: Parser): boolean {
  const files = filesOf(folder);
  const text = files.readText(trainFile) ?? '';
  if (!/\bMain\b/.test(text)) return false;
  return packageHasMain(parser.open(text), files);
}
