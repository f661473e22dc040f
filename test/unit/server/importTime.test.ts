import { describe, it } from 'vitest';
import { check } from './support/checkSource';

const main = `
      class Main:
          def train(self, d): pass
          def save(self): pass`;

describe('work at import time', () => {
  it('is building Main', () =>
    check(`${main}
      Main()
      ~~~~~~ import-time-work
    `));
  it('is a call of a method', () =>
    check(`${main}
      m = Main()
          ~~~~~~ import-time-work
      m.train('data')
      ~~~~~~~~~~~~~~~ import-time-work
    `));
  it('is one finding for a chain', () =>
    check(`${main}
      Main().train('data')
      ~~~~~~~~~~~~~~~~~~~~ import-time-work
    `));
  it('is nothing under the guard', () =>
    check(`${main}
      if __name__ == "__main__":
          m = Main()
          m.train('/home/me/data')
          m.save()
    `));
  it('is nothing under the guard the other way round', () =>
    check(`${main}
      if '__main__' == __name__:
          Main().train('x')
    `));
  it('is what comes after a guard that ends early', () =>
    check(`${main}
      if __name__ == "__main__":
          m = Main()
      m.train('data')
      ~~~~~~~~~~~~~~~ import-time-work
    `));
  it('is what stands in the else of the guard', () =>
    check(`${main}
      if __name__ == "__main__":
          pass
      else:
          Main()
          ~~~~~~ import-time-work
    `));
  it('is a function of the file that trains', () =>
    check(`${main}
      def run():
          m = Main()
          m.train('x')
      run()
      ~~~~~ import-time-work
    `));
  it('is a function that calls another one that trains', () =>
    check(`${main}
      def inner(): Main().train('x')
      def run(): inner()
      run()
      ~~~~~ import-time-work
    `));
  it('is not a function that is not called', () =>
    check(`${main}
      def run():
          Main().train('x')
    `));
  it('is not a function that does something else', () =>
    check(`${main}
      def setup(): print('hello')
      setup()
    `));
  it('is found in a loop, a try and a with', () =>
    check(`${main}
      for i in range(3):
          Main()
          ~~~~~~ import-time-work
      try:
          Main()
          ~~~~~~ import-time-work
      except Exception:
          pass
    `));
  it('is found through an alias', () =>
    check(`${main}
      Trainer = Main
      Trainer()
      ~~~~~~~~~ import-time-work
    `));
  it('is found in the body of a class', () =>
    check(`${main}
      class Other:
          main = Main()
                 ~~~~~~ import-time-work
    `));
  it('is found for an imported Main', () =>
    check(
      `
      from model import Main
      m = Main()
          ~~~~~~ import-time-work
      `,
      { files: { 'model.py': 'class Main:\n def train(self, d): pass\n def save(self): pass' } },
    ));
});
