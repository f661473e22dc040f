/** Reads `.vscode/training-pipelines.json`: comments and trailing commas allowed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { ExpectedError } from '../domain/errors';
import { configurationPath, configurationSchema, type Configuration, type Pipeline } from '../domain/pipeline';

export async function readConfiguration(workspace: string): Promise<Configuration> {
  const path = join(workspace, ...configurationPath.split('/'));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return {};
  }
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const first = errors[0];
  if (first !== undefined) throw invalid(`${printParseErrorCode(first.error)} at offset ${first.offset}`);
  const parsed = configurationSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
}

export function pipelineNamed(configuration: Configuration, name: string): Pipeline {
  const found = configuration.pipelines?.find((pipeline) => pipeline.name === name);
  if (found !== undefined) return found;
  const names = configuration.pipelines?.map((pipeline) => pipeline.name).join(', ') ?? '';
  const hint = names === '' ? `${configurationPath} has no pipelines.` : `There are: ${names}.`;
  throw new ExpectedError('usage', `There is no pipeline "${name}".`, hint);
}

const invalid = (what: string): ExpectedError =>
  new ExpectedError('usage', `${configurationPath} can't be read: ${what}.`, 'Correct the file and try again.');
