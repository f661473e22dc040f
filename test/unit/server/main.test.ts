import { describe, it } from 'vitest';
import { check } from './support/checkSource';

const methods = `
              def train(self, data_directory):
                  pass
              def save(self):
                  pass
`;
const main = `
          class Main:${methods}`;

describe('Main', () => {
  it('is fine as a class with train and save', () => check(main));
  it('is missing where the file has none', () =>
    check(`
      x = 1
      ^ main-missing
    `));
  it('is missing in an empty file', () => check(`^ main-missing`));
  it('is not asked for in a train.py that nobody configured', () => check(`x = 1`, { configured: false }));
  it('may be defined under a condition that is not known', () =>
    check(`
      import os
      if os.environ.get('x'):
          class Main:
              def train(self, d): pass
              def save(self): pass
    `));
  it('must not be defined under a condition that fails in a run', () =>
    check(`
      if __name__ == "__main__":
         ~~~~~~~~~~~~~~~~~~~~~~ main-conditional
          class Main:
              def train(self, d): pass
              def save(self): pass
    `));
  it('may be defined where train is imported by that name', () =>
    check(`
      if __name__ != "__main__":
          class Main:
              def train(self, d): pass
              def save(self): pass
    `));
  it('is judged by its last definition', () =>
    check(`
      class Main:
          pass
      class Main:
          def train(self, d): pass
          def save(self): pass
    `));
  it('is rebound by del', () =>
    check(`${main}
          del Main
              ~~~~ main-rebound
    `));
  it('is rebound by a value', () =>
    check(`${main}
          Main = None
          ~~~~ main-rebound
    `));
  it('is rebound by an instance of itself', () =>
    check(`${main}
          Main = Main()
          ~~~~ main-rebound
    `));
  it('is no class where a function of that name returns nothing', () =>
    check(`
      def Main():
          ~~~~ main-not-class
          pass
    `));
  it('can’t be followed through a call', () =>
    check(`
      def make():
          return 1
      Main = make()
      ~~~~ main-dynamic
    `));
  it('can’t be followed through a wrapper', () =>
    check(`${main}
          Main = wrap(Main)
          ~~~~ main-dynamic
    `));
  it('is followed through an alias', () =>
    check(`
      class Trainer:
          def train(self, d): pass
          def save(self): pass
      Main = Trainer
    `));
  it('is judged at the alias for what is missing', () =>
    check(`
      class Trainer:
          def train(self, d): pass
      Main = Trainer
      ~~~~ save-missing
    `));
  it('is followed into a module of the package', () =>
    check('from model import Main', {
      files: { 'model.py': 'class Main:\n  def train(self, d): pass\n  def save(self): pass' },
    }));
  it('is judged at the import for what is wrong in another module', () =>
    check(
      `
      from lib.model import Trainer as Main
                                       ~~~~ train-signature
                                       ~~~~ save-missing
      `,
      { files: { 'lib/model.py': 'class Trainer:\n  def train(self): pass\n' } },
    ));
  it('is not known where it comes from outside', () =>
    check(`
      from trainers import Main
                           ~~~~ main-dynamic
    `));
  it('is missing where the module of the package has none', () =>
    check(
      `
      from model import Main
      ^ main-missing
      `,
      { files: { 'model.py': 'x = 1' } },
    ));
  it('may come by a star import', () =>
    check('from model import *', {
      files: { 'model.py': 'class Main:\n  def train(self, d): pass\n  def save(self): pass' },
    }));
  it('may come by a star import from outside', () => check('from somewhere import *'));
  it('may come by exec', () => check('exec("class Main: pass")'));
  it('is fine as one of two imports', () =>
    check(`
      try:
          from gpu import Main
                          ~~~~ main-dynamic
      except ImportError:
          class Main:
              def train(self, d): pass
              def save(self): pass
    `));
});
