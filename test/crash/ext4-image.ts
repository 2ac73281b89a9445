// A file system of its own in a file, whose power can be cut: EXT4_IOC_SHUTDOWN drops everything that no sync has brought to
// the disk, as an outage does, and from then on every access fails. Unmounted and mounted again it shows what has survived.
// Needs root and loop devices. Whatever is still mounted when the process ends is unmounted.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const MIB = 1024 * 1024;
/** Room for a small file system: ext4 wants some for itself. */
const PROBE_BYTES = 8 * MIB;

/** Waits for a line, then cuts: NOLOGFLUSH is 2, EXT4_IOC_SHUTDOWN is _IOR('X', 125, uint32_t). */
const KNIFE = `
import fcntl, os, struct, sys
directory = os.open(sys.argv[1], os.O_RDONLY)
print('ready', flush=True)
sys.stdin.readline()
fcntl.ioctl(directory, 0x8004587d, struct.pack('I', 2))
`;

const MADE = new Set<Ext4Image>();
process.once('exit', () => removeImages());

/** Lets go of every image that is left, whatever failed. */
export function removeImages(): void {
  for (const image of MADE) image.remove();
}

/** Why images cannot be made here; '': they can. Tries it. */
export function imageProblem(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of a Linux machine can mount';
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  if (spawnSync('python3', ['-c', 'import fcntl'], { stdio: 'ignore' }).status !== 0) return 'python3 is not installed';
  try {
    Ext4Image.make(PROBE_BYTES).remove();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** An ext4 file system in a temporary file. */
export class Ext4Image {
  /** Where it is mounted. */
  readonly directory: string;
  private readonly root: string;
  private readonly file: string;
  private isMounted: boolean;

  private constructor(root: string) {
    this.root = root;
    this.file = path.join(root, 'image');
    this.directory = path.join(root, 'mounted');
    this.isMounted = false;
  }

  /** Makes one and mounts it. */
  static make(bytes: number): Ext4Image {
    const image = new Ext4Image(mkdtempSync(path.join(tmpdir(), 'vouch-ext4-')));
    MADE.add(image);
    try {
      mkdirSync(image.directory);
      writeFileSync(image.file, '');
      truncateSync(image.file, bytes);
      run('mkfs.ext4', '-q', '-F', '-m', '0', image.file);
      image.mount();
      return image;
    } catch (error) {
      image.remove();
      throw error;
    }
  }

  mount(): void {
    run('mount', '-o', 'loop', this.file, this.directory);
    this.isMounted = true;
  }

  /** Fails while somebody has a file open on it. */
  unmount(): void {
    run('umount', this.directory);
    this.isMounted = false;
  }

  /** Unmounts it, lazily if need be, and deletes it. */
  remove(): void {
    MADE.delete(this);
    if (this.isMounted && spawnSync('umount', [this.directory], { stdio: 'ignore' }).status !== 0) {
      spawnSync('umount', ['-l', this.directory], { stdio: 'ignore' });
    }
    this.isMounted = false;
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What cuts the power of one image. It is made ready beforehand, so that the cut comes at once. */
export class Knife {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.child = child;
  }

  static async ready(image: Ext4Image): Promise<Knife> {
    const child = spawn('python3', ['-c', KNIFE, image.directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new Knife(child);
  }

  /** Cuts; what was acknowledged before this call must survive. */
  async cut(): Promise<void> {
    const closed = once(this.child, 'close');
    this.child.stdin.end('\n');
    await closed;
    if (this.child.exitCode !== 0) throw new Error('The power could not be cut.');
  }
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${program} is not installed`);
  if (status !== 0) throw new Error(`${program} failed: ${stderr.trim().replaceAll('\n', ' ')}`);
}
