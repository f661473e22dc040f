/** What requirement files refer to in the package decides the environment too. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { openZip, type ZipReader } from '../../archive/zipReader';

interface TextFile {
  readonly name: string;
  readonly text: string;
}

const included = /^\s*(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)/;
/** Folders, wheels and archives of the package itself: which of its files matter is not known. */
const local =
  /^\s*(?:(?:-e|--editable|-f|--find-links)[\s=]*)?(?:\.{0,2}\/|\.\s*$|\.\[|file:|\S+\.(?:whl|zip|tar\.gz)\s*$)|@\s*(?:file:|\.)/;

/** Texts for the key of the environment: included files by content, all of the package where it installs from itself. */
export async function referencedFiles(path: string, files: readonly TextFile[]): Promise<string[]> {
  const lines = files.flatMap(({ text }) => text.split(/\r?\n/));
  if (!lines.some((line) => included.test(line) || isLocal(line))) return [];
  const zip = await openZip(path);
  try {
    return await walk(zip, files);
  } finally {
    await zip.close();
  }
}

const isLocal = (line: string): boolean => local.test(line) && !/:\/\/[^/]/.test(line);

async function walk(zip: ZipReader, files: readonly TextFile[]): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set(files.map(({ name }) => name));
  const waiting = [...files];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const lines = file.text.split(/\r?\n/);
    if (lines.some(isLocal)) return [await contentHash(zip)];
    for (const line of lines) {
      const target = included.exec(line)?.[1];
      if (target === undefined) continue;
      const name = posix.normalize(posix.join(posix.dirname(file.name), target));
      if (seen.has(name) || !zip.entries.some((entry) => entry.path === name && entry.mode !== 'dir')) continue;
      seen.add(name);
      const text = (await zip.readFile(name)).toString('utf8');
      found.push(name, text);
      waiting.push({ name, text });
    }
  }
  return found;
}

async function contentHash(zip: ZipReader): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, mode } of zip.entries) {
    hash.update(`${mode} ${path}\n`);
    if (mode !== 'dir') for await (const part of await zip.openRead(path)) hash.update(part as Buffer);
  }
  return hash.digest('hex');
}
