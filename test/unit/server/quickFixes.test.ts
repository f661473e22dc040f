import { expect, test } from 'vitest';
import { quickFixes } from '../../../server/src/features/quickFixes';
import { checkSyntax } from '../../../server/src/python/syntaxRules';
import { applied, contextOf } from './support/featureContext';

/** Makes the fix with the title and returns the text of the file, which Python must still be able to read. */
function fixed(source: string, title: string, files: Readonly<Record<string, string>> = {}, path = 'train.py'): string {
  const context = contextOf(source, files);
  const fixes = quickFixes(context, context.findings);
  const fix = fixes.find((one) => one.title === title);
  if (fix === undefined) throw new Error(`no such fix: ${fixes.map((one) => one.title).join(' | ') || 'none at all'}`);
  const text = applied(context, fix.edits, path);
  if (path === 'train.py') {
    expect(checkSyntax(text).problem).toBeUndefined();
    expect(contextOf(text, files).findings).not.toContainEqual(expect.objectContaining({ code: fix.finding.code }));
  }
  return text;
}

const save = '    def save(self):\n        pass\n';

test('adds a class Main at the end of the file', () => {
  expect(fixed('import os', 'Add class Main')).toBe(
    'import os\n\n\nclass Main:\n    def train(self, data_directory):\n        pass\n\n    def save(self):\n        pass\n',
  );
});

test('adds a class Main to an empty file', () => {
  expect(fixed('', 'Add class Main')).toMatch(/^class Main:\n/);
});

test('adds save behind the last method, with the indentation and line ends of the file', () => {
  const source = 'class Main:\r\n\tdef train(self, d):\r\n\t\tpass\r\n\r\nx = 1\r\n';
  expect(fixed(source, 'Add save(self)')).toBe(
    'class Main:\r\n\tdef train(self, d):\r\n\t\tpass\r\n\r\n\tdef save(self):\r\n\t\tpass\r\n\r\nx = 1\r\n',
  );
});

test('adds train to a class on one line', () => {
  const source = `class Base:\n${save}class Main(Base): pass\n`;
  expect(fixed(source, 'Add train(self, data_directory)')).toBe(
    `class Base:\n${save}class Main(Base):\n    def train(self, data_directory):\n        pass\n`,
  );
});

test('gives an argument a default value, and those behind it', () => {
  const source = `class Main:\n    def train(self, data, epochs, lr: float):\n        pass\n${save}`;
  expect(fixed(source, 'Give epochs and lr default values')).toContain(
    'def train(self, data, epochs=None, lr: float = None):',
  );
});

test('reads an argument from a parameter, behind the docstring', () => {
  const source = `class Main:\n    def train(self, data, epochs):\n        """Trains."""\n        print(epochs)\n${save}`;
  expect(fixed(source, 'Read epochs from a parameter')).toBe(
    `import os\nclass Main:\n    def train(self, data):\n        """Trains."""\n        epochs = os.environ["epochs"]\n        print(epochs)\n${save}`,
  );
});

test('gives a constructor default values', () => {
  const source = `class Main:\n    def __init__(self, config):\n        pass\n    def train(self, d):\n        pass\n${save}`;
  expect(fixed(source, 'Give config a default value')).toContain('def __init__(self, config=None):');
});

test('adds the arguments that a signature lacks', () => {
  expect(
    fixed(`class Main:\n    def train(self):\n        pass\n${save}`, 'Change to train(self, data_directory)'),
  ).toContain('def train(self, data_directory):');
  expect(
    fixed(
      'class Main:\n    def train(self, d):\n        pass\n    def save():\n        pass\n',
      'Change to save(self)',
    ),
  ).toContain('def save(self):');
});

test('makes an async method a plain one', () => {
  const source = `class Main:\n    async def train(self, d):\n        pass\n${save}`;
  expect(fixed(source, 'Make train a plain method')).toContain('    def train(self, d):');
});

const valid = `class Main:\n    def train(self, data_directory):\n        pass\n${save}`;
const guardTitle = 'Put it under if __name__ == "__main__"';

test('guards work at import time together with what belongs to it', () => {
  expect(fixed(`${valid}\nmain = Main()\nmain.train(\n    "data",\n)\ntext = """\nx\n"""\n`, guardTitle)).toBe(
    `${valid}\nif __name__ == "__main__":\n    main = Main()\n    main.train(\n        "data",\n    )\n    text = """\nx\n"""\n`,
  );
});

test('puts work behind a guard that ended early back into it', () => {
  const source = `${valid}\nif __name__ == "__main__":\n    main = Main()\nMain().train("data")\n`;
  expect(fixed(source, guardTitle)).toBe(
    `${valid}\nif __name__ == "__main__":\n    main = Main()\n    Main().train("data")\n`,
  );
});

const inTrain = (code: string, head = 'import os\n'): string =>
  `${head}class Main:\n    def train(self, data_directory):\n        ${code}\n${save}`;

test('corrects a key, keeping its quotes', () => {
  expect(fixed(inTrain("os.environ['artifact_directory']"), 'Change to artifacts_directory')).toContain(
    "os.environ['artifacts_directory']",
  );
  expect(fixed(inTrain('os.environ["save_data"]'), 'Change to save_training_data')).toContain(
    'os.environ["save_training_data"]',
  );
});

test('compares a parameter with text', () => {
  expect(fixed(inTrain('print(os.environ["save_training_data"] is True)'), 'Compare with "true"')).toContain(
    'os.environ["save_training_data"] == "true"',
  );
});

test('writes to the artifacts directory instead of the dataset', () => {
  const source = inTrain('open(os.path.join(data_directory, "log.txt"), "w")');
  expect(fixed(source, 'Write to artifacts_directory')).toContain(
    'open(os.path.join(os.environ["artifacts_directory"], "log.txt"), "w")',
  );
});

test('adds a distribution to the requirements', () => {
  const files = { 'requirements.txt': 'numpy' };
  const text = fixed(inTrain('pass', 'import yaml\n'), 'Add pyyaml to requirements.txt', files, 'requirements.txt');
  expect(text).toBe('numpy\npyyaml\n');
});
