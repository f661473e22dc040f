/** `files.exclude`: patterns like glob patterns by name, true or false. */
import * as z from 'zod';

export const excludeSchema = z.record(z.string(), z.unknown());

/** Tells whether a path, relative to its workspace folder and with `/`, is excluded: itself or a folder around it. */
export function excluder(patterns: Readonly<Record<string, unknown>>): (path: string) => boolean {
  const expressions = Object.entries(patterns).flatMap(([pattern, on]) => (on === true ? [expressionOf(pattern)] : []));
  return (path) => {
    const parts = path.split('/');
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    return expressions.some((expression) => paths.some((one) => expression.test(one)));
  };
}

function expressionOf(glob: string): RegExp {
  const text = glob.replace(/^\/+|\/+$/g, '').replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('{') && part.length > 1) return alternatives(part.slice(1, -1));
    return `\\${part}`;
  });
  return new RegExp(`^${text}$`);
}

const alternatives = (list: string): string =>
  `(?:${list
    .split(',')
    .map((one) => expressionOf(one).source.slice(1, -1))
    .join('|')})`;
