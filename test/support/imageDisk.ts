/** An ext4 file system in a file, which can be copied as a power cut would leave it. Needs root and loop devices. */
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Something that this machine lacks: a reason to skip, by its name (see summaryReporter.mjs). */
class NotHereError extends Error {
  override readonly name = 'NotHereError';
}

function call(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

export class ImageDisk {
  private constructor(
    private readonly image: string,
    /** Where it is mounted. */
    readonly folder: string,
    private readonly device: string,
  ) {}

  /** Throws NotHereError where no file system can be mounted. */
  static make(place: string, megabytes = 96): ImageDisk {
    if (process.getuid?.() !== 0) throw new NotHereError('mounting a file system needs root');
    mkdirSync(place, { recursive: true });
    const image = join(place, 'disk.img');
    const file = openSync(image, 'w');
    ftruncateSync(file, megabytes * 1024 * 1024);
    closeSync(file);
    try {
      call('mkfs.ext4', '-q', '-F', image);
      return ImageDisk.mount(image, join(place, 'disk'));
    } catch (error) {
      throw new NotHereError(`no ext4 file system can be made and mounted here: ${(error as Error).message}`);
    }
  }

  private static mount(image: string, folder: string): ImageDisk {
    mkdirSync(folder, { recursive: true });
    const device = call('losetup', '--find', '--show', image).trim();
    try {
      // Nothing is written by itself for long, so that only what was asked for is durable.
      call('mount', '-t', 'ext4', '-o', 'commit=300', device, folder);
    } catch (error) {
      call('losetup', '--detach', device);
      throw error;
    }
    return new ImageDisk(image, folder, device);
  }

  /** How the disk is at one instant, whatever was not written by then left out; mounted, after the journal was replayed. */
  afterPowerCut(place: string): ImageDisk {
    mkdirSync(place, { recursive: true });
    const copy = join(place, 'disk.img');
    for (;;) {
      const before = this.written();
      copyFileSync(this.image, copy);
      if (this.written() === before) break;
    }
    const cut = ImageDisk.mount(copy, join(place, 'disk'));
    cut.unmount();
    const { status, stdout } = spawnSync('e2fsck', ['-f', '-n', copy], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the file system is damaged after its journal was replayed: ${stdout}`);
    return ImageDisk.mount(copy, join(place, 'disk'));
  }

  /** Writes that the device has seen. */
  private written(): string {
    const [, , , , writes = '', , sectors = ''] = readFileSync(
      `/sys/block/${this.device.replace('/dev/', '')}/stat`,
      'utf8',
    )
      .trim()
      .split(/\s+/);
    return `${writes} ${sectors}`;
  }

  unmount(): void {
    spawnSync('umount', [this.folder]);
    spawnSync('umount', ['-l', this.folder]);
    spawnSync('losetup', ['--detach', this.device]);
  }
}
