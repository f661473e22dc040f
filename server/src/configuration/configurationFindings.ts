/** What is wrong in `.vscode/training-pipelines.json`: the `config-…` codes. Comments and trailing commas are allowed. */
import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { isExpected } from '../../../runner/src/domain/errors';
import { parseGpuRequest } from '../../../runner/src/domain/gpuRequest';
import { packageNameProblem } from '../../../runner/src/domain/packageName';
import {
  artifactsDirectory,
  saveDataAlias,
  saveTrainingData,
  artifactsDirectoryProblem,
  parameterNameProblem,
} from '../../../runner/src/domain/parameters';
import { isVersionNumber } from '../../../runner/src/domain/versionNumber';
import { pythonMinor } from '../python/stdlib';
import type { RawFinding } from '../rawFinding';
import { childOf, ConfigurationReport, itemsOf, propertiesOf, textOf } from './jsonPlace';
import { limitProblem } from './quantities';
import { checkShape } from './shape';

export interface WorkspaceView {
  /** What stands at a path that the file names: relative to the workspace with `/`, or absolute. */
  kindOf(path: string): 'file' | 'folder' | undefined;
}

export function configurationFindings(text: string, workspace: WorkspaceView): RawFinding[] {
  const report = new ConfigurationReport(text);
  const errors: ParseError[] = [];
  const root = parseTree(text.replace(/^\ufeff/, ' '), errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first !== undefined) {
    report.span(
      first.offset,
      first.length,
      'config-syntax',
      `This is no JSON: ${words(printParseErrorCode(first.error))}.`,
    );
    return report.findings;
  }
  if (root === undefined) return report.findings;
  checkShape(root, report);
  checkPackages(root, report, workspace);
  checkPipelines(root, report, workspace);
  return report.findings;
}

/** `CommaExpected` → `comma expected`. */
const words = (code: string): string => code.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

function checkPackages(root: Node, report: ConfigurationReport, workspace: WorkspaceView): void {
  const names = new Map<string, string>();
  for (const { key, name: path, value } of propertiesOf(childOf(root, 'packages'))) {
    checkFolder(key, path, report, workspace);
    const nameNode = value === undefined ? undefined : childOf(value, 'name');
    const name = textOf(nameNode);
    if (nameNode !== undefined && name !== undefined) {
      const problem = packageNameProblem(name);
      const other = names.get(name.toLowerCase());
      if (problem !== undefined) report.at(nameNode, 'config-name', `"${name}" ${problem}.`);
      else if (other !== undefined) report.at(nameNode, 'config-duplicate', `${other} has the name "${name}" already.`);
      names.set(name.toLowerCase(), path);
    }
    checkPython(value === undefined ? undefined : childOf(value, 'python'), report);
  }
}

function checkPython(node: Node | undefined, report: ConfigurationReport): void {
  const version = textOf(node);
  if (node === undefined || version === undefined) return;
  const minor = pythonMinor(version);
  if (minor === undefined)
    report.at(node, 'config-version', `"${version}" is no version of Python 3; write it like "3.11".`);
  else if (minor < 8)
    report.at(node, 'config-version', `Python ${version} is too old; 3.8 is the oldest that runs packages.`);
}

function checkFolder(node: Node, path: string, report: ConfigurationReport, workspace: WorkspaceView): void {
  const kind = path === '' ? undefined : workspace.kindOf(path);
  if (kind !== 'folder') {
    const what = kind === 'file' ? 'is a file' : "doesn't exist";
    report.at(
      node,
      'config-package',
      `${path === '' ? 'An empty path' : path} ${what}; a package is a folder with a train.py.`,
    );
  } else if (workspace.kindOf(`${path.replace(/[\\/]+$/, '')}/train.py`) !== 'file') {
    report.at(node, 'config-package', `${path} has no train.py.`);
  }
}

function checkPipelines(root: Node, report: ConfigurationReport, workspace: WorkspaceView): void {
  const names = new Set<string>();
  for (const pipeline of itemsOf(childOf(root, 'pipelines'))) {
    if (pipeline.type !== 'object') continue;
    const nameNode = childOf(pipeline, 'name');
    const name = textOf(nameNode);
    if (nameNode !== undefined && name !== undefined) {
      if (names.has(name)) report.at(nameNode, 'config-duplicate', `There is a pipeline "${name}" already.`);
      names.add(name);
    }
    checkPlaces(pipeline, report, workspace);
    checkValues(pipeline, report);
    checkParameters(pipeline, report);
  }
}

