/** The hosts that the user's ssh configuration names: `Host` entries without wildcards, `Include` followed. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parseSsh } from './sshTarget';

const deepest = 16;
const mostHosts = 500;

/** In the order of the file, each once. What can't be read is left out; ssh itself will say so when it is used. */
export async function sshHosts(home: string = homedir()): Promise<string[]> {
  const folder = join(home, '.ssh');
  const found = new Set<string>();
  await readInto(found, join(folder, 'config'), folder, 0);
  return [...found].slice(0, mostHosts);
}

async function readInto(found: Set<string>, path: string, folder: string, depth: number): Promise<void> {
  if (depth > deepest) return;
  const text = await readFile(path, 'utf8').catch(() => '');
  for (const line of text.split(/\r?\n/)) {
    const [, keyword = '', rest = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.+?)\s*$/.exec(line) ?? [];
    const words = wordsOf(rest);
    if (keyword.toLowerCase() === 'host') words.filter(isPlainHost).forEach((host) => found.add(host));
    if (keyword.toLowerCase() !== 'include') continue;
    for (const pattern of words)
      for (const file of await filesOf(pattern, folder)) await readInto(found, file, folder, depth + 1);
  }
}

const wordsOf = (text: string): string[] =>
  [...text.replace(/(^|\s)#.*$/, '').matchAll(/"([^"]*)"|([^\s"]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );

const isPlainHost = (host: string): boolean => {
  const parsed = parseSsh(host);
  return !/[*?!@:/]/.test(host) && 'target' in parsed;
};

/** The files of a pattern whose last part may hold wildcards, by name, as ssh reads them. */
async function filesOf(pattern: string, folder: string): Promise<string[]> {
  const expanded = pattern.startsWith('~/') ? join(dirname(folder), pattern.slice(2)) : pattern;
  const path = isAbsolute(expanded) ? expanded : join(folder, expanded);
  const name = path.slice(dirname(path).length + 1);
  if (!/[*?]/.test(name)) return [path];
  const source = name
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const matches = new RegExp(`^${source}$`);
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((one) => matches.test(one) && (!one.startsWith('.') || name.startsWith('.')))
    .sort()
    .map((one) => join(dirname(path), one));
}
