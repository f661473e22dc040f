import { describe, expect, test } from 'vitest';
import { SourceText } from '../../../server/src/sourceText';
import { checkPackage } from '../../../server/src/contract/checkPackage';
import { ParsedFiles } from '../../../server/src/python/parsedFiles';
import { memoryFiles, parser } from './support/checkSource';
import { defects, validPackages, type Planted } from './support/packages';

/** `file code: the text that the range covers`, in the order of the files. */
function findings({ files, python }: Pick<Planted, 'files' | 'python'>): string[] {
  const parsed = new ParsedFiles(parser);
  const report = checkPackage({
    files: memoryFiles(files),
    parse: (path, text) => parsed.read(path, text),
    configured: true,
    python,
    parameterNames: ['artifacts_directory', 'save_training_data', 'batch_size', 'learning_rate'],
    pipelines: [],
    upload: false,
    name: 'digits',
  });
  return report.findings.map(({ file = 'train.py', code, range }) => {
    const source = new SourceText(files[file] ?? '');
    const covered = source.text.slice(source.offsetAt(range.start), source.offsetAt(range.end));
    return `${file} ${code}: ${covered}`;
  });
}

describe.each(validPackages.map((one) => [one.title, one.files] as const))('%s', (_, files) => {
  test('has no findings', () => expect(findings({ files })).toEqual([]));

  test.each(defects.map((defect) => [defect.title, defect] as const))('%s is found, and nothing else', (_, defect) => {
    const planted = defect.plant(files);
    // Where a base class has the method too, its loss is no defect.
    if (planted === undefined) expect(files).toHaveProperty(['lib/base.py']);
    else expect(findings(planted)).toEqual([planted.expected]);
  });
});

test('there are enough cases', () => {
  const cases = validPackages.flatMap(({ files }) => defects.flatMap((defect) => defect.plant(files) ?? []));
  expect(cases.length).toBeGreaterThan(300);
});

test('two defects that do not hide each other are both found', () => {
  const free = defects.filter(({ alone }) => alone !== true);
  for (const { title, files } of validPackages) {
    for (const [index, one] of free.entries()) {
      const other = free[(index * 7 + 3) % free.length];
      const first = one.plant(files);
      const both = first === undefined || other === one ? undefined : other?.plant(first.files);
      if (first === undefined || both === undefined) continue;
      const python = both.python ?? first.python;
      const found = findings({ files: both.files, ...(python === undefined ? {} : { python }) });
      const message = `${title}: ${one.title} and ${other?.title ?? ''}`;
      expect(found, message).toEqual(expect.arrayContaining([both.expected]));
      expect(
        found.map((text) => text.split(' ')[1]),
        message,
      ).toContain(first.expected.split(' ')[1]);
    }
  }
});
