import { expect, test } from 'vitest';
import { Resolver } from '../../../server/src/python/resolve';
import { ModuleModel, PackageModules } from '../../../server/src/python/modules';
import { ParsedFiles } from '../../../server/src/python/parsedFiles';
import { judgeMain } from '../../../server/src/contract/mainBinding';
import { uploadFindings } from '../../../server/src/upload/uploadFindings';
import { memoryFiles, parser, shown } from './support/checkSource';

const train = `class Main:
    def __init__(self): pass
    def train(self, d): pass
    def evaluate(self): pass
    def save(self): pass
`;
const main = `class Main:
    def __init__(self): pass
    def predict(self, x): pass
`;

function found(texts: Readonly<Record<string, string>>, name = 'digits'): string[] {
  const parsed = new ParsedFiles(parser);
  const all = { 'train.py': train, ...texts };
  const parse = (path: string, text: string): ReturnType<typeof parsed.read> => parsed.read(path, text);
  const resolver = new Resolver(new PackageModules(memoryFiles(all), parse));
  const subject = { train: new ModuleModel('train.py', 'train', parse('train.py', all['train.py'])), resolver };
  const [candidate] = judgeMain(subject).candidates;
  return uploadFindings({ subject, main: candidate, name }).map((one) => `${one.file ?? ''} ${shown(one)}`);
}

const complete = { 'main.py': main, 'requirements.txt': 'numpy' };

test('a complete package can be uploaded', () => expect(found(complete)).toEqual([]));

test.each([
  [{ 'main.py': main }, ['train.py 0:0-0 upload-requirements']],
  [{ 'requirements.txt': '' }, ['train.py 0:0-0 upload-main']],
  [{ ...complete, 'main.py': 'x = 1\n' }, ['main.py 0:0-0 upload-main']],
  [{ ...complete, 'main.py': 'class Main:\n    def __init__(self): pass\n' }, ['main.py 0:6-10 upload-predict']],
  [{ ...complete, 'main.py': 'class Main:\n    def predict(self): pass\n' }, ['main.py 0:6-10 upload-init']],
  [{ ...complete, 'train.py': train.replace('evaluate', 'test') }, ['train.py 0:6-10 upload-evaluate']],
  [{ ...complete, 'train.py': train.replace('__init__', 'test') }, ['train.py 0:6-10 upload-init']],
])('names what an upload lacks: %j', (texts, expected) => expect(found(texts)).toEqual(expected));

test.each(['class', 'a-b', '1st', 'a.b'])('the name %s cannot be imported', (name) => {
  expect(found(complete, name)).toEqual(['train.py 0:0-0 upload-name']);
});

test('says nothing where Main cannot be followed', () => {
  const elsewhere = 'from somewhere import Base\nclass Main(Base): pass\n';
  expect(found({ ...complete, 'main.py': elsewhere, 'train.py': elsewhere })).toEqual([]);
  expect(found({ ...complete, 'main.py': 'from train import Main\n' })).toEqual(['main.py 0:18-22 upload-predict']);
});
