import { describe, it } from 'vitest';
import { check, type Surroundings } from './support/checkSource';

const code = (body: string, around: Surroundings = {}) =>
  check(
    `
      import os
      class Main:
          def train(self, d): pass
          def save(self): pass${body}
    `,
    around,
  );
const names = ['artifacts_directory', 'save_training_data', 'epochs', 'lr'];

describe('parameters', () => {
  it('are misspelt', () =>
    code(`
      a = os.environ['artifact_directory']
                     ~~~~~~~~~~~~~~~~~~~~ parameter-typo
      b = os.environ.get("artifacts_dirctory", 'x')
                         ~~~~~~~~~~~~~~~~~~~~ parameter-typo
      c = os.getenv('ARTIFACTS_DIRECTORY')
                    ~~~~~~~~~~~~~~~~~~~~~ parameter-typo
      d = 'save_trainig_data' in os.environ
          ~~~~~~~~~~~~~~~~~~~ parameter-typo`));
  it('are spelt right', () =>
    code(`
      a = os.environ['artifacts_directory']
      b = os.environ.get('save_training_data')
      c = os.environ['HOME'] + os.environ['data_directory'] + os.environ['test_data_directory']`));
  it('are misspelt names of the pipeline', () =>
    code(
      `
      a = os.environ['epoch']
                     ~~~~~~~ parameter-typo
      b = os.environ['LR']
                     ~~~~ parameter-typo
      c = os.environ['id']`,
      { parameterNames: names },
    ));
  it('may be set by the code', () =>
    code(`
      os.environ['artifact_directory'] = 'x'
      b = os.environ['artifact_directory']`));
  it('are read by other names of environ', () =>
    check(`
      from os import environ as env, getenv
      a = env['artifact_directory']
              ~~~~~~~~~~~~~~~~~~~~ parameter-typo
      b = getenv('artifact_directory')
                 ~~~~~~~~~~~~~~~~~~~~ parameter-typo
      class Main:
          def train(self, d): pass
          def save(self): pass
    `));
  it('are not other dictionaries', () =>
    code(`
      environ = {}
      a = environ['artifact_directory']`));
  it('have an alias', () =>
    code(`
      a = os.environ['save_data']
                     ~~~~~~~~~~~ parameter-alias`));
  it('are compared with booleans and numbers', () =>
    code(`
      a = os.environ['save_training_data'] == True
          ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ parameter-text
      b = os.environ.get('epochs') > 5
          ~~~~~~~~~~~~~~~~~~~~~~~~~~~~ parameter-text
      c = os.getenv('x') is False
          ~~~~~~~~~~~~~~~~~~~~~~~ parameter-text
      d = 1 != os.environ['x']
          ~~~~~~~~~~~~~~~~~~~~ parameter-text
      e = os.environ['x'] in (1, 2)
          ~~~~~~~~~~~~~~~~~~~~~~~~~ parameter-text`));
  it('are compared through a variable', () =>
    check(`
      import os
      class Main:
          def __init__(self):
              self.epochs = os.environ['epochs']
          def train(self, d):
              flag = os.environ['flag']
              if flag == True: pass
                 ~~~~~~~~~~~~ parameter-text
              while self.epochs > 3: pass
                    ~~~~~~~~~~~~~~~ parameter-text
          def save(self): pass
    `));
  it('are tested for truth', () =>
    code(`
      if os.environ['save_training_data']: pass
         ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ parameter-text
      a = bool(os.environ.get('save_training_data'))
               ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ parameter-text
      if os.environ.get('other'): pass`));
  it('are compared rightly', () =>
    check(`
      import os
      class Main:
          def train(self, d):
              epochs = int(os.environ['epochs'])
              if epochs > 3: pass
              if os.environ['flag'] == 'true': pass
              if os.environ.get('x') is None: pass
              n = os.environ['n']
              n = int(n)
              if n > 3: pass
          def save(self): pass
    `));
});

describe('absolute paths', () => {
  it('are those of one machine', () =>
    code(`
      a = '/home/me/data/x.csv'
          ~~~~~~~~~~~~~~~~~~~~~ absolute-path
      b = r"C:\\Users\\me"
          ~~~~~~~~~~~~~~ absolute-path
      c = f"/Users/{a}/x"
      d = '/content/drive/x'
          ~~~~~~~~~~~~~~~~~~ absolute-path`));
  it('are not those of every system, of the web or in docstrings', () =>
    code(`
      """/home/me/data is where it was"""
      a = '/tmp/x', '/dev/null', '/', '/predict', 'https://x.org/home/me', '/home'`));
  it('are not asked for in the guard', () =>
    code(`
      if __name__ == '__main__':
          Main().train('/home/me/data')`));
});
