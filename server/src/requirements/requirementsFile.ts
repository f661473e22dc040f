/** A requirements file as pip reads it: logical lines, options, addresses and PEP 508 requirements. */
import { parseMarker, type Marker } from './marker';
import { parseSpecifier, type Specifier } from './specifier';

export interface Requirement {
  /** Normalised: lower case, `-` between words. */
  readonly name: string;
  readonly shown: string;
  readonly specifiers: readonly Specifier[];
  readonly marker: Marker | undefined;
  /** `name @ URL` */
  readonly url: string | undefined;
}

/** One logical line. `start` and `end` are UTF-16 offsets, without comment and white space around. */
export interface RequirementLine {
  readonly start: number;
  readonly end: number;
  readonly requirement: Requirement | undefined;
  /** What pip would refuse. */
  readonly problem: string | undefined;
  /** The file that `-r` names. */
  readonly includes: string | undefined;
}

export function readRequirements(text: string): RequirementLine[] {
  return logicalLines(text).map(readLine);
}

interface Logical {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Joins lines that end in a backslash, as pip does: a comment line is not continued. */
function logicalLines(text: string): Logical[] {
  const lines: Logical[] = [];
  let open: Logical | undefined;
  for (const physical of physicalLines(text)) {
    const { kept, continued } = withoutComment(physical.content);
    open = joined(open, kept, physical.at);
    if (continued) continue;
    if (open !== undefined) lines.push(open);
    open = undefined;
  }
  if (open !== undefined) lines.push(open);
  return lines;
}

function withoutComment(content: string): { kept: string; continued: boolean } {
  const continued = content.endsWith('\\') && !/^\s*#/.test(content);
  return { kept: (continued ? content.slice(0, -1) : content).replace(/(^|\s+)#.*$/, ''), continued };
}

function joined(open: Logical | undefined, kept: string, at: number): Logical | undefined {
  const end = at + kept.trimEnd().length;
  if (open === undefined) {
    if (kept.trim() === '') return undefined;
    return { text: kept, start: at + kept.length - kept.trimStart().length, end };
  }
  return kept.trim() === '' ? open : { text: open.text + kept, start: open.start, end };
}

function physicalLines(text: string): { content: string; at: number }[] {
  const lines: { content: string; at: number }[] = [];
  const breaks = /\r\n|\r|\n|$/g;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  for (let match = breaks.exec(text); match !== null; match = breaks.exec(text)) {
    if (match.index >= at) lines.push({ content: text.slice(at, match.index), at });
    at = breaks.lastIndex;
    if (match[0] === '') break;
  }
  return lines;
}

function readLine({ text: written, start, end }: Logical): RequirementLine {
  const text = written.trim();
  const line = { start, end, requirement: undefined, problem: undefined, includes: undefined };
  // What a variable of the environment stands for is not known here.
  if (/\$\{[A-Z0-9_]+\}/.test(text)) return line;
  if (text.startsWith('-')) return { ...line, ...readOption(text) };
  const bare = text.replace(/\s+--?(?:hash|global-option|install-option|config-settings?|C)\b.*$/, '');
  if (isAddress(bare)) return line;
  const read = readRequirement(bare);
  return typeof read === 'string' ? { ...line, problem: read } : { ...line, requirement: read };
}

const flags = /^--(?:no-index|pre|prefer-binary|require-hashes|no-deps|isolated)$/;
const valued =
  /^(?:-i|--index-url|--pypi-url|--extra-index-url|-c|--constraint|-r|--requirement|-e|--editable|-f|--find-links|--no-binary|--only-binary|--trusted-host|--use-feature|--hash|--global-option|--install-option|--config-settings?)$/;

function readOption(text: string): { problem?: string; includes?: string } {
  const short = /^(-[a-zA-Z])(?!-)\s*(.*)$/.exec(text);
  const long = /^(--[\w-]+)(?:\s*=\s*|\s+|$)(.*)$/.exec(text);
  const [, name = text, value = ''] = long ?? short ?? [];
  if (flags.test(name)) return {};
  if (!valued.test(name)) return { problem: `pip has no option ${name} in requirements files` };
  if (value.trim() === '') return { problem: `${name} needs a value` };
  if (name !== '-r' && name !== '--requirement') return {};
  return { includes: value.trim().replace(/^["']|["']$/g, '') };
}

/** Addresses, paths and archives, which need no name. */
function isAddress(text: string): boolean {
  const [first = ''] = text.split(/\s*;\s|\s+@\s/);
  if (/^[a-z][a-z0-9+.-]*:/i.test(first)) return true;
  if (/^(?:\.{0,2}[\\/]|~[\\/]|[A-Za-z]:[\\/]|\.{1,2}$)/.test(first)) return true;
  if (/^[^\s<>=!~;@]*[\\/][^\s<>=!~;@]*(?:\[[^\]]*\])?$/.test(first)) return true;
  return /^[^<>=!~;@\s]+\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|tar)(?:\[[^\]]*\])?$/i.test(first);
}

const head = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)\s*(\[[^\]]*\]?)?\s*/;
const extra = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** A PEP 508 requirement, or why the line is none. */
function readRequirement(text: string): Requirement | string {
  const match = head.exec(text);
  if (match === null) return 'a package name was expected';
  const [whole, shown = '', extras] = match;
  const problem = extras === undefined ? undefined : extrasProblem(extras);
  if (problem !== undefined) return problem;
  const rest = text.slice(whole.length);
  if (rest.startsWith('@')) return readDirect(shown, rest.slice(1));
  const [versions = '', ...markers] = rest.split(';');
  const specifiers = readSpecifiers(versions);
  if (typeof specifiers === 'string') return specifiers;
  return withMarker({ name: normal(shown), shown, specifiers, marker: undefined, url: undefined }, markers);
}

function withMarker(requirement: Requirement, parts: readonly string[]): Requirement | string {
  if (parts.length === 0) return requirement;
  const marker = parseMarker(parts.join(';'));
  return typeof marker === 'string' ? marker : { ...requirement, marker };
}

function readDirect(shown: string, rest: string): Requirement | string {
  const [url = '', ...markers] = rest.trim().split(/\s+;\s*|;\s+/);
  if (url === '') return 'an address is missing after "@"';
  if (/\s/.test(url)) return `"${url.split(/\s+/)[1] ?? ''}" was not expected after the address`;
  return withMarker({ name: normal(shown), shown, specifiers: [], marker: undefined, url }, markers);
}

function extrasProblem(text: string): string | undefined {
  if (!text.endsWith(']')) return 'a "]" is missing after the extras';
  const inner = text.slice(1, -1).trim();
  if (inner === '') return undefined;
  const wrong = inner.split(',').find((name) => !extra.test(name.trim()));
  return wrong === undefined ? undefined : `"${wrong.trim()}" is no extra`;
}

function readSpecifiers(text: string): Specifier[] | string {
  let inner = text.trim();
  if (inner === '') return [];
  if (inner.startsWith('(')) {
    if (!inner.endsWith(')')) return 'a ")" is missing after the version';
    inner = inner.slice(1, -1).trim();
  }
  const parts = inner.split(',');
  // A comma at the end is let pass by pip.
  if (parts.at(-1)?.trim() === '') parts.pop();
  const read: Specifier[] = [];
  for (const part of parts) {
    const specifier = parseSpecifier(part);
    if (typeof specifier === 'string') return specifier;
    read.push(specifier);
  }
  return read;
}

/** PEP 503. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}
