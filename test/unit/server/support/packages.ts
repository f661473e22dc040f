/** Valid packages in the styles that people write, and defects that can be planted into each of them. */

export interface ValidPackage {
  readonly title: string;
  /** Files by path; `train.py` among them. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Planted {
  readonly files: Readonly<Record<string, string>>;
  /** `file code: the text that the range covers`. */
  readonly expected: string;
  readonly python?: string;
}

export interface Defect {
  readonly title: string;
  /** What is said beside it would hide it or be hidden by it. */
  readonly alone?: boolean;
  /** Undefined where the package gives no occasion for it. */
  plant(files: Readonly<Record<string, string>>): Planted | undefined;
}

const plain = `import json
import os


class Main:
    def __init__(self):
        self.model = None

    def train(self, data_directory):
        rows = json.load(open(os.path.join(data_directory, "rows.json")))
        self.model = {"rows": len(rows)}

    def save(self):
        with open("model.json", "w") as file:
            json.dump(self.model, file)
`;

const documented = `"""Trains a classifier of digits. 😀

It reads every file of the dataset.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BATCH_SIZE = int(os.environ.get("batch_size", "64"))


def rows_of(folder: str) -> list[dict[str, Any]]:
    """Reads the rows of all files in the folder."""
    found = []
    for path in sorted(Path(folder).glob("*.json")):
        found.extend(json.loads(path.read_text()))
    return found


class Main:
    """What a run trains: 😀 and all."""

    def __init__(self):
        self.model: dict[str, int] | None = None

    def train(self, data_directory):
        """Counts."""
        rows = rows_of(data_directory)
        print(f"{len(rows)} rows, in steps of {BATCH_SIZE}", file=sys.stderr)
        self.model = {"rows": len(rows)}

    def save(self):
        artifacts = os.environ["artifacts_directory"]
        with open(os.path.join(artifacts, "summary.txt"), "w") as file:
            file.write(str(self.model))


if __name__ == "__main__":
    main = Main()
    main.train(sys.argv[1])
    main.save()
`;

const inherited = `import os

from lib.base import Trainer
from lib.tools import helper


class Main(Trainer):
    def __init__(self):
        super().__init__()
        self.rate = float(os.environ.get("learning_rate", "0.1"))

    def train(self, data_directory):
        helper(data_directory)
        return super().train(data_directory)

    def save(self):
        super().save()
`;

const modern = `import os
from dataclasses import dataclass, field


@dataclass
class Settings:
    epochs: int = 3
    names: list = field(default_factory=list)


class Main:
    kind = "modern"

    def __init__(self):
        self.settings = Settings()

    @property
    def size(self):
        return len(self.settings.names)

    @staticmethod
    def steps(count, /, *, start=0):
        yield from range(start, count)

    def train(self, data_directory):
        for step in self.steps(self.settings.epochs):
            match step:
                case 0:
                    print("first")
                case _:
                    if (left := self.settings.epochs - step) > 1:
                        print(f"{left = }")
        print(os.listdir(data_directory))

    def save(self):
        try:
            open("model.bin", "wb").close()
        except OSError as error:
            raise RuntimeError("not saved") from error
`;

const lib = {
  'lib/__init__.py': '',
  'lib/base.py':
    'class Trainer:\n    def __init__(self):\n        self.model = None\n\n    def train(self, data_directory):\n        self.model = 1\n\n    def save(self):\n        open("model.bin", "wb").close()\n',
  'lib/tools.py': 'def helper(folder):\n    return folder\n',
};

