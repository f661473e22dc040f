import { describe, it } from 'vitest';
import { check, findingsOf, type Surroundings } from './support/checkSource';
import { expect } from 'vitest';

const withInit = (body: string, around: Surroundings = {}, head = '') =>
  check(
    `${head}
      class Main:
          def __init__(self):${body}
          def train(self, d): pass
          def save(self): pass
    `,
    around,
  );

describe('files opened in __init__', () => {
  it('are missing', () =>
    withInit(`
              open('labels.txt')
                   ~~~~~~~~~~~~ file-missing`));
  it('are there', () =>
    withInit(
      `
              open('labels.txt')`,
      { files: { 'labels.txt': 'a' } },
    ));
  it('may be made', () =>
    withInit(`
              open('labels.txt', 'w')`));
  it('may be made first', () =>
    withInit(`
              open('labels.txt', 'w').close()
              open('labels.txt')`));
  it('are found through a constant', () =>
    withInit(
      `
              json.load(open(PATH))
                             ~~~~ file-missing`,
      {},
      `
      import json
      PATH = 'config.json'`,
    ));
  it('are found through an attribute assigned once', () =>
    withInit(`
              self.path = 'config.json'
              open(self.path)
                   ~~~~~~~~~ file-missing`));
  it('are not followed through an attribute assigned twice', () =>
    withInit(`
              self.path = 'config.json'
              self.path = find()
              open(self.path)`));
  it('are found beside the file', () =>
    withInit(
      `
              open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'a', 'b.txt'))
                   ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ file-missing`,
      {},
      `
      import os`,
    ));
  it('are found by pathlib', () =>
    withInit(
      `
              (Path(__file__).parent / 'a.txt').read_text()
              ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ file-missing`,
      {},
      `
      from pathlib import Path`,
    ));
  it('are found by libraries', () =>
    withInit(
      `
              self.model = torch.load('model.pt')
                                      ~~~~~~~~~~ file-missing
              self.frame = pd.read_csv('a.csv')
                                       ~~~~~~~ file-missing`,
      {},
      `
      import torch
      import pandas as pd`,
    ));
  it('are not asked for where the code guards', () =>
    withInit(
      `
              if os.path.exists('a.txt'):
                  open('a.txt')`,
      {},
      `
      import os`,
    ));
  it('are not asked for in a try', () =>
    withInit(`
              try:
                  open('a.txt')
              except OSError:
                  pass`));
  it('are not asked for in the dataset or outside of the package', () =>
    withInit(`
              open('data/labels.txt')
              open('/etc/passwd')
              open('../x')
              open(name())`));
  it('are found in a method that is called', () =>
    check(`
      class Main:
          def __init__(self):
              self.load()
          def load(self):
              open('a.txt')
                   ~~~~~~~ file-missing
          def train(self, d): pass
          def save(self): pass
    `));
  it('are not found in train', () =>
    check(`
      class Main:
          def train(self, d):
              open('a.txt')
          def save(self): pass
    `));
});

const withSave = (body: string, mainFile: string, head = '') =>
  check(
    `${head}
      class Main:
          def train(self, d): pass
          def save(self):${body}
    `,
    { files: { 'main.py': mainFile } },
  );

