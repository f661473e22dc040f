/** Everything that is said about one package: its files in, findings out. */
import type { Pipeline } from '../../../runner/src/domain/pipeline';
import { ModuleModel, PackageModules, type PackageFiles, type ParsedFile } from '../python/modules';
import { Resolver } from '../python/resolve';
import { pythonMinor } from '../python/stdlib';
import type { RawFinding } from '../rawFinding';
import { SourceText } from '../sourceText';
import { Values } from '../python/values';
import { absolutePaths } from './absolutePaths';
import { FileRules } from './fileRules';
import { importedModules, importRules } from './importRules';
import { importTimeWork } from './importTimeWork';
import { parameterRules } from './parameterRules';
import { requiredNames } from './requiredNames';
import { uploadFindings } from '../upload/uploadFindings';
import { requirementFindings } from '../requirements/requirementFindings';
import { judgeMain, type Candidate } from './mainBinding';
import { judgeMethods } from './methodRules';
import { packageHasMain } from './packageMarker';
import { errorOf, type Subject } from './subject';

export interface PackageInput {
  readonly files: PackageFiles;
  readonly parse: (path: string, text: string) => ParsedFile;
  /** A configured package must have a Main; any other `train.py` without one is none of our business. */
  readonly configured: boolean;
  /** `"3.11"` */
  readonly python: string | undefined;
  /** Names of parameters that a run has. */
  readonly parameterNames: readonly string[];
  /** Pipelines that run the package. */
  readonly pipelines: readonly Pipeline[];
  readonly upload: boolean;
  /** The name under which it is published. */
  readonly name: string;
}

export interface PackageReport {
  /** False for a `train.py` that is no package: nothing is said then. */
  readonly isPackage: boolean;
  readonly findings: readonly RawFinding[];
  /** What Main is; undefined where that is not known for sure. */
  readonly main: Candidate | undefined;
  readonly train: ModuleModel | undefined;
  readonly modules: PackageModules;
}

export const trainFile = 'train.py';

export function checkPackage(input: PackageInput): PackageReport {
  const modules = new PackageModules(input.files, input.parse);
  const none = { isPackage: false, findings: [], main: undefined, train: undefined, modules };
  const text = input.files.readText(trainFile);
  if (text === undefined) return none;
  const file = input.parse(trainFile, text);
  if (!input.configured && !packageHasMain(file, input.files)) return none;
  const unreadable = refusedFile(trainFile, file, input.python);
  const requirements = requirementFindings(input.files, input.python);
  if (unreadable !== undefined) return { ...none, isPackage: true, findings: [unreadable, ...requirements] };
  const train = new ModuleModel(trainFile, 'train', file);
  const subject: Subject = { train, resolver: new Resolver(modules) };
  const verdict = judgeMain(subject);
  const [first, ...others] = verdict.candidates;
  const main = others.length === 0 ? first : undefined;
  const methods = verdict.candidates.map((candidate) => judgeMethods(candidate, subject));
  // Which of several classes it is depends on the run; only what fails either way is said.
  const surely = methods.every((found) => found.length > 0) ? methods.flat() : [];
  const findings = [
    ...verdict.findings,
    ...surely,
    ...warnings(input, subject, main),
    ...brokenModules(train, modules, input.python),
    ...requirements,
  ];
  return { isPackage: true, findings, main, train, modules };
}

function warnings(input: PackageInput, subject: Subject, main: Candidate | undefined): RawFinding[] {
  const values = new Values(subject.resolver);
  const { modules } = subject.resolver;
  const required = requiredNames(input.files);
  return [
    ...(main === undefined ? [] : mainWarnings(input, subject, main, values)),
    ...absolutePaths(subject),
    ...parameterRules(subject, values, input.parameterNames, main?.cls),
    ...importRules(subject, { modules, values, python: input.python, required }),
    ...(input.upload ? uploadFindings({ subject, main, name: input.name }) : []),
  ];
}

function mainWarnings(input: PackageInput, subject: Subject, main: Candidate, values: Values): RawFinding[] {
  const files = new FileRules(main, subject, values);
  const mainFile = subject.resolver.modules.find(['main']);
  return [
    ...importTimeWork(main, subject),
    ...files.missing(),
    ...files.datasetWritten(input.pipelines),
    ...files.saveUnread(mainFile.kind === 'module' && mainFile.module.path === 'main.py' ? mainFile.module : undefined),
  ];
}

/** Modules of the package that train.py imports, themselves or through others, and that Python refuses. */
function brokenModules(train: ModuleModel, modules: PackageModules, python: string | undefined): RawFinding[] {
  const findings = new Map<string, RawFinding>();
  const seen = new Set<string>([train.path]);
  const queue = [train];
  for (let module = queue.pop(); module !== undefined; module = queue.pop()) {
    for (const found of importedModules(module, modules)) {
      const path = found.kind === 'module' ? found.module.path : found.path;
      if (seen.has(path)) continue;
      seen.add(path);
      if (found.kind === 'module') queue.push(found.module);
      const file = found.kind === 'module' ? found.module.file : found.file;
      const problem = file !== undefined ? refusedFile(path, file, python) : undefined;
      if (problem !== undefined) findings.set(path, problem);
    }
  }
  return [...findings.values()];
}

/** `syntax` or `file-skipped`, for a file that can't be looked at. `python`: the version that runs it, where that is known. */
export function refusedFile(path: string, file: ParsedFile, python: string | undefined): RawFinding | undefined {
  const source = new SourceText(file.text);
  if (file.refusal !== undefined) return skipped(path, file.refusal);
  const say = (message: string, { start, end }: { start: number; end: number }): RawFinding => ({
    ...errorOf('syntax', message),
    range: source.range(start, end),
    file: path,
  });
  if (file.problem !== undefined) {
    return say(`A run imports ${path}; Python refuses it: ${file.problem.message}.`, file.problem);
  }
  const minor = pythonMinor(python);
  const news = minor === undefined ? undefined : file.tooNew(minor);
  return (
    news && say(`A run uses Python ${python}, which can't read this: ${news.what} came with 3.${news.minor}.`, news)
  );
}

const reasons = {
  'too-large': 'is larger than 2 MB',
  'too-slow': 'takes too long to read',
  binary: 'holds binary content',
} as const;

function skipped(path: string, reason: keyof typeof reasons): RawFinding {
  const zero = { line: 0, character: 0 };
  const message = `${path} ${reasons[reason]}, so it is not checked.`;
  return { code: 'file-skipped', severity: 'information', message, range: { start: zero, end: zero }, file: path };
}