export const validPackages: readonly ValidPackage[] = [
  { title: 'a plain package', files: { 'train.py': plain } },
  { title: 'a documented package with a guard', files: { 'train.py': documented } },
  { title: 'a package of several modules', files: { 'train.py': inherited, ...lib } },
  { title: 'a package in new syntax', files: { 'train.py': modern } },
  { title: 'Windows line ends', files: { 'train.py': plain.replaceAll('\n', '\r\n') } },
  { title: 'line ends of old Macs', files: { 'train.py': plain.replaceAll('\n', '\r') } },
  { title: 'a byte-order mark', files: { 'train.py': `\ufeff${plain}` } },
  { title: 'tabs', files: { 'train.py': plain.replaceAll('    ', '\t') } },
  {
    title: 'two blanks and form feeds',
    files: { 'train.py': plain.replaceAll('    ', '  ').replaceAll('\n\n\n', '\n\f\n\n') },
  },
  {
    title: 'astral characters',
    files: {
      'train.py': plain
        .replace('self.model = None', 'self.model = None  # 😀𝛼')
        .replace('import json', '# 😀\nimport json'),
    },
  },
];

const train = 'train.py';

/** Puts `replacement` for the first match in train.py; the expected range covers `covered`. */
function swap(pattern: RegExp, replacement: string, code: string, covered: string): Defect['plant'] {
  return (files) => {
    const text = files[train] ?? '';
    if (!pattern.test(text)) return undefined;
    return {
      files: { ...files, [train]: text.replace(pattern, replacement) },
      expected: `${train} ${code}: ${covered}`,
    };
  };
}

/** Adds statements at the end of train.py. */
function append(statement: string, code: string, covered: string): Defect['plant'] {
  return (files) => {
    const text = files[train] ?? '';
    const end = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
    const added = statement.replaceAll('\n', end);
    return {
      files: { ...files, [train]: `${text}${end}${end}${added}${end}` },
      expected: `${train} ${code}: ${covered}`,
    };
  };
}

/** Makes a line the first of the method's body. */
function inMethod(method: string, line: string, code: string, covered: string): Defect['plant'] {
  return (files) => {
    const text = files[train] ?? '';
    const pattern = new RegExp(`(def ${method}\\([^)]*\\):[\\r\\n]+)([ \\t]+)`);
    if (!pattern.test(text)) return undefined;
    const end = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
    const changed = text.replace(
      pattern,
      (_, head: string, indent: string) => `${head}${indent}${line}${end}${indent}`,
    );
    return { files: { ...files, [train]: withOs(changed, end) }, expected: `${train} ${code}: ${covered}` };
  };
}

function withOs(text: string, end: string): string {
  return /^import os/m.test(text) ? text : text.replace(/^import json/m, `import os${end}import json`);
}

const inherits = (files: Readonly<Record<string, string>>): boolean => (files[train] ?? '').includes('(Trainer)');
const unlessInherited =
  (plant: Defect['plant']): Defect['plant'] =>
  (files) =>
    inherits(files) ? undefined : plant(files);

function beside(path: string, content: string, expected: string): Defect['plant'] {
  return (files) => ({ files: { ...files, [path]: content }, expected: `${path} ${expected}` });
}

