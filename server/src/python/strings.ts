/** String literals: their text, with the expressions of an f-string between. */
import type { SyntaxNode } from './syntaxNode';

/** Pieces of text and expressions, in order; undefined for bytes. `node` is a `string`. */
export function stringParts(node: SyntaxNode): (string | SyntaxNode)[] | undefined {
  const prefix = (node.firstOf('string_start')?.text ?? '').toLowerCase();
  if (prefix.includes('b')) return undefined;
  const raw = prefix.includes('r');
  const parts: (string | SyntaxNode)[] = [];
  for (const child of node.children) {
    if (child.type === 'string_content') parts.push(contentOf(child, raw, prefix.includes('f')));
    else if (child.type === 'interpolation') parts.push(interpolated(child));
  }
  return parts;
}

/** The text of a literal without expressions in it; undefined for others. */
export function literalText(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'string') return undefined;
  const parts = stringParts(node);
  return parts?.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

function contentOf(node: SyntaxNode, raw: boolean, formatted: boolean): string {
  const text = formatted ? node.text.replaceAll('{{', '{').replaceAll('}}', '}') : node.text;
  return raw
    ? text
    : text.replace(/\\(\r\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => escaped(code));
}

const letters: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  '\r\n': '',
};

function escaped(code: string): string {
  const plain = letters[code];
  if (plain !== undefined) return plain;
  if (/^[xu]/.test(code) && code.length > 1) return String.fromCharCode(parseInt(code.slice(1), 16));
  return /^[0-7]/.test(code) ? String.fromCharCode(parseInt(code, 8)) : `\\${code}`;
}

/** A format makes the text another one than the value's. */
function interpolated(node: SyntaxNode): SyntaxNode {
  const expression = node.child('expression');
  const plain = node.child('format_specifier') === undefined && node.child('type_conversion') === undefined;
  return plain && expression !== undefined ? expression : node;
}
