import { expect, test } from 'vitest';
import { configurationFindings } from '../../../server/src/configuration/configurationFindings';

const folders = new Set(['digits', 'data/digits', 'empty']);
const files = new Set(['digits/train.py', 'data.csv']);
const workspace = {
  kindOf: (path: string): 'file' | 'folder' | undefined =>
    folders.has(path) ? 'folder' : files.has(path) ? 'file' : undefined,
};

/** `code severity: the text that the range covers`. */
function found(text: string): string[] {
  const lines = text.split('\n');
  return configurationFindings(text, workspace).map(({ code, severity, range: { start, end } }) => {
    const line = lines[start.line] ?? '';
    const covered = start.line === end.line ? line.slice(start.character, end.character) : '…';
    return `${code} ${severity}: ${covered}`;
  });
}

const pipeline = (more: string): string =>
  `{ "pipelines": [{ "name": "a", "package": "digits", "dataset": "data/digits"${more === '' ? '' : `, ${more}`} }] }`;

test.each([
  ['an empty file', ''],
  [
    'comments and trailing commas',
    '{\n  // here\n  "pipelines": [\n    { "name": "a", "package": "digits", "dataset": "data/digits", }, /* x */\n  ],\n}',
  ],
  [
    'everything that a pipeline can say',
    pipeline(
      '"from": "1.0", "datasetAccess": "copy", "gpu": "0,1", "engine": "docker", "image": "python:3.11", "network": "none", "parameters": { "a": "1" }, "secrets": ["b"], "limits": { "memory": "8g", "cpus": 4, "shm": "512m", "timeout": "1h30m" }',
    ),
  ],
  ['a count of GPUs', pipeline('"gpu": 2')],
  ['a package', '{ "$schema": "x", "packages": { "digits": { "name": "digits", "python": "3.11" } } }'],
])('nothing is wrong with %s', (_, text) => expect(found(text)).toEqual([]));

test.each([
  ['{ "pipelines": [ }', ['config-syntax error: }']],
  ['{ "pipelnes": [] }', ['config-unknown-key warning: "pipelnes"']],
  [pipeline('"colour": 1'), ['config-unknown-key warning: "colour"']],
  [pipeline('"limits": { "ram": "1g" }'), ['config-unknown-key warning: "ram"']],
  ['{ "packages": { "digit": {} } }', ['config-package error: "digit"']],
  ['{ "packages": { "empty": {} } }', ['config-package error: "empty"']],
  ['{ "packages": { "digits": { "name": "a b" } } }', ['config-name error: "a b"']],
  ['{ "packages": { "digits": { "python": "2.7" } } }', ['config-version error: "2.7"']],
  [
    '{ "pipelines": [{ "name": "a", "package": "nowhere", "dataset": "data/digits" }] }',
    ['config-package error: "nowhere"'],
  ],
  ['{ "pipelines": [{ "name": "a", "package": "digits" }] }', ['config-dataset warning: "a"']],
  [
    '{ "pipelines": [{ "name": "a", "package": "digits", "dataset": "data/digit" }] }',
    ['config-dataset error: "data/digit"'],
  ],
  [
    '{ "pipelines": [{ "name": "a", "package": "digits", "dataset": "data.csv" }] }',
    ['config-dataset error: "data.csv"'],
  ],
  [pipeline('"name": "b"'), ['config-duplicate error: "name"']],
  [
    '{ "pipelines": [{ "name": "a", "package": "digits", "dataset": "data/digits" },\n{ "name": "a", "package": "digits", "dataset": "data/digits" }] }',
    ['config-duplicate error: "a"'],
  ],
  [pipeline('"from": "v1"'), ['config-version error: "v1"']],
  [pipeline('"gpu": "two of them"'), ['config-gpu error: "two of them"']],
  [pipeline('"limits": { "memory": "8 gigs" }'), ['config-limit error: "8 gigs"']],
  [pipeline('"limits": { "timeout": "soon" }'), ['config-limit error: "soon"']],
  [pipeline('"limits": { "cpus": 0 }'), ['config-limit error: 0']],
  [pipeline('"parameters": { "batch size": "1" }'), ['config-parameter error: "batch size"']],
  [pipeline('"parameters": { "1st": "1" }'), ['config-parameter error: "1st"']],
  [pipeline('"parameters": { "epochs": 3 }'), ['config-type error: 3']],
  [pipeline('"parameters": { "save_training_data": "yes" }'), ['config-parameter error: "yes"']],
  [pipeline('"parameters": { "artifacts_directory": "../out" }'), ['config-parameter error: "../out"']],
  [pipeline('"parameters": { "save_data": "true" }'), ['config-parameter warning: "save_data"']],
  [pipeline('"parameters": { "a": "1" }, "secrets": ["a"]'), ['config-duplicate error: "a"']],
  [pipeline('"network": "host"'), ['config-type error: "host"']],
])('finds what is wrong in %s', (text, expected) => expect(found(text)).toEqual(expected));
