import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod } from '@geobuk/api';
import { ignoring } from '@geobuk/api';
import { logDirectoryOf } from './sandbox-spec.js';

const missing = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');

/** Uids become names of directories: nothing that leads elsewhere. */
const isUid = (text: string): boolean => /^[-a-zA-Z0-9][-a-zA-Z0-9.]*$/.test(text);

/** `<namespace>_<name>_<uid>`: neither of the others may hold an underscore. */
const uidOfLogs = (directory: string): string | undefined => /^[^_]+_[^_]+_([^_]+)$/.exec(directory)?.[1];

/** Where a pod's files are on the node: `<root>/<uid>` and its logs. */
export class PodDirectories {
  readonly root: string;
  readonly #logsRoot: string;

  constructor(root: string, logsRoot: string) {
    this.root = root;
    this.#logsRoot = logsRoot;
  }

  logs(pod: Pod): string {
    return logDirectoryOf(pod, this.#logsRoot);
  }

  async make(pod: Pod): Promise<void> {
    await mkdir(this.#of(pod.metadata.uid ?? ''), { recursive: true, mode: 0o750 });
    await mkdir(this.logs(pod), { recursive: true, mode: 0o755 });
  }

  /** An empty file that the container writes its last words to; others than root may have to. */
  async terminationLog(pod: Pod, container: string, attempt: number): Promise<string> {
    const path = join(this.#of(pod.metadata.uid ?? ''), 'containers', container, `${attempt}.message`);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, '', { mode: 0o666 });
    return path;
  }

  async containerLogs(pod: Pod, container: string): Promise<void> {
    await mkdir(join(this.logs(pod), container), { recursive: true, mode: 0o755 });
  }

  async hostsFile(pod: Pod, content: string): Promise<string> {
    const path = join(this.#of(pod.metadata.uid ?? ''), 'etc-hosts');
    await writeFile(path, content, { mode: 0o644 });
    return path;
  }

  /** Volumes must be unmounted before. */
  async remove(uid: string): Promise<void> {
    await rm(this.#of(uid), { recursive: true, force: true });
  }

  async removeLogs(pod: Pod): Promise<void> {
    await rm(this.logs(pod), { recursive: true, force: true });
  }

  /** Logs of a pod of which only the uid is known. */
  async removeLogsOf(uid: string): Promise<void> {
    for (const name of await this.#logDirectories()) {
      if (uidOfLogs(name) === uid) await rm(join(this.#logsRoot, name), { recursive: true, force: true });
    }
  }

  /** Pods that have files here, be it only logs. */
  async uids(): Promise<ReadonlySet<string>> {
    const names = (await readdir(this.root).catch(missing)) ?? [];
    const logged = (await this.#logDirectories()).map(uidOfLogs);
    return new Set([...names.filter(isUid), ...logged.filter((uid) => uid !== undefined)]);
  }

  async #logDirectories(): Promise<readonly string[]> {
    return (await readdir(this.#logsRoot).catch(missing)) ?? [];
  }

  #of(uid: string): string {
    if (!isUid(uid)) throw new Error(`no directory for a pod of uid ${JSON.stringify(uid)}`);
    return join(this.root, uid);
  }
}
