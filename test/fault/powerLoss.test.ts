/** Power cuts on a real ext4 file system, at random instants while versions are published and trained. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../runner/src/store/openStore';
import { ownIdentity } from '../../runner/src/store/processIdentity';
import { bundleProgram } from '../support/bundle';
import { tellFault } from '../support/faultTable';
import { ImageDisk } from '../support/imageDisk';
import { printedSeed, seededRandom, times } from '../support/random';
import { stagedOf } from '../support/storeValues';

describe('power cuts on ext4', () => {
  let folder = '';
  let program: string;
  let disk: ImageDisk | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tp-power-'));
    program = join(folder, 'storeChild.cjs');
    await bundleProgram('storeChild.ts', program);
    disk = ImageDisk.make(join(folder, 'first'));
  });
  afterAll(async () => {
    disk?.unmount();
    await rm(folder, { recursive: true, force: true });
  });

  /** After the machine has come back: whoever held something is of another boot. */
  async function check(place: string, told: ReadonlyMap<string, string>): Promise<void> {
    const workspace = join(place, 'workspace');
    const identity = async () => ({ ...(await ownIdentity()), boot: 'after the power cut' });
    const store = openStore({ folder: join(workspace, 'store'), workspace, identity });
    const found = new Map<string, string>();
    for (const version of await store.versions.numbers('digits')) {
      const zip = await readFile(store.versions.zipPath('digits', version));
      const digest = `sha256:${createHash('sha256').update(zip).digest('hex')}`;
      expect((await store.versions.read('digits', version))?.sealed.zip).toBe(digest);
      found.set(version, digest);
    }
    for (const [version, digest] of told) expect(found.get(version)).toBe(digest);
    for (const { id } of await store.runs.list()) expect((await store.runs.read(id))?.run.package).toBe('digits');
    const zip = join(workspace, 'new.zip');
    await writeFile(zip, 'new');
    await store.versions.claim('digits', 'digits');
    expect((await store.versions.publish('digits', stagedOf(zip, 'new'), '2026-01-01T00:00:00.000Z')).created).toBe(
      true,
    );
  }

  it('lose nothing that was acknowledged', { timeout: 4 * 3_600_000 }, async () => {
    if (disk === undefined) throw new Error('there is no disk');
    const seed = printedSeed('power cuts on ext4');
    const random = seededRandom(seed);
    const cuts = times(3, 500);
    let acknowledged = 0;
    for (let i = 0; i < cuts; i++) {
      await mkdir(join(disk.folder, 'workspace'), { recursive: true });
      const child = spawn(process.execPath, [program, 'publish', join(disk.folder, 'workspace'), `${i}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const told = new Map<string, string>();
      const gone = once(child, 'exit');
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [word, version = '', digest = ''] = line.split(' ');
        if (word === 'published') told.set(version, digest);
      });
      await once(child.stdout, 'data');
      await delay(random.next() * 400);
      const known = new Map(told);
      child.kill('SIGSTOP');
      const cut = disk.afterPowerCut(join(folder, `cut${i}`));
      try {
        await check(cut.folder, known);
      } finally {
        cut.unmount();
        child.kill('SIGKILL');
        await gone;
      }
      acknowledged += known.size;
      await rm(join(folder, `cut${i}`), { recursive: true });
      await rm(join(disk.folder, 'workspace'), { recursive: true });
    }
    tellFault({
      fault: 'power cut on ext4 (image copied at a random instant, journal replayed)',
      times: cuts,
      held: `${acknowledged} versions acknowledged: 0 lost, 0 half-visible; file system clean`,
      seed,
    });
    expect(acknowledged).toBeGreaterThan(0);
  });
});
