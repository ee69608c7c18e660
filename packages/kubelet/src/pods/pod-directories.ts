import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod } from '@geobuk/api';
import { logDirectoryOf } from './sandbox-spec.js';

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

  #of(uid: string): string {
    if (!/^[-a-zA-Z0-9.]+$/.test(uid) || uid.startsWith('.'))
      throw new Error(`no directory for a pod of uid ${JSON.stringify(uid)}`);
    return join(this.root, uid);
  }
}
