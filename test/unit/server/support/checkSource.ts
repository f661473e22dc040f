/** `check(source)`: findings of a package are held against marks in the Python snippet itself. */
import { expect } from 'vitest';
import { checkPackage, type PackageInput } from '../../../../server/src/contract/checkPackage';
import type { PackageFiles } from '../../../../server/src/python/modules';
import { ParsedFiles } from '../../../../server/src/python/parsedFiles';
import { Parser } from '../../../../server/src/python/parser';
import type { RawFinding } from '../../../../server/src/rawFinding';

export interface Surroundings extends Partial<Omit<PackageInput, 'files' | 'parse'>> {
  /** Other files of the package, marked like train.py; `null` is a folder. */
  readonly files?: Readonly<Record<string, string>>;
}

export const parser = await Parser.load(process.cwd());

export interface Marked {
  readonly text: string;
  /** `line:from-to code`, or `line:from code` where the range ends on a later line. */
  readonly expected: string[];
}

/**
 * A line of `~~~ code` belongs to the line above it and marks the columns of a finding; `~~> code` one that goes on below;
 * `^ code` one at 0:0 of the file. These lines are not part of the text.
 */
export function unmark(marked: string): Marked {
  const lines: string[] = [];
  const expected: string[] = [];
  for (const line of dedent(marked).split('\n')) {
    const mark = /^(\s*)(~+>?|\^)\s+([a-z-]+)\s*$/.exec(line);
    if (mark === null) {
      lines.push(line);
      continue;
    }
    const [, indent = '', sign = '', code = ''] = mark;
    const at = `${lines.length - 1}:${indent.length}`;
    if (sign === '^') expected.push(`0:0-0 ${code}`);
    else expected.push(sign.endsWith('>') ? `${at} ${code}` : `${at}-${indent.length + sign.length} ${code}`);
  }
  return { text: lines.join('\n'), expected };
}

function dedent(text: string): string {
  const lines = text
    .replace(/^\n/, '')
    .replace(/\n[ ]*$/, '\n')
    .split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const least = Math.min(...indents);
  return lines.map((line) => line.slice(least)).join('\n');
}

export function shown(finding: RawFinding): string {
  const { start, end } = finding.range;
  const to = start.line === end.line ? `-${end.character}` : '';
  return `${start.line}:${start.character}${to} ${finding.code}`;
}

/** The findings of a package whose train.py is `source` (marks allowed), without holding them against anything. */
export function findingsOf(source: string, around: Surroundings = {}): readonly RawFinding[] {
  const texts = { 'train.py': source, ...around.files };
  const files = memoryFiles(Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, unmark(text).text])));
  const parsed = new ParsedFiles(parser);
  return checkPackage({
    configured: true,
    python: undefined,
    parameterNames: ['artifacts_directory', 'save_training_data'],
    pipelines: [],
    upload: false,
    name: 'digits',
    ...around,
    files,
    parse: (path, text) => parsed.read(path, text),
  }).findings;
}

export function check(source: string, around: Surroundings = {}): void {
  const texts: Record<string, string> = { 'train.py': source, ...around.files };
  const expected = Object.entries(texts).flatMap(([path, text]) =>
    unmark(text).expected.map((one) => `${path} ${one}`),
  );
  const actual = findingsOf(source, around).map((finding) => `${finding.file ?? 'train.py'} ${shown(finding)}`);
  expect([...actual].sort()).toEqual([...expected].sort());
}

export function memoryFiles(texts: Readonly<Record<string, string>>): PackageFiles {
  const paths = Object.keys(texts);
  const isFolder = (path: string): boolean => path === '' || paths.some((one) => one.startsWith(`${path}/`));
  return {
    readText: (path) => texts[path],
    isFile: (path) => path in texts && !path.endsWith('/'),
    isFolder,
    list: (path) => {
      const inside = paths.filter((one) => path === '' || one.startsWith(`${path}/`));
      const names = inside.map((one) => one.slice(path === '' ? 0 : path.length + 1).split('/')[0] ?? '');
      return [...new Set(names)].filter((name) => name !== '');
    },
  };
}
