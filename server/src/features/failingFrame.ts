/** The line at which the last run failed: as a finding in the file, and as a place to go to. */
import type { Location } from 'vscode-languageserver';
import type { RunFacts } from '../protocol';
import type { RawFinding } from '../rawFinding';
import { SourceText } from '../sourceText';
import type { FeatureContext } from './context';

interface Frame {
  readonly file: string;
  /** One-based. */
  readonly line: number;
  readonly text?: string | null | undefined;
}

/** The innermost frame that lies in the package. */
export function failingFrame(run: RunFacts | undefined): Frame | undefined {
  if (run?.state !== 'Failed') return undefined;
  return run.cause?.traceback.filter(({ file }) => isOfPackage(file)).at(-1);
}

function isOfPackage(file: string): boolean {
  return !/^(?:[\\/]|[A-Za-z]:[\\/]|<)/.test(file) && !file.startsWith('../');
}

/** Where the last run of the package failed, for "go to the failing line". */
export function failingLocation(context: FeatureContext): Location | undefined {
  const frame = failingFrame(context.runs[0]);
  const text = frame === undefined ? undefined : textOf(context, frame.file);
  if (frame === undefined || text === undefined) return undefined;
  const source = new SourceText(text);
  return { uri: context.uriOf(frame.file), range: lineRange(source, lineOf(source, frame)) };
}

/** `run-error`: said only while the line still reads as it did when the run failed. */
export function runErrors(context: FeatureContext): RawFinding[] {
  const [run] = context.runs;
  const frame = failingFrame(run);
  if (run === undefined || run.cause === null || frame?.file !== context.path) return [];
  const line = lineOf(context.source, frame);
  if (!sameText(context.source, line, frame)) return [];
  const outer = run.cause.traceback.filter((one) => isOfPackage(one.file) && one !== frame);
  return [
    {
      code: 'run-error',
      severity: 'error',
      message: run.cause.message,
      range: lineRange(context.source, line),
      file: context.path,
      related: outer.map((one) => ({
        file: one.file,
        range: lineRange(new SourceText(textOf(context, one.file) ?? ''), one.line - 1),
        message: `called from ${one.file}:${one.line}`,
      })),
      data: { name: run.id },
    },
  ];
}

function textOf(context: FeatureContext, file: string): string | undefined {
  return file === context.path ? context.source.text : context.readText(file);
}

const searched = 30;

/** The line of the frame, or the nearest one that reads the same where lines were added or taken away above it. */
function lineOf(source: SourceText, frame: Frame): number {
  const wanted = frame.line - 1;
  for (let distance = 0; distance <= searched; distance++) {
    for (const line of [wanted - distance, wanted + distance])
      if (line >= 0 && sameText(source, line, frame)) return line;
  }
  return wanted;
}

function sameText(source: SourceText, line: number, { text }: Frame): boolean {
  if (text === undefined || text === null || text.trim() === '') return line < source.lineCount;
  return source.text.slice(source.lineStart(line), source.lineStart(line + 1)).trim() === text.trim();
}

/** The line without the white space around it. */
function lineRange(source: SourceText, line: number): RawFinding['range'] {
  const start = source.lineStart(line);
  const text = source.text.slice(start, source.lineStart(line + 1));
  const indent = text.length - text.trimStart().length;
  return source.range(start + indent, Math.max(start + indent, start + text.trimEnd().length));
}
