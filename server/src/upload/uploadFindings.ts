/**
 * The group "upload", off unless asked for: what the validator of the platform that such packages come from would refuse.
 * Where a name can't be followed, nothing is said.
 */
import type { Candidate } from '../contract/mainBinding';
import { warningOf, type Saying, type Subject } from '../contract/subject';
import { memberOf } from '../python/classes';
import type { ModuleModel } from '../python/modules';
import { isDynamic, type ClassModel } from '../python/resolve';
import type { RawFinding } from '../rawFinding';

export interface UploadInput {
  readonly subject: Subject;
  /** What Main of train.py is; undefined where that is not known for sure. */
  readonly main: Candidate | undefined;
  /** The name under which the package is published. */
  readonly name: string;
}

const top = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

export function uploadFindings({ subject, main, name }: UploadInput): RawFinding[] {
  const { files } = subject.resolver.modules;
  return [
    ...nameFindings(name),
    ...(files.isFile('requirements.txt')
      ? []
      : [inTrain(warningOf('upload-requirements', 'An upload needs a requirements.txt; this package has none.'))]),
    ...(main === undefined ? [] : trainFindings(main, subject)),
    ...mainFileFindings(subject),
  ];
}

const inTrain = (saying: Saying): RawFinding => ({ ...saying, range: top, file: 'train.py' });

const keywords: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

function nameFindings(name: string): RawFinding[] {
  const problem = keywords.has(name)
    ? 'is a keyword of Python'
    : /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)
      ? undefined
      : 'is no identifier of Python';
  if (problem === undefined) return [];
  return [inTrain(warningOf('upload-name', `An upload is imported by its name; "${name}" ${problem}.`))];
}

function trainFindings({ cls, binding }: Candidate, subject: Subject): RawFinding[] {
  const range = subject.train.source.rangeOf(binding);
  const say = (code: string, message: string): RawFinding => ({ ...warningOf(code, message), range, file: 'train.py' });
  return [
    ...(lacks(cls, '__init__', subject) ? [say('upload-init', 'An upload needs Main.__init__ in train.py.')] : []),
    ...(lacks(cls, 'evaluate', subject)
      ? [say('upload-evaluate', 'An upload that can be trained needs Main.evaluate in train.py.')]
      : []),
  ];
}

function lacks(cls: ClassModel, name: string, { resolver }: Subject): boolean {
  return memberOf(cls, name, resolver).kind === 'absent';
}

function mainFileFindings(subject: Subject): RawFinding[] {
  const found = subject.resolver.modules.find(['main']);
  if (found.kind === 'outside' || found.kind === 'namespace') {
    return [inTrain(warningOf('upload-main', 'An upload needs a main.py with a class Main; this package has none.'))];
  }
  if (found.kind !== 'module' || found.module.path !== 'main.py') return [];
  return predictorFindings(found.module, subject);
}

function predictorFindings(module: ModuleModel, subject: Subject): RawFinding[] {
  const meaning = subject.resolver.name('Main', module);
  if (meaning.kind === 'missing' && !isDynamic(module, 'Main')) {
    const saying = warningOf('upload-main', 'An upload needs a class Main in main.py; it has none.');
    return [{ ...saying, range: top, file: module.path }];
  }
  if (meaning.kind !== 'class') return [];
  const bound = module.single('Main')?.at ?? meaning.cls.node.child('name');
  const range = bound === undefined ? top : module.source.rangeOf(bound);
  const say = (code: string, message: string): RawFinding => ({
    ...warningOf(code, message),
    range,
    file: module.path,
  });
  return [
    ...(lacks(meaning.cls, '__init__', subject)
      ? [say('upload-init', 'An upload needs Main.__init__ in main.py.')]
      : []),
    ...(lacks(meaning.cls, 'predict', subject)
      ? [say('upload-predict', 'An upload needs Main.predict in main.py.')]
      : []),
  ];
}
