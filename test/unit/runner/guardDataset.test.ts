import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardDataset } from '../../../runner/src/run/guardDataset';

let home: string;
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'tp-home-')));
  for (const path of ['.ssh', '.aws/sso', '.config/training-pipelines', '.local/share/docker/volumes', 'work/data'])
    mkdirSync(join(home, path), { recursive: true });
  symlinkSync(join(home, '.ssh'), join(home, 'work', 'keys'));
  symlinkSync('/', join(home, 'work', 'all'));
  symlinkSync(join(home, 'work', 'data'), join(home, 'work', 'link'));
});
afterAll(() => rmSync(home, { recursive: true }));

const guard = (path: string): Promise<string> =>
  guardDataset({ workspace: '/elsewhere', storeFolder: '/elsewhere/store', homeFolder: home }, path, path);

describe('a folder with data', () => {
  it('is its real place, also by way of a link', async () => {
    expect(await guard(join(home, 'work', 'link'))).toBe(join(home, 'work', 'data'));
  });

  it.each([
    '',
    '.ssh',
    '.aws/sso',
    '.config/training-pipelines',
    '.local/share/docker/volumes',
    'work/keys',
    'work/all',
  ])('is never ~/%s', async (path) => {
    await expect(guard(join(home, path))).rejects.toMatchObject({ code: 'dataset-refused' });
  });

  it.each(['/', '/etc', '/proc', '/var/lib', '/tmp'])('is never %s', async (path) => {
    await expect(guard(path)).rejects.toMatchObject({ code: 'dataset-refused' });
  });
});
