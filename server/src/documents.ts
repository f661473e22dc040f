/** Documents that are open in the client: their text counts, whatever the disk says. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { TextDocument, type TextDocumentContentChangeEvent } from 'vscode-languageserver-textdocument';

export class OpenDocuments {
  private readonly byUri = new Map<string, TextDocument>();
  private readonly byPath = new Map<string, string>();

  open(uri: string, languageId: string, version: number, text: string): void {
    this.byUri.set(uri, TextDocument.create(uri, languageId, version, text));
    const path = pathOf(uri);
    if (path !== undefined) this.byPath.set(keyOf(path), uri);
  }

  change(uri: string, version: number, changes: TextDocumentContentChangeEvent[]): void {
    const document = this.byUri.get(uri);
    if (document !== undefined) this.byUri.set(uri, TextDocument.update(document, changes, version));
  }

  close(uri: string): void {
    this.byUri.delete(uri);
    const path = pathOf(uri);
    if (path !== undefined) this.byPath.delete(keyOf(path));
  }

  get(uri: string): TextDocument | undefined {
    return this.byUri.get(uri);
  }

  uris(): string[] {
    return [...this.byUri.keys()];
  }

  textOf(path: string): string | undefined {
    return this.openAt(path)?.getText();
  }

  /** The client's own spelling where the document is open. */
  uriOf(path: string): string {
    return this.byPath.get(keyOf(path)) ?? pathToFileURL(path).href;
  }

  isOpen(path: string): boolean {
    return this.byPath.has(keyOf(path));
  }

  private openAt(path: string): TextDocument | undefined {
    const uri = this.byPath.get(keyOf(path));
    return uri === undefined ? undefined : this.byUri.get(uri);
  }
}

/** Undefined for documents that are no files. */
export function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? resolve(fileURLToPath(uri)) : undefined;
  } catch {
    return undefined;
  }
}

const insensitive = process.platform === 'win32' || process.platform === 'darwin';

const keyOf = (path: string): string => (insensitive ? path.toLowerCase() : path);
