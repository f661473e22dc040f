import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseParameter, readSecret, requestOf, secretsFor } from '../../../runner/src/cli/runOptions';
import { aRun } from '../../support/fakeRunner';

const place = { currentFolder: '/here', environment: { TOKEN: 'from outside', EMPTY: '' } };

describe('parameters', () => {
  test.each([
    ['epochs=20', ['epochs', '20']],
    ['empty=', ['empty', '']],
    ['query=a=b=c', ['query', 'a=b=c']],
    ['text= two  words ', ['text', ' two  words ']],
    ['=x', ['', 'x']],
  ])('%j', (text, expected) => expect(parseParameter(text)).toEqual(expected));

  test('without = it is refused', () => {
    expect(() => parseParameter('epochs')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('secrets', () => {
  test('come from the environment, also empty ones', () => {
    expect(readSecret('TOKEN', place.environment)).toEqual(['TOKEN', 'from outside']);
    expect(readSecret('EMPTY', place.environment)).toEqual(['EMPTY', '']);
  });

  test('come from a file descriptor, without the line end', () => {
    const file = join(tmpdir(), `tp-secret-${process.pid}`);
    writeFileSync(file, 'a=b\nc\n');
    const descriptor = openSync(file, 'r');
    try {
      expect(readSecret(`KEY=@${descriptor}`, {})).toEqual(['KEY', 'a=b\nc']);
    } finally {
      closeSync(descriptor);
      rmSync(file);
    }
  });

  test.each([
    ['NOT_THERE', 'parameter-invalid'],
    ['KEY=@9999', 'parameter-invalid'],
    ['KEY=value', 'usage'],
    ['KEY=', 'usage'],
  ])('%j is %s', (text, code) => {
    expect(() => readSecret(text, place.environment)).toThrow(expect.objectContaining({ code }));
  });

  test('of a run that goes on are those that it hides and the environment has', () => {
    const run = aRun({ parameters: { TOKEN: '***', OTHER: '***', plain: 'x', EMPTY: 'y' } });
    expect(secretsFor(run, place.environment)).toEqual({ TOKEN: 'from outside' });
  });
});

describe('the request', () => {
  test('holds what was given and nothing else', () => {
    expect(requestOf(place, undefined, { check: true })).toEqual({
      limits: {},
      parameters: {},
      secrets: {},
      noCheck: false,
      currentFolder: '/here',
    });
  });

  test('has limits, parameters and secrets; the last value of a parameter counts', () => {
    const request = requestOf(place, 'digits', {
      check: false,
      dataset: 'data',
      env: ['a=1', 'a=2'],
      secret: ['TOKEN'],
      memory: '8g',
      timeout: '2h',
    });
    expect(request).toEqual({
      package: 'digits',
      dataset: 'data',
      limits: { memory: '8g', timeout: '2h' },
      parameters: { a: '2' },
      secrets: { TOKEN: 'from outside' },
      noCheck: true,
      currentFolder: '/here',
    });
  });
});
