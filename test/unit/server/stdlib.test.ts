import { expect, test } from 'vitest';
import { addedSince, isStandardModule, pythonMinor, removedSince } from '../../../server/src/python/stdlib';

test.each([
  'os',
  'os.path',
  'json',
  '__future__',
  '_thread',
  'tomllib',
  'distutils.core',
  'msvcrt',
  'concurrent.futures',
])('%s is a module of the standard library', (name) => expect(isStandardModule(name)).toBe(true));

test.each(['numpy', 'yaml', 'ConfigParser', 'cPickle', 'osx', ''])('%j is none', (name) => {
  expect(isStandardModule(name)).toBe(false);
});

test.each([
  ['imp', 12],
  ['distutils.util', 12],
  ['cgi', 13],
  ['binhex', 11],
  ['xml.etree.cElementTree', 9],
  ['tkinter.tix', 13],
  ['cPickle', 0],
])('%s is gone since 3.%i', (name, minor) => expect(removedSince(name)).toBe(minor));

test('what stayed is not gone', () => {
  expect(['xml.etree.ElementTree', 'tkinter', 'importlib'].map(removedSince)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([addedSince('tomllib'), addedSince('zoneinfo'), addedSince('json')]).toEqual([11, 9, undefined]);
});

test('only versions of Python 3 are understood', () => {
  expect(['3.11', '3.11.7', ' 3.9 ', '2.7', '3', 'three', undefined].map(pythonMinor)).toEqual([
    11,
    11,
    9,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