export const defects: readonly Defect[] = [
  { title: 'no Main', alone: true, plant: unlessInherited(swap(/class Main\b/, 'class Trainer', 'main-missing', '')) },
  { title: 'no train', plant: unlessInherited(swap(/def train\(/, 'def fit(', 'train-missing', 'Main')), alone: true },
  { title: 'no save', plant: unlessInherited(swap(/def save\(/, 'def store(', 'save-missing', 'Main')), alone: true },
  {
    title: 'a second argument of train',
    plant: swap(
      /train\(self, data_directory\):/,
      'train(self, data_directory, epochs):',
      'train-signature',
      '(self, data_directory, epochs)',
    ),
  },
  {
    title: 'no argument of train',
    alone: true,
    plant: swap(/train\(self, data_directory\):/, 'train(self):', 'train-signature', '(self)'),
  },
  {
    title: 'a keyword-only argument of train',
    plant: swap(
      /train\(self, data_directory\):/,
      'train(self, *, data_directory):',
      'train-signature',
      '(self, *, data_directory)',
    ),
  },
  { title: 'an argument of save', plant: swap(/save\(self\):/, 'save(self, path):', 'save-signature', '(self, path)') },
  { title: 'no self in save', alone: true, plant: swap(/save\(self\):/, 'save():', 'save-signature', '()') },
  {
    title: 'an argument of __init__',
    plant: swap(/__init__\(self\):/, '__init__(self, config):', 'init-signature', '(self, config)'),
    alone: true,
  },
  { title: 'an async train', alone: true, plant: swap(/def train\(/, 'async def train(', 'method-async', 'train') },
  { title: 'a generator', alone: true, plant: inMethod('save', 'yield 1', 'method-generator', 'save') },
  { title: 'Main deleted', alone: true, plant: append('del Main', 'main-rebound', 'Main') },
  { title: 'Main rebound', alone: true, plant: append('Main = None', 'main-rebound', 'Main') },
  { title: 'Main built at import time', plant: append('Main()', 'import-time-work', 'Main()') },
  {
    title: 'training at import time',
    plant: append('Main().train("data")', 'import-time-work', 'Main().train("data")'),
  },
  {
    title: 'a misspelt key',
    plant: inMethod('train', 'print(os.environ["artifact_directory"])', 'parameter-typo', '"artifact_directory"'),
  },
  {
    title: 'a key in other case',
    plant: inMethod('train', 'print(os.getenv("ARTIFACTS_DIRECTORY"))', 'parameter-typo', '"ARTIFACTS_DIRECTORY"'),
  },
  { title: 'the old key', plant: inMethod('save', 'print(os.environ["save_data"])', 'parameter-alias', '"save_data"') },
  {
    title: 'a comparison with True',
    plant: inMethod(
      'train',
      'print(os.environ["save_training_data"] == True)',
      'parameter-text',
      'os.environ["save_training_data"] == True',
    ),
  },
  {
    title: 'a path of one machine',
    plant: inMethod('train', 'print(open("/home/ada/rows.csv").read())', 'absolute-path', '"/home/ada/rows.csv"'),
  },
  {
    title: 'a write into the dataset',
    plant: inMethod(
      'train',
      'open(os.path.join(data_directory, "log.txt"), "w").close()',
      'dataset-written',
      'os.path.join(data_directory, "log.txt")',
    ),
  },
  {
    title: 'a file that is not there',
    plant: inMethod('__init__', 'self.labels = open("labels.txt").read()', 'file-missing', '"labels.txt"'),
  },
  { title: 'print of Python 2', alone: true, plant: inMethod('train', 'print "rows"', 'syntax', 'print "rows"') },
  { title: 'a return at module level', alone: true, plant: append('return 1', 'syntax', 'return 1') },
  { title: 'an open bracket', alone: true, plant: append('x = (1,', 'syntax', '(') },
  { title: 'an open string', alone: true, plant: append("x = 'abc", 'syntax', "'") },
  { title: 'a default in front', alone: true, plant: append('def f(a=1, b): pass', 'syntax', 'b') },
  { title: 'a wrong target', alone: true, plant: append('f() = 1', 'syntax', 'f()') },
  { title: 'a doubled argument', alone: true, plant: append('print(end="", end="")', 'syntax', 'end=""') },
  {
    title: 'an await outside of async',
    alone: true,
    plant: inMethod('save', 'await self.model', 'syntax', 'await self.model'),
  },
  {
    title: 'a module that nothing installs',
    plant: (files) => {
      const planted = append('import pandas', 'import-unknown', 'pandas')(files);
      return planted === undefined
        ? undefined
        : { ...planted, files: { ...planted.files, 'requirements.txt': 'numpy\n' } };
    },
  },
  {
    title: 'a module that Python dropped',
    plant: (files) => {
      const planted = append('import imp', 'import-removed', 'imp')(files);
      return planted === undefined ? undefined : { ...planted, python: '3.12' };
    },
  },
  {
    title: 'an unreadable requirement',
    plant: beside('train_requirements.txt', 'numpy\nscipy=1.0\n', 'requirement-syntax: scipy=1.0'),
  },
  {
    title: 'contradicting requirements',
    plant: beside('train_requirements.txt', 'numpy<2\nnumpy>=2\n', 'requirement-conflict: numpy>=2'),
  },
];
