import { describe, expect, it } from 'vitest';
import { escapeWarnings, unjudged } from '../../../runner/src/engine/docker/knownEscapes';

const warned = (engine: string, runc: string, hasAuthorization = false): string[] =>
  escapeWarnings('lab', { engine, runc, hasAuthorization }).flatMap(
    ({ message }) => message.match(/CVE-\d+-\d+/g) ?? [],
  );

const of2025 = ['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'];

describe('an engine with a known escape', () => {
  it.each([
    ['1.0.0-rc6', ['CVE-2019-5736', ...of2025]],
    ['1.0.0-rc7', of2025],
    ['1.0.0-rc93', ['CVE-2024-21626', ...of2025]],
    ['1.1.11', ['CVE-2024-21626', ...of2025]],
    ['1.1.12', of2025],
    ['1.2.7', of2025],
    ['1.2.8', []],
    ['1.3.0', of2025],
    ['1.3.2', of2025],
    ['1.3.3', []],
    ['1.4.0-rc.2', of2025],
    ['1.4.0-rc.3', []],
    ['1.4.0', []],
    ['', []],
    ['unknown', []],
  ])('is one with runc %j: %j', (runc, expected) => expect(warned('28.0.0', runc)).toEqual(expected));

  it.each([
    ['23.0.14', true],
    ['23.0.15', false],
    ['24.0.9', true],
    ['25.0.5', true],
    ['25.0.6', false],
    ['26.1.4', true],
    ['26.1.5', false],
    ['27.1.0', true],
    ['27.1.1', false],
    ['28.0.0', false],
  ])('is Docker %s with an authorization plugin: %s', (engine, is) => {
    expect(warned(engine, '1.3.3', true)).toEqual(is ? ['CVE-2024-41110'] : []);
    expect(warned(engine, '1.3.3', false)).toEqual([]);
  });

  it('is not judged by the number of a distribution’s build', () => {
    const versions = { engine: '20.10.24+dfsg1', runc: '1.1.5+ds1', hasAuthorization: true };
    expect(escapeWarnings('lab', versions)).toEqual([]);
    expect(unjudged(versions)).toMatch(/Docker 20\.10\.24\+dfsg1 and runc 1\.1\.5\+ds1: a distribution's build/);
    expect(unjudged({ engine: '28.0.0', runc: '1.3.3', hasAuthorization: false })).toBeUndefined();
  });

  it('is told with where it was mended and the source', () => {
    const [warning] = escapeWarnings('lab', { engine: '28.0.0', runc: '1.1.11', hasAuthorization: false });
    expect(warning).toMatchObject({ code: 'engine-escape' });
    expect(warning?.message).toMatch(/^lab has .*Mended in runc 1\.1\.12; .*https:\/\/github\.com\/opencontainers/);
  });
});
