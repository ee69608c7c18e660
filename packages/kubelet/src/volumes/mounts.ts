import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const commandTimeoutMs = 30_000;

/** Mounts in memory, as the operating system does them. A fake stands in where tests are not root. */
export interface Mounter {
  /** Whether tmpfs can be mounted at all. */
  readonly able: boolean;
  mountTmpfs(path: string, options: readonly string[]): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Mount points at or below a directory, deepest first. */
  below(directory: string): Promise<readonly string[]>;
}

const unescape = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/** Follows: mount(8), /proc/self/mountinfo. */
export const systemMounter: Mounter = {
  able: process.getuid?.() === 0,
  async mountTmpfs(path, options) {
    await run('mount', ['-t', 'tmpfs', '-o', ['rw', 'nosuid', 'nodev', ...options].join(','), 'tmpfs', path], {
      timeout: commandTimeoutMs,
    });
  },
  async unmount(path) {
    await run('umount', [path], { timeout: commandTimeoutMs });
  },
  async below(directory) {
    const text = await readFile('/proc/self/mountinfo', 'utf8');
    return text
      .split('\n')
      .map((line) => unescape(line.split(' ')[4] ?? ''))
      .filter((path) => path === directory || path.startsWith(`${directory}/`))
      .sort((a, b) => b.length - a.length);
  },
};
