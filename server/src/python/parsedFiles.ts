/** Parsed files by name: one that is asked for again with another text is parsed where it changed. */
import type { ParsedFile } from './modules';
import type { Parser, PythonSource } from './parser';
import { checkSyntax, newerSyntax, type SyntaxState } from './syntaxRules';

interface Entry {
  readonly source: PythonSource;
  syntax: SyntaxState | undefined;
  file: ParsedFile;
}

/** More are not kept; the least recently used go first. */
const capacity = 64;

export class ParsedFiles {
  private readonly entries = new Map<string, Entry>();
  constructor(private readonly parser: Parser) {}

  /** Throws `ParserBroken`. */
  read(key: string, text: string): ParsedFile {
    const known = this.entries.get(key);
    this.entries.delete(key);
    const entry = known === undefined ? this.open(text) : changed(known, text);
    this.entries.set(key, entry);
    this.trim();
    return entry.file;
  }

  forget(key: string): void {
    this.entries.get(key)?.source.dispose();
    this.entries.delete(key);
  }

  private open(text: string): Entry {
    const source = this.parser.open(text);
    const syntax = source.refusal === undefined ? checkSyntax(text) : undefined;
    return { source, syntax, file: fileOf(source, syntax) };
  }

  private trim(): void {
    for (const key of this.entries.keys()) {
      if (this.entries.size <= capacity) return;
      this.forget(key);
    }
  }
}

function changed(entry: Entry, text: string): Entry {
  if (entry.source.text === text) return entry;
  entry.source.update(text);
  entry.syntax = entry.source.refusal === undefined ? checkSyntax(text, entry.syntax) : undefined;
  entry.file = fileOf(entry.source, entry.syntax);
  return entry;
}

const fileOf = (source: PythonSource, syntax: SyntaxState | undefined): ParsedFile => ({
  root: source.root,
  text: source.text,
  refusal: source.refusal,
  problem: syntax?.problem,
  tooNew: (minor) => (syntax === undefined ? undefined : newerSyntax(syntax, minor)),
});
