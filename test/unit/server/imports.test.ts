import { describe, it } from 'vitest';
import { check, type Surroundings } from './support/checkSource';

const code = (imports: string, around: Surroundings = {}) =>
  check(
    `${imports}
      class Main:
          def train(self, d): pass
          def save(self): pass
    `,
    around,
  );
const required = (text: string, files: Record<string, string> = {}) => ({
  files: { 'requirements.txt': text, ...files },
});

describe('imports', () => {
  it('are unknown beside a requirements file', () =>
    code(
      `
      import pandas as pd
             ~~~~~~ import-unknown
      from torch.nn import Linear
           ~~~~~~~~ import-unknown
      import os, json`,
      required('numpy\n'),
    ));
  it('are not asked for without one', () =>
    code(`
      import pandas`));
  it('are known by other names', () =>
    code(
      `
      import cv2, PIL, sklearn.svm, yaml`,
      required('opencv-python-headless\nPillow>=9\nscikit_learn==1.0\nPyYAML\n'),
    ));
  it('are of the package', () =>
    code(
      `
      import helper
      from lib.sub import x
      import space.thing`,
      required('numpy', { 'helper.py': '', 'lib/__init__.py': '', 'lib/sub.py': 'x = 1', 'space/thing.py': '' }),
    ));
  it('may be in train_requirements.txt', () =>
    code(
      `
      import pandas`,
      required('', { 'train_requirements.txt': 'pandas' }),
    ));
  it('may be tried', () =>
    code(
      `
      try:
          import pandas
      except ImportError:
          pandas = None`,
      required(''),
    ));
  it('are let be where the search path leads out of the package', () =>
    code(
      `
      import sys
      sys.path.append('..')
      import common`,
      required(''),
    ));
  it('are found along the search path', () =>
    code(
      `
      import sys
      sys.path.insert(0, 'src')
      import common
      import other
             ~~~~~ import-unknown`,
      required('', { 'src/common.py': '' }),
    ));
  it('are let be where a requirement may be anything', () =>
    code(
      `
      import special`,
      required('git+https://example.org/x.git'),
    ));
  it('come with other distributions', () =>
    code(
      `
      import numpy`,
      required('pandas'),
    ));
  it('are removed from the chosen Python', () =>
    code(
      `
      import imp
             ~~~ import-removed
      from distutils.util import strtobool
           ~~~~~~~~~~~~~~ import-removed`,
      { python: '3.12' },
    ));
  it('are not removed yet', () =>
    code(
      `
      import imp`,
      { python: '3.11' },
    ));
  it('are not judged without a Python', () =>
    code(`
      import imp`));
  it('may be tried where they were removed', () =>
    code(
      `
      import sys
      try:
          import imp
      except ImportError:
          pass
      if sys.version_info < (3, 12):
          import asyncore`,
      { python: '3.13' },
    ));
  it('may be a way out', () =>
    code(
      `
      try:
          from queue import Queue
      except ImportError:
          from Queue import Queue
      if PY3:
          import io
      else:
          import StringIO`,
      { python: '3.13' },
    ));
  it('may be provided', () =>
    code(
      `
      import distutils`,
      { python: '3.12', ...required('setuptools') },
    ));
});

describe('modules of the package', () => {
  it('are refused where Python refuses them', () =>
    code(
      `
      import helper`,
      {
        files: {
          'helper.py': `
        def f(:
              ~ syntax
      `,
        },
      },
    ));
  it('are looked at through others', () =>
    code(
      `
      from lib import a`,
      {
        files: {
          'lib/__init__.py': '',
          'lib/a.py': 'from . import b',
          'lib/b.py': `
        x = = 1
            ~ syntax
      `,
        },
      },
    ));
  it('are refused where the chosen Python is too old for them', () =>
    code(
      `
      import helper`,
      {
        python: '3.9',
        files: {
          'helper.py': `
        match x:
        ~~~~~ syntax
            case 1: pass
      `,
        },
      },
    ));
  it('are let be where nobody imports them', () => code(``, { files: { 'other.py': 'x = = 1' } }));
});