function checkPlaces(pipeline: Node, report: ConfigurationReport, workspace: WorkspaceView): void {
  const packageNode = childOf(pipeline, 'package');
  const path = textOf(packageNode);
  if (packageNode !== undefined && path !== undefined && path !== '') checkFolder(packageNode, path, report, workspace);
  const datasetNode = childOf(pipeline, 'dataset');
  const dataset = textOf(datasetNode);
  if (datasetNode === undefined) {
    const place = childOf(pipeline, 'name') ?? pipeline;
    report.at(place, 'config-dataset', 'This pipeline names no dataset; a run needs one.', 'warning');
  } else if (dataset !== undefined && workspace.kindOf(dataset) !== 'folder') {
    const what = workspace.kindOf(dataset) === 'file' ? 'is a file, no folder' : "doesn't exist";
    report.at(datasetNode, 'config-dataset', `${dataset === '' ? 'An empty path' : dataset} ${what}.`);
  }
}

function checkValues(pipeline: Node, report: ConfigurationReport): void {
  const from = childOf(pipeline, 'from');
  const version = textOf(from);
  if (from !== undefined && version !== undefined && version !== '' && !isVersionNumber(version)) {
    report.at(from, 'config-version', `"${version}" is no version; write it like "1.0".`);
  }
  const gpu = childOf(pipeline, 'gpu');
  const problem = gpu === undefined ? undefined : gpuProblem(gpu);
  if (gpu !== undefined && problem !== undefined) report.at(gpu, 'config-gpu', problem);
  checkLimits(pipeline, report);
}

function checkLimits(pipeline: Node, report: ConfigurationReport): void {
  for (const { name, value } of propertiesOf(childOf(pipeline, 'limits'))) {
    if (value === undefined || (value.type !== 'string' && value.type !== 'number')) continue;
    const wrong = limitProblem(name, value.value);
    if (wrong === undefined) continue;
    report.at(value, 'config-limit', `"${String(value.value)}" is no value for ${name}; ${wrong}.`);
  }
}

function gpuProblem({ type, value }: Node): string | undefined {
  if (type !== 'string' && type !== 'number') return undefined;
  try {
    parseGpuRequest(String(value));
    return undefined;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return `${error.message} ${error.hint}`;
  }
}

function checkParameters(pipeline: Node, report: ConfigurationReport): void {
  const properties = propertiesOf(childOf(pipeline, 'parameters'));
  for (const { key, name, value } of properties) {
    const problem = parameterNameProblem(name);
    if (problem !== undefined) report.at(key, 'config-parameter', problem);
    else if (value !== undefined) checkParameter(key, name, value, report);
  }
  const given = new Set(properties.map(({ name }) => name));
  for (const secret of itemsOf(childOf(pipeline, 'secrets'))) checkSecret(secret, given, report);
}

function checkParameter(key: Node, name: string, value: Node, report: ConfigurationReport): void {
  const text = textOf(value);
  if (name === saveDataAlias) {
    report.at(key, 'config-parameter', `${saveDataAlias} is an old name; use ${saveTrainingData}.`, 'warning');
  }
  if (text === undefined) return;
  const problem = valueProblem(name, text);
  if (problem !== undefined) report.at(value, 'config-parameter', problem);
}

function valueProblem(name: string, text: string): string | undefined {
  if (text.includes('\0')) return `The value of ${name} holds a NUL character.`;
  if (name === artifactsDirectory) return artifactsDirectoryProblem(text);
  if (name !== saveTrainingData && name !== saveDataAlias) return undefined;
  return /^(?:true|false)$/i.test(text) ? undefined : `${name} is "true" or "false".`;
}

function checkSecret(secret: Node, given: Set<string>, report: ConfigurationReport): void {
  const name = textOf(secret);
  if (name === undefined) return;
  const problem = parameterNameProblem(name);
  if (problem !== undefined) report.at(secret, 'config-parameter', problem);
  else if (given.has(name)) report.at(secret, 'config-duplicate', `${name} is given a value already.`);
  given.add(name);
}
