/** The key of an environment variable under the cursor, also in code that is only half typed. */

export interface EnvironmentKey {
  /** Offsets of the key, without quotes. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The quote that opens it; "" where it has not been typed yet. */
  readonly quote: string;
  /** False where the quote that closes it is not there yet. */
  readonly closed: boolean;
}

const before =
  /(?:\benviron\s*\[\s*|\benviron\s*\.\s*(?:get|pop|setdefault)\s*\(\s*|\bgetenv\s*\(\s*)(?:[rRuU]?(["'])([A-Za-z0-9_]*)|)$/;

export function keyAt(text: string, offset: number): EnvironmentKey | undefined {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  const match = before.exec(text.slice(lineStart, offset));
  if (match === null) return membership(text, lineStart, offset);
  const [, quote = '', typed = ''] = match;
  const rest = /^[A-Za-z0-9_]*/.exec(text.slice(offset))?.[0] ?? '';
  const start = offset - typed.length;
  const end = quote === '' ? offset : offset + rest.length;
  return { start, end, text: text.slice(start, end), quote, closed: quote !== '' && text[end] === quote };
}

/** `"key" in os.environ` */
function membership(text: string, lineStart: number, offset: number): EnvironmentKey | undefined {
  const line = text.slice(lineStart, lineStart + 2000);
  const quoted = /(["'])([A-Za-z0-9_]*)\1(?=\s+(?:not\s+)?in\s+(?:os\s*\.\s*)?environ\b)/g;
  for (const match of line.matchAll(quoted)) {
    const start = lineStart + match.index + 1;
    const [, quote = '', key = ''] = match;
    const end = start + key.length;
    if (start <= offset && offset <= end) return { start, end, text: key, quote, closed: true };
  }
  return undefined;
}
