import { describe, it } from 'vitest';
import { check } from './support/checkSource';

describe('methods', () => {
  const check1 = (body: string) => check(`class Main:\n${body.replace(/^\n/, '').replace(/^ {4}/gm, '')}`);
  it('are both missing', () =>
    check(`
      class Main:
            ~~~~ train-missing
            ~~~~ save-missing
          pass
    `));
  it('are missing where they are functions of another method', () =>
    check(`
      class Main:
            ~~~~ train-missing
            ~~~~ save-missing
          def __init__(self):
              def train(self, d): pass
              def save(self): pass
    `));
  it('are missing at the wrong indentation', () =>
    check(`
      class Main:
            ~~~~ train-missing
            ~~~~ save-missing
          def __init__(self): pass
      def train(self, d): pass
      def save(self): pass
    `));
  it('have the right signatures with defaults, stars and keyword-only defaults', () =>
    check1(`
          def __init__(self, a=1, *args, b=2, **kw): pass
          def train(self, data, /, epochs=3, *, lr=0.1): pass
          def save(self, *args): pass
    `));
  it('take positional-only self', () =>
    check1(`
          def train(self, data, /): pass
          def save(self, /): pass
    `));
  it('have parameters without a value', () =>
    check(`
      class Main:
          def __init__(self, config): pass
                      ~~~~~~~~~~~~~~ init-signature
          def train(self, data, epochs): pass
                   ~~~~~~~~~~~~~~~~~~~~ train-signature
          def save(self, path): pass
                  ~~~~~~~~~~~~ save-signature
    `));
  it('have keyword-only parameters without a value', () =>
    check(`
      class Main:
          def train(self, data, *, lr): pass
                   ~~~~~~~~~~~~~~~~~~~ train-signature
          def save(self, *, path): pass
                  ~~~~~~~~~~~~~~~ save-signature
    `));
  it('lack a parameter', () =>
    check(`
      class Main:
          def __init__(): pass
                      ~~ init-signature
          def train(self): pass
                   ~~~~~~ train-signature
          def save(): pass
                  ~~ save-signature
    `));
  it('may be static or class methods', () =>
    check(`
      class Main:
          @staticmethod
          def train(data): pass
          @classmethod
          def save(cls): pass
    `));
  it('are wrong as static methods with self', () =>
    check(`
      class Main:
          @staticmethod
          def train(self, data): pass
                   ~~~~~~~~~~~~ train-signature
          @staticmethod
          def save(self): pass
                  ~~~~~~ save-signature
    `));
  it('are wrong as class methods without a parameter', () =>
    check(`
      class Main:
          @classmethod
          def train(cls): pass
                   ~~~~~ train-signature
          def save(self): pass
    `));
  it('are wrong as properties that return nothing', () =>
    check(`
      class Main:
          @property
          def train(self): pass
                   ~~~~~~ train-signature
          @property
          def save(self):
              return self._save
    `));
  it('are not judged under decorators that can’t be followed', () =>
    check(`
      import other
      class Main:
          @other.retry(3)
          def train(self): pass
          @other.log
          def save(self, path): pass
    `));
  it('are judged under decorators that pass arguments on', () =>
    check(`
      import functools
      def log(f):
          @functools.wraps(f)
          def inner(*args, **kwargs):
              return f(*args, **kwargs)
          return inner
      def same(f):
          return f
      class Main:
          @log
          def train(self): pass
                   ~~~~~~ train-signature
          @same
          def save(self, path): pass
                  ~~~~~~~~~~~~ save-signature
    `));
  it('are judged by the function that a decorator puts in their place', () =>
    check(`
      def fixed(f):
          def inner(self):
              return f(self, 'model.pt')
          return inner
      class Main:
          def train(self, d): pass
          @fixed
          def save(self, path): pass
    `));
  it('are neither async nor generators', () =>
    check(`
      class Main:
          async def train(self, d): pass
                    ~~~~~ method-async
          def save(self):
              ~~~~ method-generator
              yield 1
    `));
  it('are async as async generators', () =>
    check(`
      class Main:
          async def train(self, d):
                    ~~~~~ method-async
              yield 1
          def save(self):
              return [(yield_) for yield_ in ()]
    `));
  it('are no generators for what functions inside of them yield', () =>
    check(`
      class Main:
          def train(self, d):
              def batches():
                  yield 1
              for b in batches(): pass
          def save(self): pass
    `));
  it('may be assigned', () =>
    check(`
      def fit(self, d): pass
      class Main:
          train = fit
          save = lambda self: None
    `));
  it('are wrong as values', () =>
    check(`
      class Main:
          train = None
          ~~~~~ train-signature
          save = lambda: None
                 ~~~~~~~~~~~~ save-signature
    `));
  it('may be set later', () =>
    check(`
      class Main: pass
      def fit(self, d): pass
      Main.train = fit
      Main.save = lambda self: None
    `));
  it('may be attributes of the instance', () =>
    check(`
      class Main:
          def __init__(self):
              self.train = self.fit
              self.save = print
    `));
  it('may be inherited from a class of the file', () =>
    check(`
      class Base:
          def train(self, d): pass
          def save(self): pass
      class Main(Base): pass
    `));
  it('are wrong at their own definition when inherited', () =>
    check(`
      class Base:
          def train(self): pass
                   ~~~~~~ train-signature
          def save(self): pass
      class Main(Base): pass
    `));
  it('may be inherited from outside', () =>
    check(`
      from torch import nn
      class Main(nn.Module):
          def save(self): pass
    `));
  it('may be inherited from a module of the package', () =>
    check(
      `
      from base import Base
      class Main(Base):
            ~~~~ save-missing
          pass
      `,
      { files: { 'base.py': 'class Base(object):\n  def train(self, d): pass\n' } },
    ));
  it('are looked for in the order of the bases', () =>
    check(`
      class A:
          def train(self, d): pass
      class B:
          def train(self): pass
          def save(self): pass
      class Main(A, B): pass
    `));
  it('may come by __getattr__', () =>
    check(`
      class Main:
          def __getattr__(self, name): return print
    `));
  it('leave none abstract', () =>
    check(`
      from abc import ABC, abstractmethod
      class Base(ABC):
          @abstractmethod
          def save(self): pass
          @abstractmethod
          def predict(self): pass
      class Main(Base):
            ~~~~ init-signature
          def train(self, d): pass
          def save(self): pass
    `));
  it('build a dataclass whose fields have values', () =>
    check(`
      from dataclasses import dataclass, field
      @dataclass
      class Main:
          a: int = 1
          b: list = field(default_factory=list)
          def train(self, d): pass
          def save(self): pass
    `));
  it('can’t build a dataclass with a field that has none', () =>
    check(`
      from dataclasses import dataclass
      @dataclass
      class Main:
          lr: float
          ~~ init-signature
          def train(self, d): pass
          def save(self): pass
    `));
  it('are not missing beside a syntax error', () =>
    check(`
      class Main:
          def train(self, d):
              x = (1
                  ~ syntax
    `));
});
