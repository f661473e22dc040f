import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const markdown = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdown('docs'), ...markdown('examples')];

/** Targets of links and pictures that are files of the project. */
function targets(text: string): string[] {
  const prose = text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/(?:src|srcset)="([^"]+)"/g)];
  return links.map(([, target = '']) => target).filter((target) => !/^[a-z]+:|^#/.test(target));
}

describe('the documents', () => {
  it.each(documents)('%s leads nowhere that is not there', (document) => {
    const missing = targets(readFileSync(join(root, document), 'utf8')).filter(
      (target) => !existsSync(resolve(root, dirname(document), decodeURI(target.split('#')[0] ?? ''))),
    );
    expect(missing).toEqual([]);
  });

  it('are all named on the index', () => {
    const index = targets(readFileSync(join(root, 'docs', 'README.md'), 'utf8'));
    const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
    expect(pages.filter((name) => !index.includes(name))).toEqual([]);
  });
});
