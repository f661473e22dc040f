/** The text of a log line: colours, and the package's own lines as links. */
import { ansiSpans } from './ansi';
import { h } from './dom';

export type OpenLine = (file: string, line: number) => void;

/** `File "…/train.py", line 38` of tracebacks, and `train.py:38` of warnings and linters. */
const place = /File "([^"\n]+)", line (\d+)|((?:[\w.@+-]+\/|\/)*[\w.@+-]+\.py):(\d+)/g;
const longest = 20_000;

export function logText(text: string, packageFiles: ReadonlySet<string>, open: OpenLine): (string | HTMLElement)[] {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  const spans = ansiSpans(shown);
  if (packageFiles.size === 0 || !shown.includes('.py')) return spans;
  return spans.flatMap((span) => {
    if (typeof span === 'string') return withLinks(span, packageFiles, open);
    span.replaceChildren(...withLinks(span.textContent, packageFiles, open));
    return [span];
  });
}

function withLinks(text: string, files: ReadonlySet<string>, open: OpenLine): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let end = 0;
  for (const match of text.matchAll(place)) {
    const path = match[1] ?? match[3] ?? '';
    const line = Number(match[2] ?? match[4]);
    const file = ownFile(path, files);
    if (file === undefined) continue;
    const shown = match[1] === undefined ? match[0] : path;
    const start = match.index + match[0].indexOf(shown);
    parts.push(text.slice(end, start), linkTo(shown, file, line, open));
    end = start + shown.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** Containers and local runs have the package in a folder of their own, so the end of the path decides. */
function ownFile(path: string, files: ReadonlySet<string>): string | undefined {
  const parts = path.replaceAll('\\', '/').split('/');
  if (parts.includes('site-packages') || parts.includes('dist-packages')) return undefined;
  for (let i = 0; i < parts.length; i += 1) {
    const candidate = parts.slice(i).join('/');
    if (files.has(candidate)) return candidate;
  }
  return undefined;
}

function linkTo(text: string, file: string, line: number, open: OpenLine): HTMLElement {
  const link = h('button', { class: 'link', type: 'button', 'aria-label': `Open ${file} line ${line}` }, text);
  link.addEventListener('click', () => open(file, line));
  return link;
}
