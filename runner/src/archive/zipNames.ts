/** Names in zips from outside: what bytes mean, which lead out, and which some systems cannot hold. */
import { crc32 } from 'node:zlib';
import { refused } from './archiveRefusal';
import { foldedKey, hasControl, isBrokenUtf8, portabilityProblem } from './portableNames';
import { printable } from '../domain/printable';

interface NamedEntry {
  readonly path: string;
  readonly isFolder: boolean;
}

export const unicodePathField = 0x7075;
const nameHint = 'Nothing was imported. Rename it, or let it in as it is with --any-name.';

/** `isMarked`: the archive says that names are UTF-8. `mayBeUtf8`: it does, or where it was made they are all the same. */
export function decodeName(
  bytes: Buffer,
  mayBeUtf8: boolean,
  isMarked: boolean,
): { readonly name: string; readonly isUnmarked: boolean } {
  const name = bytes.toString('utf8');
  if (isBrokenUtf8(name) || !Buffer.from(name).equals(bytes))
    throw refused(`An entry has a name that is not UTF-8: ${printable(bytes.toString('latin1'))}.`);
  const isUnmarked = !isMarked && /[^\u0000-\u007f]/.test(name);
  if (isUnmarked && !mayBeUtf8)
    throw refused(`${printable(name)} is not marked as UTF-8, so readers disagree about its name.`);
  return { name, isUnmarked };
}

/** Info-ZIP writes the name once more, as UTF-8, into an extra field. It has to be the same name, and meant for this one. */
export function hasOtherName(fields: ReadonlyMap<number, Buffer>, name: Buffer): boolean {
  const field = fields.get(unicodePathField);
  if (field === undefined) return false;
  const isWhole = field.length >= 5 && field.readUInt8(0) === 1;
  return !isWhole || field.readUInt32LE(1) !== crc32(name) || !field.subarray(5).equals(name);
}

export function checkNames(entries: readonly NamedEntry[], anyName: boolean): void {
  const kinds = new Map<string, { readonly path: string; readonly isFolder: boolean }>();
  const folded = new Map<string, string>();
  for (const entry of entries) {
    checkName(entry.path, anyName);
    const parts = entry.path.split('/');
    parts.forEach((_, i) => {
      const path = parts.slice(0, i + 1).join('/');
      const isFolder = i < parts.length - 1 || entry.isFolder;
      notePath(kinds, path, isFolder, i === parts.length - 1);
      noteFold(folded, path, anyName);
    });
  }
}

function notePath(
  kinds: Map<string, { path: string; isFolder: boolean; listed?: boolean }>,
  path: string,
  isFolder: boolean,
  listed: boolean,
): void {
  const known = kinds.get(path);
  if (known !== undefined && known.isFolder !== isFolder)
    throw refused(`${printable(path)} is both a file and a folder.`);
  if (known?.listed === true && listed) throw refused(`${printable(path)} is there twice.`);
  kinds.set(path, { path, isFolder, listed: listed || known?.listed === true });
}

function noteFold(folded: Map<string, string>, path: string, anyName: boolean): void {
  const key = anyName ? path.normalize('NFC') : foldedKey(path);
  const first = folded.get(key);
  if (first !== undefined && first !== path && !anyName) {
    throw refused(
      `${printable(path)} and ${printable(first)} are one name on systems that ignore case or Unicode forms.`,
      nameHint,
    );
  }
  folded.set(key, path);
}

function checkName(path: string, anyName: boolean): void {
  const parts = path.split('/');
  const problem = pathProblem(path) ?? parts.map(partProblem).find(Boolean);
  if (problem !== undefined) throw refused(`${path === '' ? 'An entry' : printable(path)} ${problem}.`);
  if (anyName) return;
  for (const part of parts) {
    const trouble = portabilityProblem(part);
    if (trouble === undefined) continue;
    throw refused(`${printable(path)} has a part "${printable(part)}" that ${trouble}.`, nameHint);
  }
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'has no name';
  if (hasControl(path)) return 'has a control character in its name';
  if (path.startsWith('/') || path.includes('\\')) return 'is an absolute path, or has a backslash in its name';
  return /^[A-Za-z]:/.test(path) ? 'begins with a drive letter' : undefined;
}

const partProblem = (part: string): string | undefined =>
  part === '' || part === '.' || part === '..' ? 'leads out of the archive, or has an empty part' : undefined;