describe('files that save writes', () => {
  it('are not read by main.py', () =>
    withSave(
      `
              torch.save(self.m, 'model/m.pt')
                                 ~~~~~~~~~~~~ save-unread`,
      `import torch\nclass Main:\n  def __init__(self):\n    self.m = torch.load('model.pt')`,
      `
      import torch`,
    ));
  it('are read by main.py', () =>
    withSave(
      `
              torch.save(self.m, 'model.pt')`,
      `import torch\nclass Main:\n  def __init__(self):\n    self.m = torch.load('model.pt')`,
      `
      import torch`,
    ));
  it('are read through constants and attributes', () =>
    withSave(
      `
              torch.save(self.m, PATH)`,
      `import os, torch\nHERE = os.path.dirname(__file__)\nclass Main:\n  def __init__(self):\n    self.p = os.path.join(HERE, 'model.pt')\n    self.m = torch.load(self.p)`,
      `
      import torch
      PATH = './model.pt'`,
    ));
  it('are written through an attribute that main.py does not read', () =>
    check(
      `
      import joblib
      class Main:
          def __init__(self):
              self.path = 'models/a.joblib'
          def train(self, d): pass
          def save(self):
              joblib.dump(self, self.path)
                                ~~~~~~~~~ save-unread
    `,
      { files: { 'main.py': `import joblib\nm = joblib.load('model/b.joblib')` } },
    ));
  it('are let be where main.py reads what can’t be followed', () =>
    withSave(
      `
              open('a.pt', 'wb')`,
      `m = open(find(), 'rb')`.replace('find()', 'PATH'),
    ));
  it('are let be where main.py is not there', () =>
    check(`
      class Main:
          def train(self, d): pass
          def save(self):
              open('a.pt', 'wb')
    `));
  it('may be more than main.py reads', () =>
    withSave(
      `
              open('model.pkl', 'wb')
              open('metrics.json', 'w')`,
      `m = open('model.pkl', 'rb')`,
    ));
  it('may be artifacts', () =>
    withSave(
      `
              open(os.path.join(os.environ['artifacts_directory'], 'a.pkl'), 'wb')`,
      `m = open('model.pkl', 'rb')`,
      `
      import os`,
    ));
});

describe('writing into the dataset', () => {
  const train = (body: string, around: Surroundings = {}) =>
    check(
      `
      import os, shutil
      from pathlib import Path
      class Main:
          def train(self, data_directory):${body}
          def save(self): pass
    `,
      around,
    );
  it('fails', () =>
    train(`
              open(os.path.join(data_directory, 'x.txt'), 'w')
                   ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ dataset-written`));
  it('is not reading', () =>
    train(`
              open(os.path.join(data_directory, 'x.txt'))`));
  it('is found by f-strings, sums and pathlib', () =>
    train(`
              open(f"{data_directory}/{name}.txt", 'w')
                   ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ dataset-written
              open(data_directory + '/a.txt', 'a')
                   ~~~~~~~~~~~~~~~~~~~~~~~~~ dataset-written
              (Path(data_directory) / 'b.txt').write_text('b')
              ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ dataset-written`));
  it('is found through variables and attributes', () =>
    train(`
              path = os.path.join(data_directory, 'cache')
              self.directory = data_directory
              os.makedirs(path, exist_ok=True)
                          ~~~~ dataset-written
              self.clean()
          def clean(self):
              shutil.rmtree(self.directory)
                            ~~~~~~~~~~~~~~ dataset-written`));
  it('is found in functions that get the path', () =>
    check(`
      import os
      def prepare(folder, name):
          with open(os.path.join(folder, name), 'w') as f:
                    ~~~~~~~~~~~~~~~~~~~~~~~~~~ dataset-written
              f.write('x')
      class Main:
          def train(self, data):
              prepare(data, 'x.txt')
          def save(self): pass
    `));
  it('is not writing beside it', () =>
    train(`
              open(os.path.join(data_directory, '..', 'x.txt'), 'w')
              open(os.path.join(os.path.dirname(data_directory), 'x.txt'), 'w')
              open('x.txt', 'w')`));
  it('is fine where every pipeline gives a copy', () => {
    const pipelines = [{ name: 'p', package: '.', datasetAccess: 'copy' as const }];
    const source = `class Main:\n  def train(self, d):\n    open(d + '/a', 'w')\n  def save(self): pass`;
    expect(findingsOf(source, { pipelines })).toEqual([]);
    expect(findingsOf(source).map((one) => one.code)).toEqual(['dataset-written']);
  });
  it('is not looked for in code that train does not reach', () =>
    check(`
      class Main:
          def train(self, d): pass
          def other(self, d):
              open(d + '/a', 'w')
          def save(self): pass
    `));
});
