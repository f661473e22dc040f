/** Reads `.vscode/training-pipelines.json`: comments and trailing commas allowed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import * as z from 'zod';
import { ExpectedError } from '../domain/errors';
import {
  configurationPath,
  configurationSchema,
  pipelineSchema,
  type Configuration,
  type Pipeline,
} from '../domain/pipeline';

export async function readConfiguration(workspace: string): Promise<ReadConfiguration> {
  const path = join(workspace, ...configurationPath.split('/'));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return {};
  }
  const errors: ParseError[] = [];
  // Some editors on Windows begin a file with a byte-order mark.
  const json = text.replace(/^\uFEFF/, '');
  const value: unknown = parse(json, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const first = errors[0];
  if (first !== undefined) throw invalid(`${printParseErrorCode(first.error)} at offset ${first.offset}`);
  const parsed = looseSchema.safeParse(value ?? {});
  if (!parsed.success) throw invalid(wordsOf(parsed.error));
  const { pipelines = [], ...rest } = parsed.data;
  const read = pipelines.map(readPipeline);
  return {
    ...rest,
    pipelines: read.flatMap((found) => ('pipeline' in found ? [found.pipeline] : [])),
    unreadable: read.flatMap((found) => ('error' in found ? [found] : [])),
  };
}

/** A mistake in one pipeline is no reason to refuse what does not use it. */
const looseSchema = configurationSchema.extend({ pipelines: z.array(z.unknown()).optional() });
const namedSchema = z.object({ name: z.string() });

/** What the file says, without the pipelines that cannot be read, which are told by name when they are asked for. */
export interface ReadConfiguration extends Configuration {
  readonly unreadable?: readonly Unreadable[];
}

interface Unreadable {
  readonly name: string;
  readonly error: ExpectedError;
}

function readPipeline(value: unknown, i: number): { readonly pipeline: Pipeline } | Unreadable {
  const parsed = pipelineSchema.safeParse(value);
  if (parsed.success) return { pipeline: parsed.data };
  const name = namedSchema.safeParse(value).data?.name ?? '';
  return { name, error: invalid(wordsOf(parsed.error, `pipelines.${i}.`)) };
}

function wordsOf(error: z.ZodError, before = ''): string {
  const issue = error.issues[0];
  const place = `${before}${issue?.path.join('.') ?? ''}`.replace(/\.$/, '');
  return `${place === '' ? 'the file' : place}: ${issue?.message ?? 'not understood'}`;
}

export function pipelineNamed(configuration: ReadConfiguration, name: string): Pipeline {
  const found = configuration.pipelines?.find((pipeline) => pipeline.name === name);
  if (found !== undefined) return found;
  const unreadable = configuration.unreadable?.find((pipeline) => pipeline.name === name);
  if (unreadable !== undefined) throw unreadable.error;
  const names = configuration.pipelines?.map((pipeline) => pipeline.name).join(', ') ?? '';
  const hint = names === '' ? `${configurationPath} has no pipelines.` : `There are: ${names}.`;
  throw new ExpectedError('usage', `There is no pipeline "${name}".`, hint);
}

const invalid = (what: string): ExpectedError =>
  new ExpectedError('usage', `${configurationPath} can't be read: ${what}.`, 'Correct the file and try again.');
