import { expect, test } from 'vitest';
import type { PackageFiles } from '../../../server/src/python/modules';
import { requirementFindings } from '../../../server/src/requirements/requirementFindings';

function filesOf(texts: Readonly<Record<string, string>>): PackageFiles {
  return {
    readText: (path) => texts[path],
    isFile: (path) => path in texts,
    isFolder: () => false,
    list: () => Object.keys(texts),
  };
}

/** `code line:from-to`, of requirements.txt unless the file is named. */
function found(texts: string | Readonly<Record<string, string>>, python?: string): string[] {
  const files = typeof texts === 'string' ? { 'requirements.txt': texts } : texts;
  return requirementFindings(filesOf(files), python).map(({ code, file, range: { start, end } }) => {
    const prefix = file === 'requirements.txt' ? '' : `${file} `;
    return `${prefix}${code.replace('requirement-', '')} ${start.line}:${start.character}-${end.character}`;
  });
}

test.each([
  ['numpy', 'a bare name'],
  ['numpy==1.24.*', 'a wildcard'],
  ['torch==2.0.1+cu118', 'a local label'],
  ['uvicorn[standard] >= 0.20, < 1', 'extras and ranges'],
  ['pkg @ https://example.org/pkg.whl ; python_version < "3.9"', 'an address with a marker'],
  ['git+https://example.org/pkg.git@main#egg=pkg', 'a repository'],
  ['./local/wheel-1.0-py3-none-any.whl', 'a local wheel'],
  ['-r other.txt\n--extra-index-url https://example.org/simple\n-e .\n-c constraints.txt', 'options'],
  ['numpy==1.24 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def', 'hashes on continued lines'],
  ['# only a comment\n\n  # another', 'comments'],
  ['private==${VERSION}', 'a variable of the environment'],
  ['\ufeffnumpy\r\npandas\r', 'a byte-order mark and mixed line ends'],
  ['numpy>=1.0,', 'a comma at the end'],
])('pip reads %j: %s', (text) => expect(found(text)).toEqual([]));

test.each([
  ['numpy=1.24', ['syntax 0:0-10']],
  ['numpy\nimport torch  # no\n', ['syntax 1:0-12']],
  ['  pip install numpy', ['syntax 0:2-19']],
  ['numpy==', ['syntax 0:0-7']],
  ['numpy>=1.0 <2.0', ['syntax 0:0-15']],
  ['numpy>=1.*', ['syntax 0:0-10']],
  ['numpy[extra', ['syntax 0:0-11']],
  ['numpy; python_verson < "3.8"', ['syntax 0:0-28']],
  ['--no-such-option', ['syntax 0:0-16']],
  ['-r', ['syntax 0:0-2']],
  ['[tool.poetry]', ['syntax 0:0-13']],
  ['numpy @', ['syntax 0:0-7']],
])('pip refuses a line of %j', (text, expected) => expect(found(text)).toEqual(expected));

test.each([
  ['numpy==1.24\nNumPy==1.26', ['conflict 1:0-11']],
  ['numpy<2\nnumpy>=2', ['conflict 1:0-8']],
  ['scikit-learn~=1.4.0\nscikit_learn==1.5.1', ['conflict 1:0-19']],
  ['a @ https://example.org/1.whl\na @ https://example.org/2.whl', ['conflict 1:0-29']],
  ['torch==2.0+cpu\ntorch==2.0+cu118', ['conflict 1:0-16']],
  ['numpy>2,<1', ['conflict 0:0-10']],
])('finds the contradiction in %j', (text, expected) => expect(found(text)).toEqual(expected));

test.each([
  'numpy==1.24\nnumpy>=1.20',
  'numpy\nnumpy==1.26',
  'numpy==1.24; python_version < "3.9"\nnumpy==1.26; python_version >= "3.9"',
  'torch==2.0; sys_platform == "linux"\ntorch==2.1; sys_platform != "linux"',
  'torch==2.0; platform_machine == "x86_64"\ntorch==2.1; platform_machine == "aarch64"',
  'torch==2.0+cpu\ntorch==2.0',
  'a==1\na @ https://example.org/a.whl',
])('sees no contradiction in %j', (text) => expect(found(text)).toEqual([]));

test('the configured Python decides which markers apply', () => {
  const text = 'numpy==1.24; python_version < "3.10"\nnumpy==1.26; python_version < "3.12"';
  expect(found(text)).toEqual(['conflict 1:0-36']);
  expect(found(text, '3.11')).toEqual([]);
});

test('train_requirements.txt is installed beside requirements.txt', () => {
  const texts = { 'requirements.txt': 'numpy==1.24', 'train_requirements.txt': 'torch\nnumpy==1.26' };
  expect(found(texts)).toEqual(['train_requirements.txt conflict 1:0-11']);
});
