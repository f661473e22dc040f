/** The parameters of a run: environment variables that `train.py` reads, all of them text. */
import * as z from 'zod';
import { ExpectedError } from './errors';

export const artifactsDirectory = 'artifacts_directory';
export const saveTrainingData = 'save_training_data';
/** Accepted for `save_training_data`, with the warning `parameter-alias`. */
export const saveDataAlias = 'save_data';

export const defaultParameters: Readonly<Record<string, string>> = {
  [artifactsDirectory]: 'artifacts',
  [saveTrainingData]: 'false',
};

export const parametersSchema = z.record(z.string(), z.string());
export type Parameters = Readonly<Record<string, string>>;

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reservedPrefix = 'TRAINING_PIPELINES_';

/** Why `name` cannot be a parameter's name, or undefined where it can. Fit to show at a field. */
export function parameterNameProblem(name: string): string | undefined {
  if (name === '') return 'A parameter needs a name.';
  if (/\s/.test(name)) return 'No spaces in a name.';
  if (/^[0-9]/.test(name)) return 'A name does not start with a digit.';
  if (!namePattern.test(name)) return 'A name holds letters, digits and "_" only.';
  if (name.toUpperCase().startsWith(reservedPrefix)) return `Names that start with ${reservedPrefix} are reserved.`;
  return undefined;
}

/** Why `value` cannot be the artifacts directory, or undefined. The folder must lie inside the package and not be it. */
export function artifactsDirectoryProblem(value: string): string | undefined {
  if (value === '') return 'The artifacts directory is empty. Use a folder inside the package.';
  if (/^[/\\]/.test(value) || /^[A-Za-z]:/.test(value)) {
    return `"${value}" is an absolute path. Use a folder inside the package.`;
  }
  const parts = value.split(/[/\\]+/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return `"${value}" holds "..". Use a folder inside the package.`;
  if (parts.length === 0) return `"${value}" is the package itself. Use a folder inside it.`;
  if (value.includes('\\')) return `"${value}" holds a backslash. Use "/" between folders.`;
  if (hasControlCharacter(value)) return 'The artifacts directory holds a control character.';
  if (parts.some((part) => utf8Length(part) > longestName) || utf8Length(value) > longestPath) {
    return 'Its name is longer than file systems allow.';
  }
  return undefined;
}

/** The artifacts directory as a path relative to the package: `./out//a/` becomes `out/a`. */
export function normalArtifactsDirectory(value: string): string {
  return value
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

export interface ResolvedParameters {
  /** Everything that the run sees, defaults and secrets included (secrets as given). */
  readonly values: Parameters;
  readonly saveTrainingData: boolean;
  /** Relative to the package, normalised. */
  readonly artifactsDirectory: string;
  /** True where `save_data` decided. */
  readonly aliasUsed: boolean;
}

/** Checks names and values and adds the defaults; throws `parameter-invalid`. */
export function resolveParameters(given: Parameters): ResolvedParameters {
  checkNamesAndText(given);
  const aliasUsed = saveDataAlias in given && !(saveTrainingData in given);
  const saveName = aliasUsed ? saveDataAlias : saveTrainingData;
  const all = { ...defaultParameters, ...given };
  const save = flagValue(saveName, all[saveName]);
  const folder = all[artifactsDirectory] ?? '';
  const problem = artifactsDirectoryProblem(folder);
  if (problem !== undefined) throw invalid(`artifacts_directory can't be used. ${problem}`);
  return {
    values: { ...all, [saveTrainingData]: String(save) },
    saveTrainingData: save,
    artifactsDirectory: normalArtifactsDirectory(folder),
    aliasUsed,
  };
}

function checkNamesAndText(given: Parameters): void {
  for (const [name, value] of Object.entries(given)) {
    const problem = parameterNameProblem(name);
    if (problem !== undefined) throw invalid(`The parameter "${name}" can't be used. ${problem}`);
    if (value.includes('\0')) throw invalid(`The value of ${name} holds a NUL character.`);
    // `NAME=VALUE` and its end: Linux takes no more in one piece.
    if (utf8Length(name) + utf8Length(value) + 2 > longestVariable) {
      throw invalid(`The value of ${name} is longer than 128 KiB, which no environment variable can hold.`);
    }
  }
}

function flagValue(name: string, text = ''): boolean {
  const value = text.toLowerCase();
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(`${name} is "${text}". It is "true" or "false".`);
}

const invalid = (message: string): ExpectedError =>
  new ExpectedError('parameter-invalid', message, 'Correct it and run again.');

const longestName = 255;
/** What lies below it needs room too. */
const longestPath = 1024;
const longestVariable = 128 * 1024;

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

const hasControlCharacter = (text: string): boolean =>
  [...text].some((character) => character < ' ' || character === '\u007f');
